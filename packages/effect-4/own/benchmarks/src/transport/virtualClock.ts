/**
 * Effect's clock on the timers and clocks of the process, which are virtual; nothing is logged. Effect 4 has a clock for the
 * time of day and one for the time that has passed.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as References from "effect/References"

const wallNanos = () => BigInt(Math.round(Date.now() * 1_000_000))
const steadyNanos = () => BigInt(Math.round(performance.now() * 1_000_000))

const clock: Clock.Clock = {
  currentTimeMillisUnsafe: () => Date.now(),
  currentTimeNanosUnsafe: wallNanos,
  monotonicTimeNanosUnsafe: steadyNanos,
  currentTimeMillis: Effect.sync(() => Date.now()),
  currentTimeNanos: Effect.sync(wallNanos),
  monotonicTimeNanos: Effect.sync(steadyNanos),
  sleep: (duration) =>
    Effect.callback((resume) => {
      const timer = setTimeout(() => resume(Effect.void), Duration.toMillis(duration))
      return Effect.sync(() => clearTimeout(timer))
    })
}

export const layer: Layer.Layer<never> = Layer.merge(
  Layer.succeed(Clock.Clock, clock),
  Layer.succeed(References.MinimumLogLevel, "None")
)
