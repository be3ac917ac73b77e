/**
 * The results of `internal/protocol` as values of Effect.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"

import type { Result } from "../protocol/result.js"

/** The result as a value of Effect, with the error made of what it failed with. */
export const toEither = <A, P, E>(result: Result<A, P>, makeError: (problem: P) => E): Either.Either<A, E> =>
  result._tag === "Success" ? Either.right(result.value) : Either.left(makeError(result.error))

/** The result of a promise, which does not reject, as an `Effect`. */
export const fromPromise = <A, P, E>(
  evaluate: () => Promise<Result<A, P>>,
  makeError: (problem: P) => E
): Effect.Effect<A, E> => Effect.flatMap(Effect.promise(evaluate), (result) => toEither(result, makeError))
