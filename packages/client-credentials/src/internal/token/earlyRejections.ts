/**
 * Consecutive tokens that were rejected long before their expiry although each replacement worked. This indicates a server
 * that keeps one token per client, and two processes that revoke each other's token with every token request.
 */

export interface EarlyRejections {
  /** Number of consecutive early rejections. A token that works for half of its lifetime, or until its refresh, resets it. */
  readonly count: number
  /** Number of consecutive rejections that came soon after the token was issued. The pauses grow with it. */
  readonly soon: number
}

export const none: EarlyRejections = { count: 0, soon: 0 }

/** Number from which pauses apply. Fewer may be an operator who revokes tokens or rotates keys: replaced immediately. */
export const limit = 3

/** Age in milliseconds up to which a rejection counts as soon. A token that is older needs no pause. */
const soonWithin = 3_600_000

/** Tolerated difference of clocks in milliseconds: a token this close to its expiry counts as expired. */
const clockDifference = 10_000

/** Counts the rejection of a token that had worked, by its age and its lifetime in milliseconds. */
export const next = (
  { count, soon }: EarlyRejections,
  { age, life }: { readonly age: number; readonly life: number }
): EarlyRejections => {
  const left = life - age
  return left > life / 2 && left > clockDifference
    ? { count: count + 1, soon: age < soonWithin ? soon + 1 : 0 }
    : none
}

/** Returns the index of the pause after the next replacement; undefined when no pause is needed. */
export const pauseIndex = ({ soon }: EarlyRejections): number | undefined => soon < limit ? undefined : soon - limit

/** Returns the pause at an index; the last one repeats. */
export const pauseAt = (pauses: readonly [number, ...ReadonlyArray<number>], index: number): number =>
  pauses[Math.min(index, pauses.length - 1)] ?? pauses[0]
