/**
 * The latch of the processes that share a store: after the replacement of a rejected token, its own rejection costs nothing
 * until a pause has passed. The pauses grow with each replacement that did not help.
 */

/** Times are in milliseconds since the epoch. */
export interface Latch {
  /** How many rejected tokens were replaced in a row. */
  readonly replaced: number
  readonly since: number
  readonly until: number
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

/** Whether the rejection of the token that a latch came with leads to no request yet. */
export const isInForce = (latch: Latch | undefined, { isConfirmed }: Rejection, now: number): latch is Latch =>
  latch !== undefined && !isConfirmed && now < latch.until

/** The latch while it counts: a token that lives undisturbed for as long again as its pause ends the row. */
export const counting = (latch: Latch | undefined, now: number): Latch | undefined =>
  latch !== undefined && now < latch.until + (latch.until - latch.since) ? latch : undefined

/** The latch after a rejected token was replaced. */
export const afterReplacement = (before: Latch | undefined, rejection: Rejection, now: number): Latch => {
  const inARow = rejection.isConfirmed ? 0 : counting(before, now)?.replaced ?? 0
  const replaced = Math.max(inARow, rejection.atLeast) + 1
  return { replaced, since: now, until: now + rejection.pauseAfter(replaced) }
}
