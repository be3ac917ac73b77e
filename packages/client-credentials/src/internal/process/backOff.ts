/**
 * Pauses after failed token requests: those of a schedule, or a longer one that the server requires.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"

import type { TokenError } from "../../OAuthError.js"
import * as tokenErrors from "../models/tokenErrors.js"
import { longestObeyed } from "../protocol/retryAfter.js"
import * as pauses from "../seam/pauses.js"
import { defaults, pauseOf } from "../token/backOff.js"

export interface Options {
  readonly schedule: Schedule.Schedule<unknown, TokenError>
  /** Maximum `Retry-After` in milliseconds that is obeyed. */
  readonly maxRetryAfter: number
}

/** Default back-off. Each pause varies by up to a fifth, so that processes that failed together do not retry together. */
export const defaultOptions: Options = {
  schedule: Schedule.exponential(Duration.millis(defaults.first), defaults.factor).pipe(
    Schedule.either(Schedule.spaced(Duration.millis(defaults.longest))),
    Schedule.jittered
  ),
  maxRetryAfter: longestObeyed
}

export interface Plan {
  /** True if the schedule continues. */
  readonly again: boolean
  /** Pause in milliseconds. */
  readonly pause: number
  /** The part of it that the server requires (`Retry-After`), in milliseconds. */
  readonly demanded: number
}

/** Back-off of one process, from the first failure to the next success. */
export interface BackOff {
  /** Takes the next step of the schedule. */
  readonly next: (error: TokenError) => Effect.Effect<Plan>
}

export const make = ({ maxRetryAfter, schedule }: Options): BackOff => {
  const { next } = pauses.make(schedule)
  return {
    next: (error: TokenError): Effect.Effect<Plan> =>
      Effect.map(next(error), (planned) => {
        const limits = { retryAfter: tokenErrors.retryAfterOf(error), maxRetryAfter }
        return {
          again: planned !== undefined,
          pause: pauseOf({ planned: planned ?? 0, ...limits }),
          demanded: pauseOf({ planned: 0, ...limits })
        }
      })
  }
}

/**
 * Returns the back-off of processes that share only the number of consecutive failures: the pause in milliseconds after the
 * last of them.
 */
export const afterFailures =
  ({ maxRetryAfter, schedule }: Options) => (error: TokenError, failures: number): Effect.Effect<number> =>
    Effect.map(
      pauses.nth(schedule, error, failures),
      (planned) => pauseOf({ planned, retryAfter: tokenErrors.retryAfterOf(error), maxRetryAfter })
    )
