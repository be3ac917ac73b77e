/**
 * Present moment on the two clocks of Effect: the wall clock and the steady clock.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

import { type Instant, remaining } from "../token/instant.js"

export const unsafeNow = (clock: Clock.Clock): Instant => ({
  wall: clock.unsafeCurrentTimeMillis(),
  steady: Number(clock.unsafeCurrentTimeNanos()) / 1_000_000
})

/** Continues with the present moment in a single step of the fiber, for the path of every call. */
export const withNow = <A, E, R>(use: (now: Instant) => Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.withFiberRuntime((fiber) => use(unsafeNow(Context.get(fiber.currentDefaultServices, Clock.Clock))))

export const now: Effect.Effect<Instant> = Effect.clockWith((clock) => Effect.sync(() => unsafeNow(clock)))

export const sleepUntil = (at: Instant): Effect.Effect<void> =>
  Effect.clockWith((clock) => {
    const left = remaining(at, unsafeNow(clock))
    return left > 0 ? clock.sleep(Duration.millis(left)) : Effect.void
  })
