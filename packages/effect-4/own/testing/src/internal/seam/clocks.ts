/**
 * Creates clocks from functions. In Effect 4, the nanoseconds of a clock are wall-clock time; elapsed time is a separate
 * reading.
 */
import type * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

export interface Parts {
  /** The time of day, in milliseconds. */
  readonly wallMillis: () => number
  /** The time that has passed, in nanoseconds. */
  readonly steadyNanos: () => bigint
  readonly sleep: (duration: Duration.Duration) => Effect.Effect<void>
}

export const make = ({ sleep, steadyNanos, wallMillis }: Parts): Clock.Clock => {
  const wallNanos = () => BigInt(Math.round(wallMillis() * 1_000_000))
  return {
    currentTimeMillisUnsafe: wallMillis,
    currentTimeNanosUnsafe: wallNanos,
    monotonicTimeNanosUnsafe: steadyNanos,
    currentTimeMillis: Effect.sync(wallMillis),
    currentTimeNanos: Effect.sync(wallNanos),
    monotonicTimeNanos: Effect.sync(steadyNanos),
    sleep
  }
}
