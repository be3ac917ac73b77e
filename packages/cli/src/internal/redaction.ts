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

/** Redacts the value of a secret header, except the scheme of a credential. */
export const header = (name: string, value: string): string => {
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
