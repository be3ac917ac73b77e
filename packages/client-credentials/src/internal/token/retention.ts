/**
 * Time for which a ledger keeps requests that processes with different windows share, as during a rollout that changes a
 * window. Each writer states its own time, so that a writer with a shorter window removes nothing that still counts for
 * others. All times are in milliseconds since the epoch.
 */

export interface Retention {
  /** Time for which requests are kept. */
  readonly length: number
  /** Moment until which this applies: as long after the last statement. */
  readonly until: number
}

/** Returns the retentions without those that a longer one covers, the longest first. */
export const compacted = (all: ReadonlyArray<Retention>): ReadonlyArray<Retention> => {
  let last = -Infinity
  return [...all].sort((one, other) => other.length - one.length || other.until - one.until).filter(({ until }) => {
    const isCovered = until <= last
    last = Math.max(last, until)
    return !isCovered
  })
}

/** Returns the time for which requests are kept now, by a process that itself keeps them for `length`. */
export const longest = (all: ReadonlyArray<Retention>, length: number, now: number): number =>
  Math.max(length, ...all.filter(({ until }) => until > now).map((one) => one.length))

/** Returns the retentions after a write of a process that keeps requests for `length`, without those that have ended. */
export const stated = (all: ReadonlyArray<Retention>, length: number, now: number): ReadonlyArray<Retention> =>
  compacted([
    ...all
      .filter(({ until }) => until > now)
      // The clock of the store may have been set back.
      .map((one) => ({ length: one.length, until: Math.min(one.until, now + one.length) })),
    { length, until: now + length }
  ])

/**
 * Returns whether requests stay kept for `length` without another statement for now. A process that requests nothing, because
 * others use up its limit, repeats its statement after half of the time.
 */
export const isStated = (all: ReadonlyArray<Retention>, length: number, now: number): boolean =>
  all.some((one) => one.length >= length && one.until >= now + length / 2)
