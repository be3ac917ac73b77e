/**
 * The time that the requests of a command may take.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

import * as durationText from "./durationText.js"
import { Failure, usage } from "./Failure.js"

export interface Options {
  readonly timeout: Option.Option<string>
}

const remedies = {
  api: "Allow more time, or check the API.",
  authorizationServer: "Allow more time, or check the authorization server: effect-oauth doctor."
} as const

const limitOf = ({ timeout }: Options): Effect.Effect<number | undefined, Failure> => {
  if (Option.isNone(timeout)) return Effect.succeed(undefined)
  const millis = Option.getOrUndefined(durationText.read(timeout.value))
  return millis === undefined || millis <= 0
    ? Effect.fail(usage(`--timeout ${timeout.value} is not a duration.`, "Write 10s, 500ms or 2min."))
    : Effect.succeed(millis)
}

/** Ends the requests after `--timeout`, with a failure of this outcome. */
export const within =
  (options: Options, outcome: keyof typeof remedies) =>
  <A, E, R>(requests: Effect.Effect<A, E, R>): Effect.Effect<A, E | Failure, R> =>
    Effect.flatMap(limitOf(options), (limit) =>
      limit === undefined ? requests : Effect.timeoutFail(requests, {
        duration: limit,
        onTimeout: () =>
          new Failure({
            outcome,
            message: `The command was not finished within --timeout ${Option.getOrElse(options.timeout, () => "")}.`,
            remedy: remedies[outcome]
          })
      }))
