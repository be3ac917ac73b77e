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

export interface Received {
  readonly endpoint: string
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
  /** Milliseconds since the epoch. */
  readonly requestedAt: number
  /** Milliseconds since the epoch. */
  readonly receivedAt: number
}

export interface Terms {
  readonly defaultLife: Duration.Duration
  readonly maxLife: Duration.Duration
  /** Texts which a server might echo and which must not be printed. */
  readonly secrets: ReadonlyArray<string>
}

/** RFC 9110 section 10.2.3: seconds, or a date. At most a day, so that a typo does not end a service. */
export const retryAfter = (header: string | undefined, now: number): Duration.Duration | undefined => {
  if (header === undefined) return undefined
  const text = header.trim()
  const millis = /^\d+$/.test(text) ? Number(text) * 1000 : /[a-z]/i.test(text) ? Date.parse(text) - now : NaN
  return Number.isNaN(millis) ? undefined : Duration.millis(Math.min(Math.max(millis, 0), 86_400_000))
}

/** A server's text, fit to be printed: without secrets and control characters, and short. */
const printable = (text: unknown, secrets: ReadonlyArray<string>, length: number): string | undefined => {
  if (typeof text !== "string" || text === "") return undefined
  const clean = secrets
    .filter((secret) => secret !== "")
    .reduce((rest, secret) => rest.replaceAll(secret, "<redacted>"), text)
    .replace(/[^\x20-\x7e\u00a0-\uffff]/g, " ")
    .replace(/\u2028|\u2029/g, " ")
  return clean.length > length ? `${clean.slice(0, length)}…` : clean
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const readJson = (body: string): unknown => {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

/** A number, or a text that is one: some servers quote it. `null` and absence take the default. */
const lifeSeconds = (value: unknown): number | "default" | undefined => {
  if (value === undefined || value === null) return "default"
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined
  return typeof value === "string" && /^\s*-?\d+(\.\d+)?\s*$/.test(value) ? Number(value) : undefined
}

export const decode = (received: Received, terms: Terms): Either.Either<AccessToken, TokenError> => {
  const { body, endpoint, headers, receivedAt, requestedAt, status } = received
  const invalid = (problem: string) => Either.left(new InvalidTokenResponse({ endpoint, status, problem }))
  const later = retryAfter(headers["retry-after"], receivedAt)

  if (status >= 300 && status < 400) {
    const location = headers["location"]
    const target = location !== undefined && URL.canParse(location, endpoint)
      ? ` to ${new URL(location, endpoint).origin}`
      : ""
    return invalid(
      `that is a redirect${target}, and credentials are never sent after a redirect. Set the token URL ` +
        "(OAUTH_TOKEN_URL) to where the token endpoint really is."
    )
  }

  const json = readJson(body)
  const members = isRecord(json) ? json : undefined
  const error = printable(members?.["error"], terms.secrets, 100)
  if (error !== undefined && members?.["access_token"] === undefined) {
    return Either.left(
      new TokenErrorResponse({
        endpoint,
        status,
        error,
        errorDescription: printable(members?.["error_description"], terms.secrets, 300),
        errorUri: printable(members?.["error_uri"], terms.secrets, 300),
        retryAfter: later
      })
    )
  }
  if (isTransient(status)) {
    return Either.left(
      new TokenEndpointUnavailable({ endpoint, reason: "status", detail: String(status), retryAfter: later })
    )
  }
  // Section 5.2 reserves this status for failed client authentication; some servers leave the body empty.
  if (status === 401) {
    return Either.left(new TokenErrorResponse({ endpoint, status, error: "invalid_client" }))
  }
  if (status < 200 || status >= 300 || members === undefined) {
    const type = printable(headers["content-type"]?.split(";")[0], [], 60) ?? "no content type"
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
  if (typeof type !== "string" || type.toLowerCase() !== "bearer") {
    const shown = printable(type, [...terms.secrets, value], 30)
    return invalid(
      `with token_type ${shown === undefined ? "missing" : `"${shown}"`} where "Bearer" is expected, so the token ` +
        "must not be used (RFC 6749 section 7.1). Have the server issue bearer tokens to this client."
    )
  }
  const seconds = lifeSeconds(members["expires_in"])
  if (seconds === undefined) {
    return invalid(
      "with an expires_in that is no number of seconds (RFC 6749 section 5.1). Report it to the server's operator."
    )
  }
  const life = seconds === "default" ? Duration.toMillis(terms.defaultLife) : Math.max(seconds, 0) * 1000
  const scope = members["scope"]
  return Either.right(
    new AccessToken({
      value: Redacted.make(value),
      scope: typeof scope === "string" ? scope.split(" ").filter((name) => name !== "") : undefined,
      requestedAt,
      expiresAt: requestedAt + Math.min(life, Duration.toMillis(terms.maxLife))
    })
  )
}
