/**
 * Identity tokens as data: JWTs (RFC 7519) that a platform issues to its workloads. Nothing is verified here: the server that
 * receives them verifies them.
 */
import { base64 } from "./bytes.js"
import { isRecord, readJson } from "./json.js"

export interface Claims {
  /**
   * Issuer, subject and authorized party, which do not change when the platform replaces the token; undefined without a subject.
   */
  readonly owner: string | undefined
  /** Milliseconds since the epoch. */
  readonly expiresAt: number | undefined
}

/** Returns the time of a claim in milliseconds since the epoch; undefined if it is not a time in the range of `Date`. */
export const timeOf = (claim: unknown): number | undefined =>
  typeof claim === "number" && Math.abs(claim) <= 8.64e12 ? claim * 1000 : undefined

/** Returns the claims of a token; undefined if it is not a complete JWT. */
export const claims = (token: string): Claims | undefined => {
  const [, payload] = /^[\w-]+\.([\w-]+)\.[\w-]+$/.exec(token) ?? []
  const bytes = payload === undefined ? undefined : base64.decode(payload)
  const found = bytes === undefined ? undefined : readJson(new TextDecoder().decode(bytes))
  if (!isRecord(found)) return undefined
  const { azp, exp, iss, sub } = found
  return {
    owner: typeof sub === "string" ? JSON.stringify([iss, sub, azp]) : undefined,
    expiresAt: timeOf(exp)
  }
}
