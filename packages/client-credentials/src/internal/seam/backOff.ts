/**
 * A schedule of pauses which is asked how long to wait, and does not wait itself.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import type * as Schedule from "effect/Schedule"
import * as ScheduleDecision from "effect/ScheduleDecision"
import * as ScheduleIntervals from "effect/ScheduleIntervals"

import type { TokenError } from "../../OAuthError.js"
import { obeyed } from "../protocol/retryAfter.js"

export interface Plan {
  /** Whether the schedule goes on. */
  readonly again: boolean
  /** Milliseconds. */
  readonly pause: number
}

export const make = (schedule: Schedule.Schedule<unknown, TokenError>, maxRetryAfter: number) => {
  const ref = Ref.unsafeMake<unknown>(schedule.initial)
  const reset = Ref.set(ref, schedule.initial)

  return {
    reset,
    next: (error: TokenError): Effect.Effect<Plan> =>
      Effect.gen(function*() {
        const now = yield* Clock.currentTimeMillis
        const [state, , decision] = yield* schedule.step(now, error, yield* Ref.get(ref))
        const again = ScheduleDecision.isContinue(decision)
        yield* again ? Ref.set(ref, state) : reset
        const wanted = obeyed(
          "retryAfter" in error && error.retryAfter !== undefined ? Duration.toMillis(error.retryAfter) : undefined,
          maxRetryAfter
        )
        const planned = ScheduleDecision.isContinue(decision) ? ScheduleIntervals.start(decision.intervals) - now : 0
        return { again, pause: Math.max(planned, wanted) }
      })
  }
}
