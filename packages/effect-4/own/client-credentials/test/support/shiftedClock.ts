/**
 * The live clock, which can be put forward: a token grows old, and the timeouts of real servers stay what they are.
 */
import { Clock, Duration, Effect, Layer } from "effect"

export const make = () => {
  const live = Clock.Clock.defaultValue()
  let ahead = 0
  const millis = () => live.currentTimeMillisUnsafe() + ahead
  const nanos = () => live.currentTimeNanosUnsafe() + BigInt(ahead) * 1_000_000n
  const steady = () => live.monotonicTimeNanosUnsafe() + BigInt(ahead) * 1_000_000n
  const clock: Clock.Clock = {
    currentTimeMillisUnsafe: millis,
    currentTimeMillis: Effect.sync(millis),
    currentTimeNanosUnsafe: nanos,
    currentTimeNanos: Effect.sync(nanos),
    monotonicTimeNanosUnsafe: steady,
    monotonicTimeNanos: Effect.sync(steady),
    sleep: (duration) => live.sleep(duration)
  }
  return {
    clock,
    layer: Layer.succeed(Clock.Clock, clock),
    forward: (duration: Duration.Duration) => Effect.sync(() => void (ahead += Duration.toMillis(duration)))
  }
}
