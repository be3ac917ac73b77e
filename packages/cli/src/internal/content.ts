/**
 * The content of responses: decompressed, and shown on arrival if it is a stream.
 */
import { Readable, type Transform } from "node:stream"
import * as Zlib from "node:zlib"

import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Stream from "effect/Stream"

import { Failure } from "./Failure.js"

/** The content codings that calls accept: all that Node decompresses. */
export const acceptedEncodings = "gzip, deflate, br"

const decoder = (encoding: string): Transform | undefined => {
  switch (encoding) {
    case "gzip":
    case "x-gzip":
      return Zlib.createGunzip()
    case "deflate":
      return Zlib.createInflate()
    case "br":
      return Zlib.createBrotliDecompress()
    default:
      return undefined
  }
}

/** Decompresses the body by its Content-Encoding. A body with an unknown one is returned unchanged. */
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
        message: `The body of the response is not valid ${encoding}, as in its Content-Encoding, or ended early.`,
        remedy: "Send Accept-Encoding:identity to receive it uncompressed."
      })
  )
}

/** Returns true for event streams and lines of JSON, which are shown on arrival. */
export const arrivesInParts = (type: string | undefined): boolean =>
  /^\s*(text\/event-stream|application\/(x-ndjson|ndjson|jsonl|x-jsonlines|jsonlines|json-seq|stream\+json))\b/i.test(
    type ?? ""
  )

/** Decodes chunks, which may end within a character. */
export const texts = (chunks: Stream.Stream<Uint8Array, unknown>): Stream.Stream<string, unknown> =>
  Stream.suspend(() => {
    const decode = new TextDecoder()
    return Stream.map(chunks, (chunk) => decode.decode(chunk, { stream: true }))
  })
