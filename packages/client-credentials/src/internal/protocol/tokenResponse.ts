/**
 * Decodes responses of a token endpoint (RFC 6749 sections 5.1 and 5.2).
 */
import * as dialect from "./dialect.js"
import { isRecord, readJson } from "./json.js"
import type { UnavailableReason } from "./messages.js"
import * as redaction from "./redaction.js"
import { fail, type Result, succeed } from "./result.js"
import { retryAfter } from "./retryAfter.js"
import { isRedirection, isSuccess, isTransient } from "./status.js"

type Members = Readonly<Record<string, unknown>>

/** A response with its complete body. */
export interface Response {
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
  /** Lifetime in milliseconds of a token whose response states none. */
  readonly defaultLife: number
  /** Maximum lifetime in milliseconds. */
  readonly maxLife: number
  /** Rule that decides which strings of the server may be shown. */
  readonly redaction: redaction.Redaction
  /** Type of the requested token. */
  readonly type: "Bearer" | "DPoP"
  /** Requested type of a token exchange, if it is not an access token (RFC 8693 section 2.2.1). */
  readonly requestedType?: string | undefined
  /** Handling of a `token_type` that is missing or unusual. */
  readonly tokenType: "verify" | "assume-bearer"
  /**
   * Decodes a response to the members of the standard, as configured by the user; returns undefined for a response that it
   * does not decode. Undefined if no decoder is configured.
   */
  readonly decodeMembers?: ((json: unknown) => Members | undefined) | undefined
  /** Scopes that the token must have. */
  readonly requiredScope: ReadonlyArray<string>
  readonly requestedScope?: ReadonlyArray<string> | undefined
  readonly hint: string | undefined
  /** Advice for a server that does not accept the credential of the grant. */
  readonly grantHint?: string | undefined
}

/** Error of the library as its tag and fields; a pause is in milliseconds. */
export type Problem =
  | {
    readonly _tag: "TokenErrorResponse"
    readonly endpoint: string
    readonly status: number
    readonly error: string
    readonly errorDescription?: string | undefined
    readonly errorUri?: string | undefined
    readonly hint: string | undefined
    readonly retryAfter?: number | undefined
  }
  | {
    readonly _tag: "InvalidTokenResponse"
    readonly endpoint: string
    readonly status: number
    readonly problem: string
  }
  | {
    readonly _tag: "TokenEndpointUnavailable"
    readonly endpoint: string
    readonly reason: UnavailableReason
    readonly detail: string
    readonly retryAfter: number | undefined
  }

/** Peculiarity of a successful response. */
export type Warning = "unreadable lifetime" | "too many members"

/** An issued token. */
export interface Issued {
  readonly value: string
  readonly type: "Bearer" | "DPoP"
  readonly scope: ReadonlyArray<string> | undefined
  /** Milliseconds since the epoch. */
  readonly requestedAt: number
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
  /** The other members, as JSON. */
  readonly members: string | undefined
  readonly warnings: ReadonlyArray<Warning>
}

/** Maximum length of the JSON of further members that is kept with a token. */
export const maxMembers = 8192

/** Members of the standard, and tokens of other kinds, which a client of this grant does not use. */
const standardMembers = ["access_token", "token_type", "expires_in", "scope", "refresh_token", "id_token"]

/** Returns the other members as JSON. */
const otherMembers = (members: Members): string | undefined => {
  const others = Object.entries(members).filter(([name]) => !standardMembers.includes(name))
  return others.length === 0 ? undefined : JSON.stringify(Object.fromEntries(others))
}

/** Range of numbers that are moments in seconds or milliseconds since the epoch rather than lifetimes. */
const [firstMoment, lastMoment] = [1e9, 1e13]

/**
 * Returns the lifetime in seconds from a number or a numeric string, since some servers quote it. Returns `"default"` if the
 * member is `null` or absent, and undefined if it cannot be read, such as a date.
 */
const lifeSeconds = (value: unknown): number | "default" | undefined => {
  if (value === undefined || value === null) return "default"
  if (typeof value === "number") return value >= firstMoment && value < lastMoment ? undefined : value
  return typeof value === "string" && /^\s*-?\d+(\.\d+)?\s*$/.test(value) ? lifeSeconds(Number(value)) : undefined
}

/** Types of tokens that require a proof of possession, in any spelling. */
const provenType = /^(?:mac|hmac|n_?a|n\/a)$|pop|proof|sign|holder|\bhok\b/i

/** Returns whether a token without the type `Bearer` may be a bearer token, if the user configured that. */
export const isAssumable = (type: unknown): boolean =>
  type === undefined || type === null || (typeof type === "string" && !provenType.test(type.trim()))

const redirected = ({ endpoint, headers, status }: Response, show: redaction.Redaction["show"]): Problem => {
  const location = headers["location"]
  const origin = location !== undefined && URL.canParse(location, endpoint) ? new URL(location, endpoint).origin : ""
  const shown = show(origin, 300)
  const target = shown === undefined ? "" : ` to ${shown}`
  return {
    _tag: "InvalidTokenResponse",
    endpoint,
    status,
    problem: `that is a redirect${target}, and credentials are never sent after a redirect. Set the token URL ` +
      "(OAUTH_TOKEN_URL) to the final URL of the token endpoint."
  }
}

/** Returns the problem of an error response, in any shape (`dialect.read`). */
const rejected = (
  { endpoint, status }: Response,
  { error, written }: { readonly error: string; readonly written: dialect.Written },
  { grantHint, hint, redaction: { show } }: Pick<Terms, "grantHint" | "hint" | "redaction">,
  pause: number | undefined
): Problem => {
  const errorDescription = show(written.description, 300)
  const found = { status, error, errorDescription }
  const kind = dialect.kindOf(found)
  if (kind === "wrong endpoint") {
    return {
      _tag: "InvalidTokenResponse",
      endpoint,
      status,
      problem: `without a token: "${errorDescription ?? error}". ${dialect.advice(found)}`
    }
  }
  return {
    _tag: "TokenErrorResponse",
    endpoint,
    ...found,
    errorUri: show(written.uri, 300),
    hint: kind === "authentication" || (kind === "request" && error.toLowerCase() === "invalid_request")
      ? hint ?? grantHint
      : error.toLowerCase() === "invalid_grant"
      ? grantHint
      : undefined,
    retryAfter: pause ?? dialect.statedPause(found)
  }
}

/** Returns the problem of a response without a token; undefined for a response that may have a token. */
export const rejection = (
  response: Response,
  terms: Pick<Terms, "grantHint" | "hint" | "redaction">
): Problem | undefined => {
  const { body, endpoint, headers, receivedAt, status } = response
  const { hint, redaction: { show } } = terms
  const pause = retryAfter(headers, receivedAt)
  if (isRedirection(status)) return redirected(response, show)

  const written = dialect.read(readJson(body), status)
  const error = dialect.isRegistered(written?.error) ? written.error : show(written?.error, 100)
  if (written !== undefined && error !== undefined) return rejected(response, { error, written }, terms, pause)
  if (isTransient(status)) {
    return { _tag: "TokenEndpointUnavailable", endpoint, reason: "status", detail: String(status), retryAfter: pause }
  }
  // Section 5.2 reserves 401 for failed client authentication; some servers leave the body empty, some with 403.
  return status === 401 || (status === 403 && body.trim() === "")
    ? { _tag: "TokenErrorResponse", endpoint, status, error: "invalid_client", hint }
    : undefined
}

/** Returns the problem of an unexpected `token_type`; undefined if the token may be used. */
const typeProblem = (type: unknown, value: string, terms: Terms): string | undefined => {
  // A token that is not an access token has the type N_A, and is presented to another server.
  if (terms.requestedType !== undefined && typeof type === "string" && /^n_a$/i.test(type)) return undefined
  const isAssumed = terms.type === "Bearer" && isAssumable(type)
  const isExpected = typeof type === "string" && type.toLowerCase() === terms.type.toLowerCase()
  if (isExpected || (terms.tokenType === "assume-bearer" && isAssumed)) return undefined
  const shown = redaction.make([value]).holds(String(type)) ? redaction.placeholder : terms.redaction.show(type, 30)
  return `with token_type ${
    shown === undefined ? "missing" : `"${shown}"`
  } where "${terms.type}" is expected, so the ` +
    `token must not be used (RFC 6749 section 7.1${terms.type === "DPoP" ? ", RFC 9449 section 5" : ""}). Have ` +
    `the server issue ${terms.type} tokens to this client${terms.type === "DPoP" ? "" : ", or set dpop"}.${
      isAssumed
        ? " If its tokens are bearer tokens all the same, set tokenType to \"assume-bearer\" (OAUTH_TOKEN_TYPE)."
        : ""
    }`
}

/** Returns the problem of a token exchange whose token has another type than requested (RFC 8693 section 2.2.1). */
const issuedTypeProblem = (members: Members, { redaction, requestedType }: Terms): string | undefined => {
  const issued = members["issued_token_type"]
  return requestedType === undefined || issued === undefined || issued === requestedType
    ? undefined
    : `with issued_token_type ${
      redaction.show(issued, 60) ?? "unreadable"
    } where "${requestedType}" was requested. Request ` +
      "a type that the server issues (requestedType)."
}

/** Returns the granted scope. A scope is shown together with its token, so names that repeat a secret are left out. */
const grantedScope = (value: unknown, { redaction, requestedScope }: Terms): ReadonlyArray<string> | undefined =>
  typeof value === "string"
    ? value.split(" ").filter((name) =>
      name !== "" && (requestedScope?.includes(name) === true || !redaction.holds(name))
    )
    : undefined

/** Returns the members of the standard in a successful response. */
const membersOf = ({ body, headers, status }: Response, terms: Terms): Result<Members, string> => {
  const json = readJson(body)
  if (!isSuccess(status) || !isRecord(json)) {
    const type = terms.redaction.show(headers["content-type"]?.split(";")[0], 60) ?? "no content type"
    return fail(
      `with ${type} instead of a JSON token response. Check that the token URL (OAUTH_TOKEN_URL) is the token ` +
        "endpoint, not a page or a gateway in front of it."
    )
  }
  return succeed(json)
}

/** Value of a token that can be sent in a header. RFC 6750 section 2.1 is narrower. */
export const tokenValue = /^[\x21-\x7e]+$/

/** Returns the token of a response with these members. */
const issue = (members: Members, requestedAt: number, terms: Terms): Result<Issued, string> => {
  const value = members["access_token"]
  if (typeof value !== "string" || !tokenValue.test(value)) {
    return fail(
      "without a usable access_token (RFC 6749 section 5.1). Check that the token URL is the token endpoint. If the " +
        "server nests or renames the members of its response, set tokenResponse to a function that decodes them."
    )
  }
  const problem = typeProblem(members["token_type"], value, terms) ?? issuedTypeProblem(members, terms)
  if (problem !== undefined) return fail(problem)
  // Section 5.1: without a scope in the response, it is the requested one.
  const scope = grantedScope(members["scope"], terms)
  const missing = terms.requiredScope.filter((name) => scope !== undefined && !scope.includes(name))
  if (missing.length > 0) {
    return fail(
      `with a token that lacks the scope "${missing.join(" ")}" (RFC 6749 section 5.1). Have the server grant it to ` +
        "this client, request a smaller scope (OAUTH_SCOPE), or disable requireScope."
    )
  }
  const seconds = lifeSeconds(members["expires_in"])
  const life = seconds === undefined || seconds === "default" ? terms.defaultLife : Math.max(seconds, 0) * 1000
  const others = otherMembers(members)
  const isTooLong = others !== undefined && others.length > maxMembers
  return succeed({
    value,
    type: terms.type,
    scope,
    requestedAt,
    expiresAt: requestedAt + Math.min(life, terms.maxLife),
    members: isTooLong ? undefined : others,
    warnings: [
      ...(seconds === undefined ? ["unreadable lifetime" as const] : []),
      ...(isTooLong ? ["too many members" as const] : [])
    ]
  })
}

/** Decodes the token of a response, or returns the problem of the response. */
export const decode = (response: Response, terms: Terms): Result<Issued, Problem> => {
  const { body, endpoint, requestedAt, status } = response
  const own = isSuccess(status) ? terms.decodeMembers?.(readJson(body)) : undefined
  // A response that the user's decoder accepts is not an error response, whatever its other members.
  const found = own === undefined ? rejection(response, terms) : undefined
  if (found !== undefined) return fail(found)
  const members = membersOf(response, terms)
  const issued = members._tag === "Failure"
    ? members
    : terms.decodeMembers !== undefined && own === undefined
    ? fail("with JSON that tokenResponse does not decode. Check that function, and the token URL.")
    : issue(own ?? members.value, requestedAt, terms)
  return issued._tag === "Success"
    ? issued
    : fail({ _tag: "InvalidTokenResponse", endpoint, status, problem: issued.error })
}
