/**
 * Effect's clock over the virtual timers and clocks of the process; nothing is logged.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"

const nanos = () => BigInt(Math.round(performance.now() * 1_000_000))

const clock: Clock.Clock = {
  [Clock.ClockTypeId]: Clock.ClockTypeId,
  unsafeCurrentTimeMillis: () => Date.now(),
  unsafeCurrentTimeNanos: nanos,
  currentTimeMillis: Effect.sync(() => Date.now()),
  currentTimeNanos: Effect.sync(nanos),
  sleep: (duration) =>
    Effect.async((resume) => {
      const timer = setTimeout(() => resume(Effect.void), Duration.toMillis(duration))
      return Effect.sync(() => clearTimeout(timer))
    })
}

export const layer: Layer.Layer<never> = Layer.merge(Layer.setClock(clock), Logger.minimumLogLevel(LogLevel.None))
