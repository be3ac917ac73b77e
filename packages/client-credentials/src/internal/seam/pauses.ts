/**
 * The pauses of a schedule, one at a time. Nothing waits here: the caller decides when a pause begins.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import type * as Schedule from "effect/Schedule"
import * as ScheduleDecision from "effect/ScheduleDecision"
import * as ScheduleIntervals from "effect/ScheduleIntervals"

export interface Pauses<in Input> {
  /** Returns the next pause in milliseconds; undefined where the schedule ends. After that it starts again. */
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
