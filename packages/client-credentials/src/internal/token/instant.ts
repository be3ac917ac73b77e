/**
 * Moments that survive a clock which is set, and a machine that sleeps.
 *
 * The wall clock may be set back, and then a token would seem to live longer than it does; the steady clock may stand
 * still while a machine sleeps, with the same effect. So each moment is noted on both, and has come when either says so.
 */

/** In milliseconds: of the wall clock since the epoch, of the steady clock since any moment. */
export interface Instant {
  readonly wall: number
  readonly steady: number
}

/**
 * How far ahead of the present time a moment may be that another process noted, in milliseconds. One further ahead comes from
 * a clock that was wrong, and is ignored.
 */
export const maxSkew = 60_000

export const after = (from: Instant, millis: number): Instant => ({
  wall: from.wall + millis,
  steady: from.steady + millis
})

export const reached = (at: Instant, now: Instant): boolean => now.wall >= at.wall || now.steady >= at.steady

/** Milliseconds. */
export const remaining = (at: Instant, now: Instant): number =>
  Math.max(0, Math.min(at.wall - now.wall, at.steady - now.steady))
