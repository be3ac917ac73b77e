/** The errors of the platform's HTTP client, as tests compare them. */
import type { HttpClientError, HttpClientResponse } from "@effect/platform"

import * as httpErrors from "../../src/internal/seam/httpErrors.js"

export { isHttpError, ofRequest } from "../../src/internal/seam/httpErrors.js"

/**
 * Returns the kind and the reason of a request or response error, such as `RequestError Transport`; undefined for other
 * errors.
 */
export const kindOf = (error: unknown): string | undefined =>
  httpErrors.isHttpError(error) ? `${error._tag} ${error.reason}` : undefined

export const descriptionOf = (error: HttpClientError.HttpClientError): string | undefined => error.description

/** Returns the response of an error, if it has one. */
export const responseOf = (error: unknown): HttpClientResponse.HttpClientResponse | undefined =>
  httpErrors.isResponseError(error) ? error.response : undefined

/** Returns the cause of an error. */
export const causeOf = (error: HttpClientError.HttpClientError): unknown => error.cause
