/**
 * Tokens that were rejected long before their expiry, in a row, although each replacement worked: the sign of a server
 * that keeps one token per client, and of two processes that revoke each other's with every token they request.
 */

export interface EarlyRejections {
  /** In a row. A token that lives past half of its life, or until it is refreshed, ends the row. */
  readonly count: number
  /** Those of them that came soon, in a row: what the pauses grow by. */
  readonly soon: number
}

export const none: EarlyRejections = { count: 0, soon: 0 }

/** Fewer than this may be an operator who revokes tokens, or keys that are rotated: they are replaced at once. */
export const limit = 3

/** A token that lives longer than this, in milliseconds, costs no more than one with this life. */
const soonWithin = 3_600_000

/** Clocks differ by some seconds: a token that short before its expiry has expired. In milliseconds. */
const clockDifference = 10_000

/** Notes the rejection of a token that had worked, at this age; both in milliseconds. */
export const next = (
  { count, soon }: EarlyRejections,
  { age, life }: { readonly age: number; readonly life: number }
): EarlyRejections => {
  const left = life - age
  return left > life / 2 && left > clockDifference
    ? { count: count + 1, soon: age < soonWithin ? soon + 1 : 0 }
    : none
}

/** Which of the pauses follows the next replacement; undefined when there is no reason for one. */
export const pauseIndex = ({ soon }: EarlyRejections): number | undefined => soon < limit ? undefined : soon - limit

/** One of the pauses; the last is repeated. */
export const pauseAt = (pauses: readonly [number, ...ReadonlyArray<number>], index: number): number =>
  pauses[Math.min(index, pauses.length - 1)] ?? pauses[0]
