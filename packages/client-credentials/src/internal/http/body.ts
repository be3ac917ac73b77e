/**
 * Bodies of requests and responses: bounded reading, decoding, and detection of bodies that can be sent again.
 */
import type * as HttpBody from "@effect/platform/HttpBody"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"

import type { ContentCodingError } from "../protocol/contentDecoding.js"
import * as httpErrors from "../seam/httpErrors.js"
import * as contentCoding from "./contentCoding.js"

/** Returns whether a body can be sent again. A stream cannot, nor can an object that only the runtime can read. */
export const isReplayable = (body: HttpBody.HttpBody): boolean => {
  switch (body._tag) {
    case "Empty":
    case "Uint8Array":
    case "FormData":
      return true
    case "Raw":
      return typeof body.body === "string" || body.body instanceof Uint8Array || body.body instanceof ArrayBuffer ||
        body.body instanceof URLSearchParams || body.body instanceof Blob
    case "Stream":
      return false
  }
}

/** Reads the body. A response without one has an empty body rather than an error. */
export const bytes = (
  response: HttpClientResponse.HttpClientResponse
): Stream.Stream<Uint8Array, httpErrors.ResponseError> =>
  Stream.catchAll(response.stream, (error) => httpErrors.isEmptyBody(error) ? Stream.empty : Stream.fail(error))

/** Returns the body without its content codings. */
export const decoded = (
  response: HttpClientResponse.HttpClientResponse
): Effect.Effect<Stream.Stream<Uint8Array, httpErrors.ResponseError | ContentCodingError>> => {
  const codings = contentCoding.codings(response.headers["content-encoding"])
  if (codings.length === 0 || contentCoding.isDecoded(response)) return Effect.succeed(bytes(response))
  return Effect.map(
    contentCoding.decoders,
    (decode) =>
      Stream.fromReadableStream<Uint8Array, httpErrors.ResponseError | ContentCodingError>(
        () => decode(Stream.toReadableStream<Uint8Array>()(bytes(response)), codings),
        (cause) =>
          contentCoding.isCodingError(cause) || httpErrors.isResponseError(cause)
            ? cause
            : httpErrors.ofResponse(response, "Decode", { cause })
      )
  )
}

/** Reads the body as a string, or `None` if it is longer than `limit` bytes; then the rest is not read. */
export const textWithin = (response: HttpClientResponse.HttpClientResponse, limit: number) =>
  Effect.suspend(() => {
    const chunks: Array<Uint8Array> = []
    let size = 0
    const read = Effect.flatMap(decoded(response), (content) =>
      Stream.runForEachWhile(content, (chunk) =>
        Effect.sync(() => {
          chunks.push(chunk)
          size += chunk.length
          return size <= limit
        })))
    return Effect.map(read, () => {
      if (size > limit) {
        return Option.none<string>()
      }
      const whole = new Uint8Array(size)
      let start = 0
      for (const chunk of chunks) {
        whole.set(chunk, start)
        start += chunk.length
      }
      return Option.some(new TextDecoder().decode(whole))
    })
  })

/**
 * Reads and discards a body, so that its connection can be reused: pools with one connection wait for that. After 64 KiB or
 * one second, the connection is closed instead.
 */
export const discard = (response: HttpClientResponse.HttpClientResponse): Effect.Effect<void> =>
  textWithin(response, 65_536).pipe(Effect.timeout("1 second"), Effect.ignore)
