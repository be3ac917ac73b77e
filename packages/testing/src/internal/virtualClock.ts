/**
 * A clock that moves when it is told to, in no time: its wall clock can be set, and its steady clock can stand still, as
 * both do on real machines. `TestClock` waits for real timers at every step, which is too slow for thousands of runs.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

export interface VirtualClock {
  readonly clock: Clock.Clock
  /** In milliseconds. */
  readonly now: () => { readonly wall: number; readonly steady: number }
  /** Lets this many milliseconds pass, and everything happen that was to happen meanwhile, in order. */
  readonly advance: (millis: number) => Effect.Effect<void>
  /** Sets the wall clock forward or back. */
  readonly setWall: (by: number) => void
  /** The machine sleeps: only the wall clock goes on. */
  readonly suspend: (millis: number) => void
  /** Lets every fiber run until it waits. */
  readonly settle: Effect.Effect<void>
}

// Fibers run in microtasks; this comes after all of them.
const settle = Effect.async<void>((resume) => {
  setImmediate(() => resume(Effect.void))
})

export const make = (): VirtualClock => {
  let wall = 0
  let steady = 0
  let sleepers: ReadonlyArray<{ readonly due: number; readonly wake: () => void }> = []

  const sleep = (duration: Duration.Duration): Effect.Effect<void> =>
    Effect.async((resume) => {
      const sleeper = { due: steady + Duration.toMillis(duration), wake: () => resume(Effect.void) }
      sleepers = [...sleepers, sleeper]
      return Effect.sync(() => {
        sleepers = sleepers.filter((other) => other !== sleeper)
      })
    })

  const moveTo = (to: number): void => {
    wall += to - steady
    steady = to
    const awake = sleepers.filter(({ due }) => due <= to)
    sleepers = sleepers.filter(({ due }) => due > to)
    for (const { wake } of awake) wake()
  }

  const live = Clock.make()
  const clock: Clock.Clock = {
    ...live,
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    unsafeCurrentTimeMillis: () => wall,
    unsafeCurrentTimeNanos: () => BigInt(Math.round(steady * 1_000_000)),
    currentTimeMillis: Effect.sync(() => wall),
    currentTimeNanos: Effect.sync(() => BigInt(Math.round(steady * 1_000_000))),
    sleep
  }

  return {
    clock,
    now: () => ({ wall, steady }),
    settle,
    advance: (millis) =>
      Effect.gen(function*() {
        yield* settle
        const end = steady + millis
        let next: number
        while ((next = Math.min(...sleepers.map(({ due }) => due), Infinity)) <= end) {
          moveTo(Math.max(next, steady))
          yield* settle
        }
        moveTo(end)
        yield* settle
      }),
    setWall: (by) => {
      wall += by
    },
    suspend: (millis) => {
      wall += millis
    }
  }
}
