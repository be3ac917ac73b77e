/**
 * Converts responses of a token endpoint to values of the library: applies the user's decoder, then the rules of
 * `internal/protocol`, and returns an `AccessToken` or a typed error.
 */
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"

import { AccessToken } from "../../AccessToken.js"
import {
  InvalidTokenResponse,
  TokenEndpointUnavailable,
  type TokenError,
  TokenErrorResponse
} from "../../OAuthError.js"
import { isRecord } from "../protocol/json.js"
import * as tokenResponse from "../protocol/tokenResponse.js"
import * as results from "./results.js"

export interface Terms extends Omit<tokenResponse.Terms, "decodeMembers"> {
  /** Decodes a response to the members of the standard; undefined if no decoder is configured. */
  readonly response?: ((json: unknown) => Option.Option<unknown>) | undefined
}

/** A token, and the peculiarities of its response. */
export interface Issued {
  readonly token: AccessToken
  readonly warnings: ReadonlyArray<string>
}

/** Wraps the user's decoder, which may fail in any way, including an exception or an invalid result. */
const decoder =
  (decode: NonNullable<Terms["response"]>) => (json: unknown): Readonly<Record<string, unknown>> | undefined => {
    try {
      const found: unknown = Option.getOrUndefined(decode(json))
      return isRecord(found) ? found : undefined
    } catch {
      return undefined
    }
  }

const warningText = (warning: tokenResponse.Warning, endpoint: string, { defaultLife }: Terms): string =>
  warning === "unreadable lifetime"
    ? `The token response of ${endpoint} has an expires_in that is not a number of seconds (RFC 6749 section 5.1). ` +
      `The token is used for ${Duration.format(defaultLife)} (tokenEndpoint.defaultLife).`
    : `The token response of ${endpoint} has more than ${tokenResponse.maxMembers} characters of further members. They ` +
      "are not kept: AccessToken.membersOf returns none."

/** Creates the error of a response from its tag and its fields. */
const fromProblem = (problem: tokenResponse.Problem): TokenError => {
  if (problem._tag === "InvalidTokenResponse") return new InvalidTokenResponse(problem)
  const retryAfter = problem.retryAfter === undefined ? undefined : Duration.millis(problem.retryAfter)
  return problem._tag === "TokenErrorResponse"
    ? new TokenErrorResponse({ ...problem, retryAfter })
    : new TokenEndpointUnavailable({ ...problem, retryAfter })
}

/** Returns the error of a response without a token; undefined for a response that may have a token. */
export const rejection = (
  response: tokenResponse.Response,
  terms: Pick<Terms, "grantHint" | "hint" | "redaction">
): TokenError | undefined => {
  const found = tokenResponse.rejection(response, terms)
  return found === undefined ? undefined : fromProblem(found)
}

/** Returns the token of a response, or its error. */
export const decode = (response: tokenResponse.Response, terms: Terms): Either.Either<Issued, TokenError> => {
  const { response: decode, ...rest } = terms
  const result = tokenResponse.decode(response, {
    ...rest,
    decodeMembers: decode === undefined ? undefined : decoder(decode)
  })
  return Either.map(
    results.toEither(result, fromProblem),
    ({ members, value, warnings, ...issued }) => ({
      token: new AccessToken({
        ...issued,
        value: Redacted.make(value),
        ...(members === undefined ? {} : { members: Redacted.make(members) })
      }),
      warnings: warnings.map((warning) => warningText(warning, response.endpoint, terms))
    })
  )
}
