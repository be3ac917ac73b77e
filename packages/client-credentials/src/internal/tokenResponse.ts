/**
 * The answers of a token endpoint (RFC 6749 sections 5.1 and 5.2), as a pure function of what arrived.
 */
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"

import { AccessToken } from "../AccessToken.js"
import {
  InvalidTokenResponse,
  isTransient,
  TokenEndpointUnavailable,
  type TokenError,
  TokenErrorResponse
} from "../OAuthError.js"
import type { Received } from "./http/exchange.js"
import { isRecord, readJson } from "./json.js"
import * as redaction from "./protocol/redaction.js"
import { isFailedAuthentication } from "./protocol/refusal.js"

export interface Terms {
  readonly defaultLife: Duration.Duration
  readonly maxLife: Duration.Duration
  /** Decides which strings of the server may be shown. */
  readonly redaction: redaction.Redaction
  /** The type of token that was asked for. */
  readonly type: "Bearer" | "DPoP"
  /** The scope that was asked for, when the token is of no use without it. */
  readonly requiredScope: ReadonlyArray<string>
  readonly hint: string | undefined
}

/** RFC 9110 section 10.2.3: seconds, or a date. At most a day, so that a typo does not end a service. */
export const retryAfter = (header: string | undefined, now: number): Duration.Duration | undefined => {
  if (header === undefined) return undefined
  const text = header.trim()
  const millis = /^\d+$/.test(text) ? Number(text) * 1000 : /[a-z]/i.test(text) ? Date.parse(text) - now : NaN
  return Number.isNaN(millis) ? undefined : Duration.millis(Math.min(Math.max(millis, 0), 86_400_000))
}

/** A number, or a text that is one: some servers quote it. `null` and absence take the default. */
const lifeSeconds = (value: unknown): number | "default" | undefined => {
  if (value === undefined || value === null) return "default"
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined
  return typeof value === "string" && /^\s*-?\d+(\.\d+)?\s*$/.test(value) ? Number(value) : undefined
}

/**
 * The registered error codes (RFC 6749 section 5.2, RFC 7009 section 2.2.1, RFC 8707 section 2, RFC 9396 section 5, RFC
 * 9449 section 5), and those of section 4.1.2.1 that servers use here. No secret is in them, whatever they have in common.
 */
const registered = new Set([
  "invalid_request",
  "invalid_client",
  "invalid_grant",
  "unauthorized_client",
  "unsupported_grant_type",
  "invalid_scope",
  "invalid_target",
  "invalid_authorization_details",
  "invalid_dpop_proof",
  "use_dpop_nonce",
  "unsupported_token_type",
  "access_denied",
  "server_error",
  "temporarily_unavailable"
])

const isRegistered = (code: unknown): code is string => typeof code === "string" && registered.has(code)

/** What an answer says that brings no success; nothing when it may be one. */
export const refusal = (
  { body, endpoint, headers, receivedAt, status }: Received & { readonly body: string },
  { hint, redaction: { show } }: Pick<Terms, "hint" | "redaction">
): TokenError | undefined => {
  const later = retryAfter(headers["retry-after"], receivedAt)

  if (status >= 300 && status < 400) {
    const location = headers["location"]
    const origin = location !== undefined && URL.canParse(location, endpoint) ? new URL(location, endpoint).origin : ""
    const shown = show(origin, 300)
    const target = shown === undefined ? "" : ` to ${shown}`
    return new InvalidTokenResponse({
      endpoint,
      status,
      problem: `that is a redirect${target}, and credentials are never sent after a redirect. Set the token URL ` +
        "(OAUTH_TOKEN_URL) to where the token endpoint really is."
    })
  }

  const json = readJson(body)
  const members = isRecord(json) ? json : undefined
  const code = members?.["error"]
  const error = isRegistered(code) ? code : show(code, 100)
  if (error !== undefined && members?.["access_token"] === undefined) {
    return new TokenErrorResponse({
      endpoint,
      status,
      error,
      errorDescription: show(members?.["error_description"], 300),
      errorUri: show(members?.["error_uri"], 300),
      hint: isFailedAuthentication({ error, status }) || error === "invalid_request" ? hint : undefined,
      retryAfter: later
    })
  }
  if (isTransient(status)) {
    return new TokenEndpointUnavailable({ endpoint, reason: "status", detail: String(status), retryAfter: later })
  }
  // Section 5.2 reserves 401 for failed client authentication; some servers leave the body empty, some with 403.
  return status === 401 || (status === 403 && body.trim() === "")
    ? new TokenErrorResponse({ endpoint, status, error: "invalid_client", hint })
    : undefined
}

export const decode = (
  received: Received & { readonly body: string },
  terms: Terms
): Either.Either<AccessToken, TokenError> => {
  const refused = refusal(received, terms)
  if (refused !== undefined) return Either.left(refused)

  const { body, endpoint, headers, requestedAt, status } = received
  const invalid = (problem: string) => Either.left(new InvalidTokenResponse({ endpoint, status, problem }))
  const json = readJson(body)
  const members = isRecord(json) ? json : undefined
  if (status < 200 || status >= 300 || members === undefined) {
    const type = terms.redaction.show(headers["content-type"]?.split(";")[0], 60) ?? "no content type"
    return invalid(
      `with ${type} where a JSON token response belongs. Check that the token URL (OAUTH_TOKEN_URL) is the token ` +
        "endpoint, not a page or a gateway in front of it."
    )
  }

  const value = members["access_token"]
  if (typeof value !== "string" || !/^[\x21-\x7e]+$/.test(value)) {
    return invalid(
      "without a usable access_token (RFC 6749 section 5.1). Check that the token URL is the token endpoint."
    )
  }
  const type = members["token_type"]
  if (typeof type !== "string" || type.toLowerCase() !== terms.type.toLowerCase()) {
    const shown = redaction.make([value]).holds(String(type)) ? redaction.placeholder : terms.redaction.show(type, 30)
    return invalid(
      `with token_type ${shown === undefined ? "missing" : `"${shown}"`} where "${terms.type}" is expected, so the ` +
        `token must not be used (RFC 6749 section 7.1${terms.type === "DPoP" ? ", RFC 9449 section 5" : ""}). Have ` +
        `the server issue ${terms.type} tokens to this client${terms.type === "DPoP" ? "" : ", or set dpop"}.`
    )
  }
  const seconds = lifeSeconds(members["expires_in"])
  if (seconds === undefined) {
    return invalid(
      "with an expires_in that is no number of seconds (RFC 6749 section 5.1). Report it to the server's operator."
    )
  }
  const life = seconds === "default" ? Duration.toMillis(terms.defaultLife) : Math.max(seconds, 0) * 1000
  // Section 5.1: without a scope in the answer, it is the one that was asked for.
  const scope = typeof members["scope"] === "string"
    ? members["scope"].split(" ").filter((name) => name !== "")
    : undefined
  const missing = terms.requiredScope.filter((name) => scope !== undefined && !scope.includes(name))
  if (missing.length > 0) {
    return invalid(
      `with a token that lacks the scope "${missing.join(" ")}" (RFC 6749 section 5.1). Have the server grant it to ` +
        "this client, ask for less (OAUTH_SCOPE), or do without requireScope."
    )
  }
  return Either.right(
    new AccessToken({
      value: Redacted.make(value),
      type: terms.type,
      scope,
      requestedAt,
      expiresAt: requestedAt + Math.min(life, Duration.toMillis(terms.maxLife))
    })
  )
}
