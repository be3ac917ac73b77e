/**
 * Kinds and fields of token errors: the pause that the server requested, and the announced quotas.
 */
import * as Duration from "effect/Duration"

import {
  InvalidTokenResponse,
  type OAuthError,
  TokenEndpointUnavailable,
  type TokenError,
  TokenErrorResponse
} from "../../OAuthError.js"
import type { Quota } from "../protocol/issuerQuota.js"

/** Errors of the server or of the connection to it. Other errors concern a single process. */
export type OfServer = TokenErrorResponse | InvalidTokenResponse | TokenEndpointUnavailable

export const isOfServer = (error: TokenError): error is OfServer =>
  error._tag === "TokenErrorResponse" || error._tag === "InvalidTokenResponse" ||
  error._tag === "TokenEndpointUnavailable"

/** Returns the error with the quotas of the responses that led to it, or the error itself if there are none. */
export const withQuotas = (error: TokenError, quotas: ReadonlyArray<Quota>): TokenError => {
  if (quotas.length === 0) return error
  switch (error._tag) {
    case "TokenErrorResponse":
      return new TokenErrorResponse({ ...error, quotas })
    case "InvalidTokenResponse":
      return new InvalidTokenResponse({ ...error, quotas })
    case "TokenEndpointUnavailable":
      return new TokenEndpointUnavailable({ ...error, quotas })
    default:
      return error
  }
}

/** Returns the quotas of the responses that led to an error. */
export const quotasOf = (error: TokenError): ReadonlyArray<Quota> => "quotas" in error ? error.quotas ?? [] : []

/** Returns the pause that an error requires, in milliseconds; undefined if it requires none. */
export const retryAfterOf = (error: OAuthError): number | undefined =>
  "retryAfter" in error && error.retryAfter !== undefined ? Duration.toMillis(error.retryAfter) : undefined

/**
 * Returns the error with the time until the next request as its `retryAfter`: in milliseconds, rounded up, at least one. An
 * error without a `retryAfter` field is returned as it is.
 */
export const withRetryAfter = (error: TokenError, millis: number): TokenError => {
  const retryAfter = Duration.millis(Math.max(1, Math.ceil(millis)))
  switch (error._tag) {
    case "TokenErrorResponse":
      return new TokenErrorResponse({ ...error, retryAfter })
    case "TokenEndpointUnavailable":
      return new TokenEndpointUnavailable({ ...error, retryAfter })
    default:
      return error
  }
}
