/**
 * The challenges of a `WWW-Authenticate` header: the reason for which an API rejected a call.
 *
 * **When to use**
 *
 * Use it where a program decides by a challenge itself. `ApiClient` evaluates the challenges of its calls.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1 | RFC 9110 section 11.6.1}
 * @see {@link https://www.rfc-editor.org/rfc/rfc6750#section-3 | RFC 6750 section 3}
 * @since 3.0.0
 */
import * as rejection from "./internal/protocol/rejection.js"

/**
 * One challenge: a scheme with either parameters or a single `token68` value.
 *
 * Scheme and parameter names are case-insensitive, and are in lower case here.
 *
 * @since 3.0.0
 * @category models
 */
export interface Challenge {
  readonly scheme: string
  readonly parameters: Readonly<Record<string, string>>
  readonly token68: string | undefined
}

// RFC 9110 sections 5.6.2 (token), 5.6.4 (quoted-string) and 11.2 (token68), each matched at the current position.
const token = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y
const quotedString = /"((?:[^"\\]|\\.)*)"/sy
const token68 = /[A-Za-z0-9\-._~+/]+=*(?=[ \t]*(?:,|$))/y
const space = /[ \t]+/y
const equals = /[ \t]*=[ \t]*/y
const separators = /[ \t,]*/y
const toNextComma = /[^,]*/y

/**
 * Parses all challenges in the value of a `WWW-Authenticate` header.
 *
 * One value may contain several challenges, and several headers arrive joined by commas, so a comma alone does not end a
 * challenge. Never fails: text that is not a challenge is skipped, and parsing continues after it. If a parameter is repeated,
 * the first one counts.
 *
 * @example
 * import { Challenge } from "@effect-oauth/client-credentials"
 *
 * const challenges = Challenge.parse(`Basic realm="a, b", Bearer realm="api", error="invalid_token"`)
 *
 * console.log(challenges.map((challenge) => challenge.scheme)) // ["basic", "bearer"]
 * console.log(challenges[1]?.parameters["error"]) // "invalid_token"
 *
 * @since 3.0.0
 * @category parsing
 */
export const parse = (header: string): ReadonlyArray<Challenge> => {
  const found: Array<{ scheme: string; parameters: Map<string, string>; token68: string | undefined }> = []
  let at = 0

  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at
    const match = pattern.exec(header)
    if (match !== null) at = pattern.lastIndex
    return match
  }
  const takeValue = (): string | undefined => {
    const quoted = take(quotedString)
    return quoted === null ? take(token)?.[0] : quoted[1]?.replace(/\\(.)/gs, "$1")
  }

  while (take(separators) !== null && at < header.length) {
    const name = take(token)?.[0].toLowerCase()
    if (name === undefined) {
      // Neither challenge nor parameter. A quoted string is passed over whole, so that the commas in it do not count.
      if (take(quotedString) === null) take(toNextComma)
      continue
    }
    const current = found.at(-1)
    if (current !== undefined && take(equals) !== null) {
      const value = takeValue()
      if (value !== undefined && !current.parameters.has(name)) current.parameters.set(name, value)
      continue
    }
    const blob = take(space) === null ? undefined : take(token68)?.[0]
    found.push({ scheme: name, parameters: new Map(), token68: blob })
  }
  return found.map(({ parameters, scheme, token68 }) => ({
    scheme,
    parameters: Object.fromEntries(parameters),
    token68
  }))
}

export type {
  /**
   * The meaning of challenges: what a rejected call lacks, by the error code of RFC 6750, RFC 9449 or RFC 9470.
   *
   * @since 3.0.0
   * @category models
   */
  Meaning
} from "./internal/protocol/rejection.js"

/**
 * Returns the meaning of the challenges: the first Bearer or DPoP challenge with an error code counts. Letter case and
 * quotes around the code are ignored. The codes are those of RFC 6750 section 3.1, RFC 9449 section 9, RFC 9470 section 3
 * and Microsoft Entra.
 *
 * With the scheme of the call, a challenge of that scheme precedes the others: in
 * `Bearer error="invalid_token", DPoP error="use_dpop_nonce"` the second one is for a call with a proof.
 *
 * @example
 * import { Challenge } from "@effect-oauth/client-credentials"
 *
 * const challenges = Challenge.parse(`Bearer error="insufficient_scope", scope="items:read items:write"`)
 *
 * console.log(Challenge.meaning(challenges)) // { _tag: "InsufficientScope", scope: ["items:read", "items:write"] }
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6750#section-3.1 | RFC 6750 section 3.1}
 * @see {@link https://www.rfc-editor.org/rfc/rfc9449#section-9 | RFC 9449 section 9}
 * @see {@link https://www.rfc-editor.org/rfc/rfc9470#section-3 | RFC 9470 section 3}
 * @since 3.0.0
 * @category accessors
 */
export const meaning = (
  challenges: ReadonlyArray<Challenge>,
  scheme?: "bearer" | "dpop" | undefined
): rejection.Meaning => rejection.meaning(challenges, scheme)
