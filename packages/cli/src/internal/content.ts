/**
 * The content of responses: decompressed, and shown on arrival if it is a stream.
 */
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"

// The bundle has them in it; they are not for other programs.
import { codings } from "../../../client-credentials/dist/internal/http/contentCoding.js"
import * as contentDecoding from "../../../client-credentials/dist/internal/protocol/contentDecoding.js"
import { builtin } from "../../../client-credentials/dist/internal/protocol/platformModule.js"
import * as contentType from "./contentType.js"
import { Failure } from "./Failure.js"

/** The parts of a response that are shown or saved. */
export type Received = Pick<HttpClientResponse.HttpClientResponse, "headers" | "request" | "status" | "stream">

/** The content codings that calls accept: all that the oldest Node in use decodes. */
export const acceptedEncodings = "gzip, deflate, br"

/** Decodes the body by its Content-Encoding. A body with an unknown coding is returned unchanged. */
export const decompressed = (response: Received): Stream.Stream<Uint8Array, unknown> => {
  const applied = codings(response.headers["content-encoding"])
  if (response.request.method === "HEAD" || applied.length === 0) return response.stream
  if (!contentDecoding.isSupported(applied, builtin)) return response.stream
  return Stream.fromReadableStream(
    () => contentDecoding.decode(Stream.toReadableStream(response.stream), applied, builtin),
    (error) =>
      error instanceof contentDecoding.ContentCodingError
        ? new Failure({
          outcome: "api",
          message: `The body of the response is not valid ${error.coding}, as in its Content-Encoding, or ended early.`,
          remedy: "Send Accept-Encoding:identity to receive it uncompressed."
        })
        : error
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
