/**
 * Moments that stay correct when a clock is set or the machine sleeps.
 *
 * The wall clock may be set back, and the steady clock may stop while a machine sleeps. Either would extend the lifetime of a
 * token. Therefore each moment is recorded on both clocks, and is reached when either clock has reached it.
 */

/** A moment in milliseconds: `wall` since the epoch, `steady` since an arbitrary moment. */
export interface Instant {
  readonly wall: number
  readonly steady: number
}

/**
 * Maximum time by which a moment recorded by another process may lie in the future, in milliseconds. A later one comes from a
 * clock that is wrong, and is ignored.
 */
export const maxSkew = 60_000

export const after = (from: Instant, millis: number): Instant => ({
  wall: from.wall + millis,
  steady: from.steady + millis
})

export const reached = (at: Instant, now: Instant): boolean => now.wall >= at.wall || now.steady >= at.steady

/** Returns the time until a moment in milliseconds. */
export const remaining = (at: Instant, now: Instant): number =>
  Math.max(0, Math.min(at.wall - now.wall, at.steady - now.steady))
