/**
 * Latch of the processes that share a store: after a rejected token was replaced, the rejection of the replacement leads to
 * no token request until a pause has passed. The pauses grow with each replacement that is rejected.
 */

import { maxSkew } from "./instant.js"

/** Times are in milliseconds since the epoch. */
export interface Latch {
  /** Number of rejected tokens that were replaced consecutively. */
  readonly replaced: number
  /** Moment at which the last one was replaced. */
  readonly from: number
  readonly until: number
  /** Moment from which the latch no longer counts: a token that was not replaced until then has worked. */
  readonly countsUntil: number
}

/** A rejected token as a process describes it, and the rule of its pauses. */
export interface Rejection {
  /** True if the API had accepted the token in place of a rejected one. */
  readonly isConfirmed: boolean
  /** Minimum number of consecutive replacements to count: more than 0 after early rejections. */
  readonly atLeast: number
  /** Returns the pause in milliseconds after this many consecutive replacements. */
  readonly pauseAfter: (replaced: number) => number
}

/** Returns the latch while it counts. */
export const counting = (latch: Latch | undefined, now: number): Latch | undefined =>
  latch !== undefined && now < latch.countsUntil && latch.from - now <= maxSkew ? latch : undefined

/** Returns whether the latch still prevents a request when the token stored with it is rejected. */
export const isInForce = (latch: Latch | undefined, { isConfirmed }: Rejection, now: number): boolean =>
  !isConfirmed && now < (counting(latch, now)?.until ?? now)

/**
 * Returns the latch after a rejected token was replaced by one with this lifetime in milliseconds. It counts for half of that
 * lifetime after its pause, since an API that is called rarely reports a rejection late.
 */
export const afterReplacement = (
  before: Latch | undefined,
  rejection: Rejection,
  { life, now }: { readonly life: number; readonly now: number }
): Latch => {
  const inARow = rejection.isConfirmed ? 0 : counting(before, now)?.replaced ?? 0
  const replaced = Math.max(inARow, rejection.atLeast) + 1
  const until = now + rejection.pauseAfter(replaced)
  return { replaced, from: now, until, countsUntil: until + life / 2 }
}
