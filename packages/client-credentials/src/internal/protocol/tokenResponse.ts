/**
 * The answers of a token endpoint (RFC 6749 sections 5.1 and 5.2), as a pure function of what arrived.
 */
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"

import { AccessToken } from "../../AccessToken.js"
import {
  InvalidTokenResponse,
  TokenEndpointUnavailable,
  type TokenError,
  TokenErrorResponse
} from "../../OAuthError.js"
import type { Received } from "../http/exchange.js"
import * as dialect from "./dialect.js"
import { isRecord, readJson } from "./json.js"
import * as redaction from "./redaction.js"
import { retryAfter } from "./retryAfter.js"
import { isTransient } from "./status.js"

export interface Terms {
  readonly defaultLife: Duration.Duration
  readonly maxLife: Duration.Duration
  /** Decides which strings of the server may be shown. */
  readonly redaction: redaction.Redaction
  /** The type of token that was asked for. */
  readonly type: "Bearer" | "DPoP"
  /** What is done about a `token_type` that is missing or unusual. */
  readonly tokenType: "verify" | "assume-bearer"
  /** Decodes what the server sends to the members of the standard; undefined when that is not necessary. */
  readonly response?: Schema.Schema.AnyNoContext | undefined
  /** The scope that was asked for, when the token is of no use without it. */
  readonly requiredScope: ReadonlyArray<string>
  /** The scope that was asked for. */
  readonly requestedScope?: ReadonlyArray<string> | undefined
  readonly hint: string | undefined
}

/** The longest JSON of further members that is kept with a token. */
const maxMembers = 8192

/** Those of the standard, and tokens of other kinds, which a client of this grant has no use for. */
const standardMembers = ["access_token", "token_type", "expires_in", "scope", "refresh_token", "id_token"]

/** The other members, as JSON. */
const otherMembers = (members: Readonly<Record<string, unknown>>): string | undefined => {
  const others = Object.entries(members).filter(([name]) => !standardMembers.includes(name))
  return others.length === 0 ? undefined : JSON.stringify(Object.fromEntries(others))
}

/** What the user's schema makes of a response; it may fail in any way. */
const decoded = (schema: Schema.Schema.AnyNoContext, json: unknown): Readonly<Record<string, unknown>> | undefined => {
  try {
    const found: unknown = Option.getOrUndefined(Schema.decodeUnknownOption(schema)(json))
    return isRecord(found) ? found : undefined
  } catch {
    return undefined
  }
}

/** A token, and what is unusual about the response that it came with. */
export interface Issued {
  readonly token: AccessToken
  readonly warnings: ReadonlyArray<string>
}

/** From here on, and as far as milliseconds since the epoch go, a number of seconds is a moment rather than a life. */
const [firstMoment, lastMoment] = [1e9, 1e13]

/**
 * A number, or a text that is one: some servers quote it. `null` and absence take the default; undefined stands for what
 * cannot be read, such as a date.
 */
const lifeSeconds = (value: unknown): number | "default" | undefined => {
  if (value === undefined || value === null) return "default"
  if (typeof value === "number") return value >= firstMoment && value < lastMoment ? undefined : value
  return typeof value === "string" && /^\s*-?\d+(\.\d+)?\s*$/.test(value) ? lifeSeconds(Number(value)) : undefined
}

/** Types of tokens that are of no use without a proof of possession, however they are written. */
const provenType = /^(?:mac|hmac|n_?a|n\/a)$|pop|proof|sign|holder|\bhok\b/i

/** Whether a token without the type `Bearer` may be one all the same, where the user says so. */
const isAssumable = (type: unknown): boolean =>
  type === undefined || type === null || (typeof type === "string" && !provenType.test(type.trim()))

/** What an answer says that brings no success; nothing when it may be one. */
export const refusal = (
  { body, endpoint, headers, receivedAt, status }: Received & { readonly body: string },
  { hint, redaction: { show } }: Pick<Terms, "hint" | "redaction">
): TokenError | undefined => {
  const wait = retryAfter(headers, receivedAt)
  const later = wait === undefined ? undefined : Duration.millis(wait)

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

  const written = dialect.read(readJson(body), status)
  const error = dialect.isRegistered(written?.error) ? written.error : show(written?.error, 100)
  if (written !== undefined && error !== undefined) {
    const errorDescription = show(written.description, 300)
    const found = { status, error, errorDescription }
    const kind = dialect.kindOf(found)
    if (kind === "wrong endpoint") {
      return new InvalidTokenResponse({
        endpoint,
        status,
        problem: `without a token: "${errorDescription ?? error}". ${dialect.advice(found)}`
      })
    }
    const pause = dialect.statedPause(found)
    return new TokenErrorResponse({
      endpoint,
      ...found,
      errorUri: show(written.uri, 300),
      hint: kind === "authentication" || (kind === "request" && error.toLowerCase() === "invalid_request")
        ? hint
        : undefined,
      retryAfter: later ?? (pause === undefined ? undefined : Duration.millis(pause))
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
): Either.Either<Issued, TokenError> => {
  const { body, endpoint, headers, requestedAt, status } = received
  const json = readJson(body)
  const isSuccess = status >= 200 && status < 300
  const own = terms.response === undefined || !isSuccess ? undefined : decoded(terms.response, json)
  // A response that the user's schema decodes is no refusal, whatever else is in it.
  const refused = own === undefined ? refusal(received, terms) : undefined
  if (refused !== undefined) return Either.left(refused)

  const invalid = (problem: string) => Either.left(new InvalidTokenResponse({ endpoint, status, problem }))
  if (!isSuccess || !isRecord(json)) {
    const type = terms.redaction.show(headers["content-type"]?.split(";")[0], 60) ?? "no content type"
    return invalid(
      `with ${type} where a JSON token response belongs. Check that the token URL (OAUTH_TOKEN_URL) is the token ` +
        "endpoint, not a page or a gateway in front of it."
    )
  }
  if (terms.response !== undefined && own === undefined) {
    return invalid("with JSON that the schema in tokenResponse does not decode. Check that schema, and the token URL.")
  }
  const members = own ?? json

  const value = members["access_token"]
  if (typeof value !== "string" || !/^[\x21-\x7e]+$/.test(value)) {
    return invalid(
      "without a usable access_token (RFC 6749 section 5.1). Check that the token URL is the token endpoint. If the " +
        "server nests or renames the members of its response, set tokenResponse to a Schema that decodes them."
    )
  }
  const type = members["token_type"]
  const isAssumed = terms.type === "Bearer" && isAssumable(type)
  const isExpected = typeof type === "string" && type.toLowerCase() === terms.type.toLowerCase()
  if (!isExpected && !(terms.tokenType === "assume-bearer" && isAssumed)) {
    const shown = redaction.make([value]).holds(String(type)) ? redaction.placeholder : terms.redaction.show(type, 30)
    return invalid(
      `with token_type ${shown === undefined ? "missing" : `"${shown}"`} where "${terms.type}" is expected, so the ` +
        `token must not be used (RFC 6749 section 7.1${terms.type === "DPoP" ? ", RFC 9449 section 5" : ""}). Have ` +
        `the server issue ${terms.type} tokens to this client${terms.type === "DPoP" ? "" : ", or set dpop"}.${
          isAssumed ?
            " If its tokens are bearer tokens all the same, set tokenType to \"assume-bearer\" " +
            "(OAUTH_TOKEN_TYPE)." :
            ""
        }`
    )
  }
  const seconds = lifeSeconds(members["expires_in"])
  const life = seconds === undefined || seconds === "default"
    ? Duration.toMillis(terms.defaultLife)
    : Math.max(seconds, 0) * 1000
  // Section 5.1: without a scope in the answer, it is the one that was asked for. A scope is shown wherever a token is.
  const scope = typeof members["scope"] === "string"
    ? members["scope"].split(" ").filter((name) =>
      name !== "" && (terms.requestedScope?.includes(name) === true || !terms.redaction.holds(name))
    )
    : undefined
  const missing = terms.requiredScope.filter((name) => scope !== undefined && !scope.includes(name))
  if (missing.length > 0) {
    return invalid(
      `with a token that lacks the scope "${missing.join(" ")}" (RFC 6749 section 5.1). Have the server grant it to ` +
        "this client, ask for less (OAUTH_SCOPE), or do without requireScope."
    )
  }
  const others = otherMembers(members)
  const token = new AccessToken({
    value: Redacted.make(value),
    type: terms.type,
    scope,
    requestedAt,
    expiresAt: requestedAt + Math.min(life, Duration.toMillis(terms.maxLife)),
    ...(others === undefined || others.length > maxMembers ? {} : { members: Redacted.make(others) })
  })
  return Either.right({
    token,
    warnings: [
      ...(seconds === undefined
        ? [
          `The token response of ${endpoint} has an expires_in that is not a number of seconds (RFC 6749 section 5.1). ` +
          `The token is used for ${Duration.format(terms.defaultLife)} (tokenEndpoint.defaultLife).`
        ]
        : []),
      ...(others !== undefined && others.length > maxMembers
        ? [
          `The token response of ${endpoint} has more than ${maxMembers} characters of further members. They are not kept: ` +
          "AccessToken.membersOf finds none."
        ]
        : [])
    ]
  })
}
