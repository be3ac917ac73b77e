/**
 * Identity tokens as data: JWTs (RFC 7519) that a platform issues to its workloads. Nothing is verified: that is up to the
 * server they are presented to.
 */
import { decodeJwt } from "jose"

export interface Claims {
  /** Issuer, subject and authorized party, which stay the same when the platform replaces the token; undefined without a subject. */
  readonly owner: string | undefined
  /** Milliseconds since the epoch. */
  readonly expiresAt: number | undefined
}

/** The claims of a token; undefined when it is not a JWT, or not a whole one. */
export const claims = (token: string): Claims | undefined => {
  try {
    if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) return undefined
    const { azp, exp, iss, sub } = decodeJwt(token)
    return {
      owner: typeof sub === "string" ? JSON.stringify([iss, sub, azp]) : undefined,
      expiresAt: typeof exp === "number" && Number.isFinite(exp) ? exp * 1000 : undefined
    }
  } catch {
    return undefined
  }
}
