/**
 * Redaction of the traffic: everything that is, or may contain, a secret is replaced.
 */
import { harmless } from "./ansi.js"

const redacted = "<redacted>"

const secretHeaders = new Set([
  "authorization",
  "cookie",
  "dpop",
  "proxy-authorization",
  "set-cookie",
  "x-amz-security-token",
  "x-api-key"
])

/** Names that merely contain "token", as those of limits and pages do, are not secret. */
const isSecret = (name: string): boolean =>
  secretHeaders.has(name.toLowerCase()) || /(^|[-_])(secret|password|credentials?|api-?key)$/i.test(name) ||
  /^(x-)?((access|auth|authorization|bearer|csrf|id|refresh|security|session|xsrf)-?)+token$/i.test(name)

/** Names of parameters that may be secrets: credentials, codes and signatures, but not the tokens of pages. */
const secretName =
  /(?!(?:next|page|continuation|sync)[-_]?(?:page)?[-_]?token=)(?:[^=&#?;\s"<>]*(?:token|key|secret|passw(?:or)?d|signature|assertion|credential)s?|sig|code|state|jwt)[\][]*/

const secretParameter = new RegExp(`([?&#;]${secretName.source}=)[^&#>]*`, "gi")

const userInfo = /(?<=\/\/)[^/?#\s@]*@/g

const percentDecoded = (text: string): string =>
  text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))

/** Returns true if such a parameter appears only after decoding: its name is encoded, or a URL in a parameter has it. */
const hidesParameter = (text: string): boolean => {
  const once = percentDecoded(text)
  return [once, percentDecoded(once)].some((stage) => stage.replace(secretParameter, "$1") !== stage)
}

/** Redacts the secret parameters and the user name of a URL, or of each URL in a header. */
export const url = (text: string): string => {
  const bare = text.replace(secretParameter, "$1")
  return harmless(
    hidesParameter(bare)
      ? text.replace(/[?#;].*$/s, `?${redacted}`).replace(userInfo, `${redacted}@`)
      : text.replace(secretParameter, `$1${redacted}`).replace(userInfo, `${redacted}@`)
  )
}

/** Headers that contain URLs. */
const urlHeaders = new Set(["content-location", "link", "location", "referer", "refresh"])

/** Redacts the value of a secret header, except the scheme of a credential, and the secrets of URLs in other headers. */
export const header = (name: string, value: string): string => {
  if (urlHeaders.has(name.toLowerCase())) return url(value)
  if (!isSecret(name)) return harmless(value)
  const scheme = /^(Bearer|DPoP|Basic) /i.exec(value)?.[1]
  return scheme === undefined ? redacted : `${scheme} ${redacted}`
}

/** Parameters of token requests that never contain secrets; all others may. */
const openParameters = new Set([
  "audience",
  "authorization_details",
  "client_assertion_type",
  "client_id",
  "grant_type",
  "resource",
  "scope",
  "token_type_hint"
])

/** The body of a request to the authorization server, form or JSON. */
export const credentials = (body: string): string => {
  const pairs: ReadonlyArray<readonly [string, string]> = (() => {
    try {
      return Object.entries(JSON.parse(body) as Record<string, unknown>).map(([name, value]) => [name, String(value)])
    } catch {
      return [...new URLSearchParams(body)]
    }
  })()
  return pairs.map(([name, value]) => `${harmless(name)}=${openParameters.has(name) ? harmless(value) : redacted}`)
    .join(
      "&"
    )
}
