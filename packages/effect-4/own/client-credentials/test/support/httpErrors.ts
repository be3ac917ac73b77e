/** The errors of the platform's HTTP client, as tests compare them: in Effect 4, their reasons have the tags. */
import type { HttpClientError, HttpClientResponse } from "effect/http"

import * as httpErrors from "../../src/internal/seam/httpErrors.js"

export { isHttpError, ofRequest } from "../../src/internal/seam/httpErrors.js"

/** Returns the kind and reason of an error, such as `RequestError Transport`; undefined for other errors. */
export const kindOf = (error: unknown): string | undefined =>
  httpErrors.isHttpError(error)
    ? `${error.response === undefined ? "RequestError" : "ResponseError"} ${error.reason._tag.replace(/Error$/, "")}`
    : undefined

export const descriptionOf = (error: HttpClientError.HttpClientError): string | undefined => error.reason.description

/** Returns the response of an error, if it has one. */
export const responseOf = (error: unknown): HttpClientResponse.HttpClientResponse | undefined =>
  httpErrors.isHttpError(error) ? error.response : undefined

/** Returns the cause of an error. */
export const causeOf = (error: HttpClientError.HttpClientError): unknown => error.reason.cause
