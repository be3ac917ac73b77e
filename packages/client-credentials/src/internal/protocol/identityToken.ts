/**
 * Identity tokens as data: JWTs (RFC 7519) that a platform issues to its workloads. Nothing is verified: that is up to the
 * server they are presented to.
 */
import { base64 } from "./bytes.js"
import { isRecord, readJson } from "./json.js"

export interface Claims {
  /** Issuer, subject and authorized party, which stay the same when the platform replaces the token; undefined without a subject. */
  readonly owner: string | undefined
  /** Milliseconds since the epoch. */
  readonly expiresAt: number | undefined
}

/** The claims of a token; undefined when it is not a JWT, or not a whole one. */
export const claims = (token: string): Claims | undefined => {
  const [, payload] = /^[\w-]+\.([\w-]+)\.[\w-]+$/.exec(token) ?? []
  const bytes = payload === undefined ? undefined : base64.decode(payload)
  const found = bytes === undefined ? undefined : readJson(new TextDecoder().decode(bytes))
  if (!isRecord(found)) return undefined
  const { azp, exp, iss, sub } = found
  return {
    owner: typeof sub === "string" ? JSON.stringify([iss, sub, azp]) : undefined,
    // Later than any date is no date.
    expiresAt: typeof exp === "number" && Math.abs(exp) <= 8.64e12 ? exp * 1000 : undefined
  }
}
