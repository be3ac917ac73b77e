/**
 * Content codings of responses (RFC 9110 section 8.4), and the transports that decode them: `fetch` decodes by itself and may
 * leave the header; Undici and node:http do not decode.
 */
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"

import type { ContentCodingError } from "../protocol/contentDecoding.js"
import { builtin } from "../protocol/platformModule.js"
import { sourceOf } from "./transportResponse.js"

/** Returns the codings of a body in the order in which they were applied, without `identity`. */
export const codings = (header: string | undefined): ReadonlyArray<string> =>
  (header ?? "").split(",").map((coding) => coding.trim().toLowerCase()).filter((coding) =>
    coding !== "" && coding !== "identity"
  )

/** Loads the decoders, which few programs need: the library requests bodies without codings. */
export const decoders = /*#__PURE__*/ Effect.map(
  /*#__PURE__*/ Effect.promise(() => import("../protocol/contentDecoding.js")),
  ({ decode }) => (body: ReadableStream<Uint8Array>, codings: ReadonlyArray<string>) => decode(body, codings, builtin)
)

/** Returns whether a body could not be decoded. Its class is in a module that is loaded on demand. */
export const isCodingError = (error: unknown): error is ContentCodingError =>
  error instanceof Error && error.name === "ContentCodingError"

/**
 * Returns whether the transport decoded the body. `fetch` does, and only responses from the network have a URL: a `Response`
 * that a program constructed was not decoded.
 */
export const isDecoded = (response: HttpClientResponse.HttpClientResponse): boolean => {
  if ("isDecoded" in response && typeof response.isDecoded === "boolean") return response.isDecoded
  const source = sourceOf(response)
  // Detected by its tag: a program may use a `fetch` other than the global one, such as that of Undici.
  return typeof source === "object" && source !== null &&
    Object.prototype.toString.call(source) === "[object Response]" &&
    "url" in source && source.url !== ""
}
