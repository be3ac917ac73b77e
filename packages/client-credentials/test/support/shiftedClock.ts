/**
 * The live clock, which can be advanced: tokens age while the timeouts of real servers stay the same.
 */
import { Clock, Duration, Effect, Layer } from "effect"

export const make = () => {
  const live = Clock.make()
  let ahead = 0
  const millis = () => live.unsafeCurrentTimeMillis() + ahead
  const nanos = () => live.unsafeCurrentTimeNanos() + BigInt(ahead) * 1_000_000n
  const clock: Clock.Clock = {
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    unsafeCurrentTimeMillis: millis,
    currentTimeMillis: Effect.sync(millis),
    unsafeCurrentTimeNanos: nanos,
    currentTimeNanos: Effect.sync(nanos),
    sleep: (duration) => live.sleep(duration)
  }
  return {
    clock,
    layer: Layer.setClock(clock),
    forward: (duration: Duration.Duration) => Effect.sync(() => void (ahead += Duration.toMillis(duration)))
  }
}
