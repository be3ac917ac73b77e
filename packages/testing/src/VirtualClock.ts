/**
 * A clock that a test advances.
 *
 * Most tests use `TestClock` of Effect. This clock also simulates a wall clock that is set and a machine that is
 * suspended. It is faster for thousands of steps, since it does not wait for real timers.
 *
 * @since 3.0.0
 */
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

import * as clocks from "./internal/seam/clocks.js"
import * as turns from "./internal/seam/turns.js"
import * as asleep from "./internal/sleepers.js"
import * as webCrypto from "./internal/webCrypto.js"

/**
 * A clock and the functions that set it. Programs use `clock`, by `Effect.withClock`; the test advances it from outside.
 *
 * @since 3.0.0
 * @category models
 */
export interface VirtualClock {
  readonly clock: Clock.Clock
  /** The time of day, from 0 on, and the elapsed time, in milliseconds. */
  readonly now: () => { readonly wall: number; readonly steady: number }
  /** Advances the time, and runs what is due in between, in order. */
  readonly advance: (duration: Duration.DurationInput) => Effect.Effect<void>
  /** Sets the wall clock forward, or back by a negative number of milliseconds. */
  readonly setWall: (byMillis: number) => void
  /** Suspends the machine: only the wall clock advances. */
  readonly suspend: (duration: Duration.DurationInput) => void
  /**
   * Lets every fiber run until it waits for time or for the test. Operations of WebCrypto, with which tokens are sealed and
   * assertions are signed, are waited for.
   */
  readonly settle: Effect.Effect<void>
  /** The number of fibers that sleep. */
  readonly sleepers: () => number
}

const settle = Effect.repeat(Effect.zipRight(turns.awaitAll, webCrypto.awaitInFlight), { while: (waited) => waited })

/**
 * Creates a clock at 0.
 *
 * @example
 * import { VirtualClock } from "@effect-oauth/testing"
 * import { Clock, Effect } from "effect"
 *
 * export const aDayLater = Effect.gen(function*() {
 *   const time = VirtualClock.make()
 *   yield* time.advance("1 day")
 *   return yield* Effect.withClock(Clock.currentTimeMillis, time.clock)
 * })
 *
 * @since 3.0.0
 * @category constructors
 */
export const make = (): VirtualClock => {
  turns.observe()
  webCrypto.observe()
  let wall = 0
  let steady = 0
  const sleepers = asleep.make()

  const sleep = (duration: Duration.Duration): Effect.Effect<void> =>
    Effect.async((resume) => {
      const remove = sleepers.add({ due: steady + Duration.toMillis(duration), wake: () => resume(Effect.void) })
      return Effect.sync(remove)
    })

  const moveTo = (to: number): void => {
    wall += to - steady
    steady = to
    let next: asleep.Sleeper | undefined
    while ((next = sleepers.take(to)) !== undefined) next.wake()
  }

  return {
    clock: clocks.make({
      wallMillis: () => wall,
      steadyNanos: () => BigInt(Math.round(steady * 1_000_000)),
      sleep
    }),
    now: () => ({ wall, steady }),
    settle,
    sleepers: sleepers.size,
    advance: (duration) =>
      Effect.gen(function*() {
        yield* settle
        const end = steady + Duration.toMillis(duration)
        while (sleepers.nextDue() <= end) {
          moveTo(Math.max(sleepers.nextDue(), steady))
          yield* settle
        }
        moveTo(end)
        yield* settle
      }),
    setWall: (byMillis) => {
      wall += byMillis
    },
    suspend: (duration) => {
      wall += Duration.toMillis(duration)
    }
  }
}
