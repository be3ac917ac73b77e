/**
 * The content of responses: decompressed, and shown as it arrives where it has no end.
 */
import { createRequire } from "node:module"
import { Readable, type Transform } from "node:stream"
import type * as Zlib from "node:zlib"

import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Stream from "effect/Stream"

import { Failure } from "./Failure.js"

/** What calls accept: all that Node decompresses. */
export const acceptedEncodings = "gzip, deflate, br"

/** Loaded for a response that is compressed. */
const zlib = () => createRequire(import.meta.url)("node:zlib") as typeof Zlib

const decoder = (encoding: string): Transform | undefined => {
  switch (encoding) {
    case "gzip":
    case "x-gzip":
      return zlib().createGunzip()
    case "deflate":
      return zlib().createInflate()
    case "br":
      return zlib().createBrotliDecompress()
    default:
      return undefined
  }
}

/** The body without the compression that the response names; with one that is not known, as it is. */
export const decompressed = (
  response: HttpClientResponse.HttpClientResponse
): Stream.Stream<Uint8Array, unknown> => {
  const encoding = response.headers["content-encoding"]?.trim().toLowerCase() ?? ""
  const transform = response.request.method === "HEAD" ? undefined : decoder(encoding)
  if (transform === undefined) return response.stream
  const source = Readable.from(Stream.toAsyncIterable(response.stream))
  source.once("error", (error) => transform.destroy(error))
  return Stream.fromAsyncIterable<Uint8Array, unknown>(
    source.pipe(transform),
    () =>
      new Failure({
        outcome: "api",
        message: `The response says that it is compressed by ${encoding}, and is not, or ended before it was whole.`,
        remedy: "Send Accept-Encoding:identity to get it without compression."
      })
  )
}

/** Event streams and lines of JSON are shown as they arrive. */
export const arrivesInParts = (type: string | undefined): boolean =>
  /^\s*(text\/event-stream|application\/(x-ndjson|ndjson|jsonl|x-jsonlines|jsonlines|json-seq|stream\+json))\b/i.test(
    type ?? ""
  )

/** Text of chunks, of which one may end within a character. */
export const texts = (chunks: Stream.Stream<Uint8Array, unknown>): Stream.Stream<string, unknown> =>
  Stream.suspend(() => {
    const decode = new TextDecoder()
    return Stream.map(chunks, (chunk) => decode.decode(chunk, { stream: true }))
  })
