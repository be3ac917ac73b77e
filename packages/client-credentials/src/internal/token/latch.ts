/**
 * The latch of the processes that share a store: after the replacement of a rejected token, its own rejection costs nothing
 * until a pause has passed. The pauses grow with each replacement that did not help.
 */

import { maxSkew } from "./instant.js"

/** Times are in milliseconds since the epoch. */
export interface Latch {
  /** How many rejected tokens were replaced in a row. */
  readonly replaced: number
  /** When the last one was replaced. */
  readonly from: number
  readonly until: number
  /** From then on it counts no longer: a token that was not replaced until then has worked. */
  readonly countsUntil: number
}

/** What a process knows of a rejected token, and the rule of its pauses. */
export interface Rejection {
  /** Whether the API had accepted the token in place of a rejected one. */
  readonly isConfirmed: boolean
  /** The first pause counts as this many in a row: more than 0 after early rejections. */
  readonly atLeast: number
  /** The pause after the replacement of so many in a row, in milliseconds. */
  readonly pauseAfter: (replaced: number) => number
}

/** The latch while it counts. */
export const counting = (latch: Latch | undefined, now: number): Latch | undefined =>
  latch !== undefined && now < latch.countsUntil && latch.from - now <= maxSkew ? latch : undefined

/** Whether the rejection of the token that a latch came with leads to no request yet. */
export const isInForce = (latch: Latch | undefined, { isConfirmed }: Rejection, now: number): boolean =>
  !isConfirmed && now < (counting(latch, now)?.until ?? now)

/**
 * The latch after a rejected token was replaced by one with this life in milliseconds. It counts for half of that life
 * after its pause, since an API that is called rarely reports a rejection late.
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
