/**
 * Pauses of a schedule, one at a time. Nothing waits here: the caller decides when a pause begins.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import type * as Schedule from "effect/Schedule"
import * as ScheduleDecision from "effect/ScheduleDecision"
import * as ScheduleIntervals from "effect/ScheduleIntervals"

export interface Pauses<in Input> {
  /** Returns the next pause in milliseconds; undefined when the schedule ends, after which it restarts. */
  readonly next: (input: Input) => Effect.Effect<number | undefined>
  /** Starts the schedule again. */
  readonly reset: Effect.Effect<void>
}

export const make = <Input>(schedule: Schedule.Schedule<unknown, Input>): Pauses<Input> => {
  const ref = Ref.unsafeMake<unknown>(schedule.initial)
  const reset = Ref.set(ref, schedule.initial)
  return {
    reset,
    next: (input) =>
      Effect.gen(function*() {
        const now = yield* Clock.currentTimeMillis
        const [state, , decision] = yield* schedule.step(now, input, yield* Ref.get(ref))
        if (ScheduleDecision.isDone(decision)) {
          yield* reset
          return undefined
        }
        yield* Ref.set(ref, state)
        return Math.max(0, ScheduleIntervals.start(decision.intervals) - now)
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
    let state: unknown = schedule.initial
    let now = yield* Clock.currentTimeMillis
    let pause = 0
    for (let step = 0; step < Math.min(count, maxSteps); step += 1) {
      const [next, , decision] = yield* schedule.step(now, input, state)
      const isDone = ScheduleDecision.isDone(decision)
      pause = isDone ? 0 : Math.min(longestPause, Math.max(0, ScheduleIntervals.start(decision.intervals) - now))
      state = isDone ? schedule.initial : next
      now += pause
    }
    return pause
  })
