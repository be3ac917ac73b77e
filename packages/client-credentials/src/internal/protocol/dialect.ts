/**
 * Error responses of token endpoints as data: what each server returns, what it means, and what to change.
 *
 * The standard (RFC 6749 section 5.2) comes first. Deviations of servers are listed in two tables: the shapes of a code and a
 * description, and the situations that neither the status nor the code identifies.
 */
import { isRecord } from "./json.js"
import { isTransient } from "./status.js"

/** Subject of an error response. */
export type Kind =
  /** The credential of the client was not accepted. */
  | "authentication"
  /** The request is not one that this client may make at this server. */
  | "request"
  /** Too many tokens were requested. */
  | "limit"
  /** The server cannot issue a token now. */
  | "unavailable"
  /** The URL is not that of the token endpoint. */
  | "wrong endpoint"

export interface Rejection {
  readonly status: number
  readonly error: string
  readonly errorDescription?: string | undefined
}

type Members = Readonly<Record<string, unknown>>

/** An error response as the server wrote it. */
export interface Written {
  readonly error: unknown
  readonly description?: unknown
  readonly uri?: unknown
}

/** Reads an error response of one shape; undefined for other shapes. */
type Shape = (members: Members, status: number) => Written | undefined

interface Situation {
  readonly kind: Kind
  readonly holds: (rejection: Rejection) => boolean
  readonly advice: string
}

const isText = (value: unknown): value is string => typeof value === "string" && value !== ""

/**
 * The registered error codes (RFC 6749 section 5.2, RFC 7009 section 2.2.1, RFC 8707 section 2, RFC 9396 section 5, RFC
 * 9449 section 5), and those of section 4.1.2.1 that servers use here. They are shown even if a secret contains the same
 * characters.
 */
const registered: ReadonlySet<string> = new Set([
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
  "temporarily_unavailable",
  "too_many_requests"
])

/** Returns whether it is a registered error code, in any letter case. */
export const isRegistered = (code: unknown): code is string =>
  typeof code === "string" && registered.has(code.toLowerCase())

const isAbsent = (status: number): boolean => status === 404 || status === 405 || status === 410

/** Returns the standard code for a message without a code. */
const codeFor = (message: string, status: number): string =>
  status === 401 || /\binvalid client\b|\bbad credentials\b/i.test(message)
    ? "invalid_client"
    : status === 429
    ? "too_many_requests"
    : status === 403
    ? "access_denied"
    : isAbsent(status)
    ? "not_found"
    : "invalid_request"

/** Shapes of `error` and `error_description` in responses of servers. */
const shapes: ReadonlyArray<Shape> = [
  // RFC 6749 section 5.2.
  ({ error, error_description, error_uri, message }) =>
    isText(error) ? { error, description: error_description ?? message, uri: error_uri } : undefined,
  // Google.
  ({ error }) =>
    isRecord(error) && (isText(error["status"]) || typeof error["code"] === "number" || isText(error["code"]))
      ? { error: isText(error["status"]) ? error["status"] : String(error["code"]), description: error["message"] }
      : undefined,
  // Okta.
  ({ errorCode, errorSummary }) => isText(errorCode) ? { error: errorCode, description: errorSummary } : undefined,
  // FedEx.
  ({ errors }) => {
    const first: unknown = Array.isArray(errors) ? errors[0] : undefined
    return isRecord(first) && isText(first["code"])
      ? { error: first["code"], description: first["message"] }
      : undefined
  },
  // Twitch, and gateways of AWS and Kong.
  ({ message }, status) =>
    isText(message) && status >= 400 && (status === 429 || !isTransient(status))
      ? { error: codeFor(message, status), description: message }
      : undefined
]

/** Reads the error from a JSON response without a token; undefined if it is not an error response. */
export const read = (json: unknown, status: number): Written | undefined => {
  if (!isRecord(json) || json["access_token"] !== undefined) return undefined
  for (const shape of shapes) {
    const found = shape(json, status)
    if (found !== undefined) return found
  }
  return undefined
}

/** A limit in words: "10 tokens/28800 seconds". */
const rate = /\b(\d{1,6}) (?:tokens?|requests?) ?(?:\/|per|in|every) ?(\d{1,7}) ?seconds?\b/i

const texts = ({ error, errorDescription }: Rejection): string => [error, errorDescription].join(" ")

const tokenUrl = "Check the token URL (OAUTH_TOKEN_URL): it must be that of the token endpoint, with its complete path."

/** Situations, which are tried in this order, before the code. */
const situations: ReadonlyArray<Situation> = [
  // A limit, which Vertex writes with status 400.
  {
    kind: "limit",
    holds: (rejection) =>
      rejection.status === 429 || rejection.error.toLowerCase() === "too_many_requests" ||
      rejection.error === "RESOURCE_EXHAUSTED" ||
      (rejection.status >= 400 && rejection.status < 500 &&
        /\b(?:exceeded|reached)\b.{0,40}\b(?:rate|token|request|daily|hourly)\b.{0,10}\b(?:limit|quota)\b/i.test(
          texts(rejection)
        )),
    advice: "The server limits how many tokens this client may request. Share tokens between processes " +
      "(SharedClientCredentials.layer), or have the limit raised."
  },
  // Nothing at this path: Rails, Express, Kong, and AWS, which calls it a missing authentication token.
  {
    kind: "wrong endpoint",
    holds: (rejection) =>
      !isRegistered(rejection.error)
        ? isAbsent(rejection.status)
        : (rejection.status === 404 && /\bno route\b|\bnot found\b|\bcannot post\b/i.test(texts(rejection))) ||
          (rejection.status === 403 && rejection.errorDescription === "Missing Authentication Token"),
    advice: tokenUrl
  }
]

const authentication =
  "Check the client id and the client secret or private key (OAUTH_CLIENT_ID, OAUTH_CLIENT_SECRET, OAUTH_PRIVATE_KEY), " +
  "and whether this server requires the secret in the body or by basic auth (OAUTH_CLIENT_AUTHENTICATION)."

/** Advice by error code, in lower case. */
const remedies: Readonly<Record<string, string>> = {
  invalid_request:
    "Check whether this server requires a form or JSON (OAUTH_REQUEST_FORMAT), and whether it requires an " +
    "audience, a scope or a resource.",
  invalid_grant: "Check the assertion or subject token: issuer, audience, expiry, and the clock of this machine.",
  unauthorized_client: "Allow this client the client_credentials grant at the authorization server.",
  unsupported_grant_type:
    "Check that the token URL is that of a server with the client_credentials grant, and whether " +
    "this server requires a form or JSON (OAUTH_REQUEST_FORMAT).",
  invalid_scope: "Request only scopes that are granted to this client (OAUTH_SCOPE).",
  invalid_target: "Check the resource and the audience (OAUTH_RESOURCE, OAUTH_AUDIENCE).",
  invalid_dpop_proof: "Check that dpop is set (OAUTH_DPOP=true), and the clock of this machine.",
  use_dpop_nonce: "The server requires proofs of possession (RFC 9449): set dpop (OAUTH_DPOP=true).",
  access_denied: "Check that this client is authorized for the audience (OAUTH_AUDIENCE)."
}

/** The error codes of rejected proofs of possession (RFC 9449 sections 5 and 8), in lower case. */
export type ProofError = "use_dpop_nonce" | "invalid_dpop_proof"

/** Returns the proof error of a code, in any letter case and with any status. */
export const proofError = (code: string): ProofError | undefined => {
  const known = code.toLowerCase()
  return known === "use_dpop_nonce" || known === "invalid_dpop_proof" ? known : undefined
}

/**
 * Returns whether the server did not accept the credential of the client: by the code `invalid_client`, or by status 401,
 * which RFC 6749 section 5.2 reserves for that. Widespread servers send 401 with `access_denied`, `unauthorized_client` or
 * `unauthorized`; with another status these codes are about the rights of the client.
 */
export const isFailedAuthentication = ({ error, status }: Rejection): boolean => {
  const code = error.toLowerCase()
  return code === "invalid_client" || (status === 401 && proofError(code) === undefined)
}

/** Returns the subject of an error response. */
export const kindOf = (rejection: Rejection): Kind => {
  const { error, status } = rejection
  const situation = situations.find(({ holds }) => holds(rejection))
  if (situation !== undefined) return situation.kind
  if (isFailedAuthentication(rejection)) return "authentication"
  return isTransient(status) || ["temporarily_unavailable", "server_error"].includes(error.toLowerCase())
    ? "unavailable"
    : "request"
}

/** Returns the advice for an error response, which becomes part of its message; undefined for a code that is not known. */
export const advice = (rejection: Rejection): string | undefined => {
  const situation = situations.find(({ holds }) => holds(rejection))
  if (situation !== undefined) return situation.advice
  const code = rejection.error.toLowerCase()
  if (!isFailedAuthentication(rejection)) return Object.hasOwn(remedies, code) ? remedies[code] : undefined
  return code === "invalid_client"
    ? authentication
    : `Status ${rejection.status} means that client authentication failed (RFC 6749 section 5.2). ${authentication}`
}

/** Returns the pause between two tokens in milliseconds, if a description states the limit and no header does. */
export const statedPause = (rejection: Rejection): number | undefined => {
  if (kindOf(rejection) !== "limit") return undefined
  const stated = rate.exec(texts(rejection))
  const pause = (Number(stated?.[2]) * 1000) / Number(stated?.[1])
  return Number.isFinite(pause) ? pause : undefined
}
