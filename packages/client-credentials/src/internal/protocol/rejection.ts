/**
 * Classification of API responses: whether a response rejects the token, and how the client reacts.
 *
 * A 401 to a request with a token means that the token was rejected (RFC 9110 section 15.5.2), whatever the challenge states:
 * servers return custom error codes, in any letter case and quoting, another scheme, or no challenge at all. The exceptions
 * are error codes for conditions that a new token does not change.
 */
import { base64 } from "./bytes.js"
import { isRecord, readJson } from "./json.js"
import { scopeName } from "./requestParameters.js"

/** A challenge as parsed by `Challenge.parse`: names are in lower case. */
export interface ChallengeParts {
  readonly scheme: string
  readonly parameters: Readonly<Record<string, string>>
}

/** Meaning of an error code in a challenge. */
export type Meaning =
  /** The token is expired, revoked or malformed (RFC 6750 section 3.1); a new one may be accepted. */
  | { readonly _tag: "InvalidToken" }
  /** The token is valid and lacks a scope (RFC 6750 section 3.1). `scope` is empty when the server names none. */
  | { readonly _tag: "InsufficientScope"; readonly scope: ReadonlyArray<string> }
  /**
   * The request is malformed (RFC 6750 section 3.1). Together with status 401 it means a rejected token, as any code that is
   * not listed here.
   */
  | { readonly _tag: "InvalidRequest" }
  /** The proof must have the nonce of this response (RFC 9449 section 9). */
  | { readonly _tag: "UseDPoPNonce" }
  /** The proof was rejected (RFC 9449 section 7.1), mostly because the clocks differ. */
  | { readonly _tag: "InvalidDPoPProof" }
  /** A stronger or more recent authentication is required (RFC 9470 section 3). `maxAge` is in seconds. */
  | {
    readonly _tag: "InsufficientUserAuthentication"
    readonly acrValues: ReadonlyArray<string>
    readonly maxAge: number | undefined
  }
  /** The token must be requested with these claims, JSON, decoded (Microsoft Entra, continuous access evaluation). */
  | { readonly _tag: "InsufficientClaims"; readonly claims: string | undefined }
  /** Another error code, as the server sent it. */
  | { readonly _tag: "Other"; readonly error: string }
  /** No error code. */
  | { readonly _tag: "Unknown" }

type Kind = Meaning["_tag"]

/** Challenges that a new token does not change. */
export type Insufficient = Extract<
  Meaning,
  { readonly _tag: "InsufficientScope" | "InsufficientUserAuthentication" | "InsufficientClaims" }
>

/** Meaning of a response for the token that was sent. */
export type Rejection =
  /** Nothing about the token: the response is for the caller. */
  | { readonly _tag: "None" }
  /** The token was rejected; a new one may be accepted. */
  | { readonly _tag: "Rejected" }
  | Extract<Meaning, { readonly _tag: "UseDPoPNonce" | "InvalidDPoPProof" }>
  | Insufficient

/**
 * Error codes in lower case and without quotes. Codes of servers with custom names for an expired token are data, as are all
 * deviations of servers from the standards.
 */
const codes: Readonly<Record<string, Kind>> = {
  invalid_token: "InvalidToken",
  insufficient_scope: "InsufficientScope",
  invalid_request: "InvalidRequest",
  use_dpop_nonce: "UseDPoPNonce",
  invalid_dpop_proof: "InvalidDPoPProof",
  insufficient_user_authentication: "InsufficientUserAuthentication",
  insufficient_claims: "InsufficientClaims"
}

/** Removes quotes. Servers quote with `'` too, which is part of the value by RFC 9110 section 5.6.2. */
const bare = (value: string): string => value.replace(/^[\s'"]+|[\s'"]+$/g, "")

/** Returns whether an error code of a challenge is one of those above, in any letter case and quoting. */
export const isKnownCode = (error: string): boolean => Object.hasOwn(codes, bare(error).toLowerCase())

/** Returns the names in a value: those of scopes, and of authentication contexts, which have the same characters. */
const words = (value: string | undefined): ReadonlyArray<string> =>
  bare(value ?? "").split(/\s/).filter((one) => scopeName.test(one))

/** Maximum length of claims. Longer ones are ignored. */
const maxClaims = 4096

/** Decodes claims to the `claims` parameter of a token request: JSON, which a challenge contains in base64url or base64. */
const claimsOf = (value: string | undefined): string | undefined => {
  const text = bare(value ?? "")
  if (text.length > maxClaims) return undefined
  if (isRecord(readJson(text))) return text
  try {
    const decoded = new TextDecoder("utf-8", { fatal: true }).decode(base64.decode(text))
    return isRecord(readJson(decoded)) ? decoded : undefined
  } catch {
    return undefined
  }
}

const meaningOf = (parameters: Readonly<Record<string, string>>): Meaning => {
  const error = parameters["error"] ?? ""
  const code = bare(error).toLowerCase()
  if (code === "") return { _tag: "Unknown" }
  const kind = Object.hasOwn(codes, code) ? codes[code] : undefined
  switch (kind) {
    case "InvalidToken":
    case "InvalidRequest":
    case "UseDPoPNonce":
    case "InvalidDPoPProof":
      return { _tag: kind }
    case "InsufficientScope":
      // RFC 6749 section 3.3: anything else is not a scope, and not fit to be shown.
      return { _tag: kind, scope: words(parameters["scope"]) }
    case "InsufficientUserAuthentication": {
      const maxAge = bare(parameters["max_age"] ?? "")
      return {
        _tag: kind,
        acrValues: words(parameters["acr_values"]),
        maxAge: /^\d{1,15}$/.test(maxAge) ? Number(maxAge) : undefined
      }
    }
    case "InsufficientClaims":
      return { _tag: kind, claims: claimsOf(parameters["claims"]) }
    default:
      return { _tag: "Other", error }
  }
}

/** Schemes whose challenges concern tokens. */
const tokenSchemes: ReadonlyArray<string> = ["bearer", "dpop"]

/**
 * Returns the meaning of the first challenge with an error code: of those with the scheme of the call, or else of those
 * with another token scheme. A server that accepts both schemes may name a different error for each of them.
 */
export const meaning = (challenges: ReadonlyArray<ChallengeParts>, scheme?: string | undefined): Meaning => {
  const errorOf = (isWanted: (scheme: string) => boolean): Meaning | undefined =>
    challenges
      .filter((challenge) => isWanted(challenge.scheme))
      .map(({ parameters }) => meaningOf(parameters))
      .find(({ _tag }) => _tag !== "Unknown")
  return errorOf((one) => one === scheme) ??
    errorOf((one) => tokenSchemes.includes(one)) ??
    { _tag: "Unknown" }
}

/** Classification of every successful response. */
export const none: Rejection = { _tag: "None" }

/**
 * Classifies a response to a call that carried a token.
 *
 * `scheme` is the scheme of the call's `Authorization` header in lower case. The error codes of DPoP concern a call with
 * a proof only: for a bearer token they mean that this token is not accepted.
 */
export const classify = ({ challenges, scheme, status }: {
  readonly status: number
  readonly challenges: ReadonlyArray<ChallengeParts>
  readonly scheme: string | undefined
}): Rejection => {
  if (status !== 400 && status !== 401 && status !== 403) return none
  const found = meaning(challenges, scheme)
  if (found._tag === "UseDPoPNonce" || found._tag === "InvalidDPoPProof") {
    if (scheme === "dpop") return found
  } else if (status !== 400) {
    switch (found._tag) {
      case "InsufficientScope":
      case "InsufficientUserAuthentication":
      case "InsufficientClaims":
        return found
      case "InvalidToken":
        return { _tag: "Rejected" }
      default:
    }
  }
  return { _tag: status === 401 ? "Rejected" : "None" }
}
