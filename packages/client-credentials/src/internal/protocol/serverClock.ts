/**
 * Estimates the offset of a server's clock from the response that rejected a proof or an assertion dated by this machine.
 *
 * Other responses are not evidence: a correct clock needs no correction, and a response from a cache has the `Date` of its
 * creation, with `Age` (RFC 9111 section 5.1) or without.
 */
import { serverTime } from "./retryAfter.js"

/** Minimum offset in milliseconds that counts: `Date` has a resolution of a second, and the response takes time. */
const tolerance = 5000

/** Maximum offset in milliseconds: 24 hours. A larger offset is ignored. */
const limit = 86_400_000

/**
 * Returns the new offset in milliseconds if it should replace `used`; undefined if the response gives no reason for that.
 */
export const offset = ({ headers, now, used }: {
  readonly headers: Readonly<Record<string, string | undefined>>
  /** Arrival of the response in milliseconds since the epoch, by the clock of this machine. */
  readonly now: number
  /** Offset with which the rejected proof or assertion was dated. */
  readonly used: number
}): number | undefined => {
  const time = serverTime(headers)
  if (time === undefined) return undefined
  const found = time - now
  if (Math.abs(found - used) < tolerance || Math.abs(found) > limit) return undefined
  return Math.abs(found) < tolerance ? 0 : found
}
