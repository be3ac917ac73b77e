/**
 * Clocks made of functions.
 */
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

export interface Parts {
  /** The time of day, in milliseconds. */
  readonly wallMillis: () => number
  /** The time that has passed, in nanoseconds. */
  readonly steadyNanos: () => bigint
  readonly sleep: (duration: Duration.Duration) => Effect.Effect<void>
}

export const make = ({ sleep, steadyNanos, wallMillis }: Parts): Clock.Clock => ({
  ...Clock.make(),
  [Clock.ClockTypeId]: Clock.ClockTypeId,
  unsafeCurrentTimeMillis: wallMillis,
  unsafeCurrentTimeNanos: steadyNanos,
  currentTimeMillis: Effect.sync(wallMillis),
  currentTimeNanos: Effect.sync(steadyNanos),
  sleep
})
