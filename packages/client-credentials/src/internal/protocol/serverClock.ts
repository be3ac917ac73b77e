/**
 * The rule of a server's clock: how far it is ahead of this machine's, by the response that rejected what this machine
 * had dated.
 *
 * Nothing else is evidence. A clock that is right needs no correction, and a response from a cache bears the `Date` of
 * when it was made, with `Age` beside it (RFC 9111 section 5.1) or without.
 */
import { serverTime } from "./retryAfter.js"

/** `Date` counts whole seconds and the response took a moment: less than this, in milliseconds, means nothing. */
const tolerance = 5000

/** No clock that is in use is off by more: 24 hours, in milliseconds. A larger offset is ignored. */
const limit = 86_400_000

/**
 * Returns the new offset in milliseconds when what was dated with `used` should be dated differently; undefined when the
 * response gives no reason for that.
 */
export const offset = ({ headers, now, used }: {
  readonly headers: Readonly<Record<string, string | undefined>>
  /** When the response arrived, in milliseconds since the epoch, by the clock of this machine. */
  readonly now: number
  /** The offset with which the rejected proof or assertion was dated. */
  readonly used: number
}): number | undefined => {
  const time = serverTime(headers)
  if (time === undefined) return undefined
  const found = time - now
  if (Math.abs(found - used) < tolerance || Math.abs(found) > limit) return undefined
  return Math.abs(found) < tolerance ? 0 : found
}
