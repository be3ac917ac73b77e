/**
 * The content of responses: decompressed, and shown on arrival if it is a stream.
 */
import { Readable, type Transform } from "node:stream"
import * as Zlib from "node:zlib"

import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"

import * as contentType from "./contentType.js"
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

/** Decodes chunks, which may end within a character, by the charset of the type. */
export const texts = (
  chunks: Stream.Stream<Uint8Array, unknown>,
  type: string | undefined
): Stream.Stream<string, unknown> =>
  Stream.suspend(() => {
    const decoder = contentType.decoder(type)
    return Stream.map(chunks, (chunk) => decoder.decode(chunk, { stream: true }))
  })

/** Returns the first chunks, as many as exceed the limit, and the stream of the others. */
export const split = (chunks: Stream.Stream<Uint8Array, unknown>, limit: number) => {
  const exceeds = Sink.fold<{ readonly size: number; readonly parts: ReadonlyArray<Uint8Array> }, Uint8Array>(
    { size: 0, parts: [] },
    ({ size }) => size <= limit,
    ({ parts, size }, chunk) => ({ size: size + chunk.length, parts: [...parts, chunk] })
  )
  return Effect.map(Stream.peel(chunks, exceeds), ([{ parts }, rest]) => [Buffer.concat(parts), rest] as const)
}
