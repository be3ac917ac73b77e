/**
 * The pauses after failed token requests: those of a schedule, or what the server requires when that is longer.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Schedule from "effect/Schedule"

import type { TokenError } from "../../OAuthError.js"
import { obeyed } from "../protocol/retryAfter.js"
import * as pauses from "./pauses.js"

export interface Plan {
  /** Whether the schedule goes on. */
  readonly again: boolean
  /** Milliseconds. */
  readonly pause: number
}

export const make = (schedule: Schedule.Schedule<unknown, TokenError>, maxRetryAfter: number) => {
  const { next, reset } = pauses.make(schedule)
  return {
    reset,
    next: (error: TokenError): Effect.Effect<Plan> =>
      Effect.map(next(error), (pause) => {
        const wanted = obeyed(
          "retryAfter" in error && error.retryAfter !== undefined ? Duration.toMillis(error.retryAfter) : undefined,
          maxRetryAfter
        )
        return { again: pause !== undefined, pause: Math.max(pause ?? 0, wanted) }
      })
  }
}
