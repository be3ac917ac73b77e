/**
 * Pauses of a schedule, one at a time. Nothing waits here: the caller decides when a pause begins.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
import * as Schedule from "effect/Schedule"

export interface Pauses<in Input> {
  /** Returns the next pause in milliseconds; undefined when the schedule ends, after which it restarts. */
  readonly next: (input: Input) => Effect.Effect<number | undefined>
  /** Starts the schedule again. */
  readonly reset: Effect.Effect<void>
}

type Step<Input> = (now: number, input: Input) => Effect.Effect<number | undefined>

/** Starts a schedule, whose steps return pauses in milliseconds, and nothing at its end. */
const begin = <Input>(schedule: Schedule.Schedule<unknown, Input>): Effect.Effect<Step<Input>> =>
  Effect.map(Schedule.toStep(schedule), (step) => (now, input) =>
    Pull.catchDone(
      Effect.map(step(now, input), ([, pause]): number | undefined => Duration.toMillis(pause)),
      () => Effect.succeed(undefined)
    ))

export const make = <Input>(schedule: Schedule.Schedule<unknown, Input>): Pauses<Input> => {
  let begun: Step<Input> | undefined
  const reset = Effect.sync(() => {
    begun = undefined
  })
  return {
    reset,
    next: (input) =>
      Effect.gen(function*() {
        const step = begun ??= yield* begin(schedule)
        const pause = yield* step(yield* Clock.currentTimeMillis, input)
        if (pause === undefined) yield* reset
        return pause
      })
  }
}

/** Maximum number of steps. A growing schedule has reached its longest pause by then. */
const maxSteps = 100

/** Maximum pause of a schedule in milliseconds: 24 hours. */
const longestPause = 86_400_000

/**
 * Returns the pause in milliseconds after this many equal inputs, each of which came after the previous pause. For processes
 * that share a count, but not the state of a schedule.
 */
export const nth = <Input>(
  schedule: Schedule.Schedule<unknown, Input>,
  input: Input,
  count: number
): Effect.Effect<number> =>
  Effect.gen(function*() {
    let step = yield* begin(schedule)
    let now = yield* Clock.currentTimeMillis
    let pause = 0
    for (let at = 0; at < Math.min(count, maxSteps); at += 1) {
      const next = yield* step(now, input)
      if (next === undefined) step = yield* begin(schedule)
      pause = Math.min(longestPause, next ?? 0)
      now += pause
    }
    return pause
  })
