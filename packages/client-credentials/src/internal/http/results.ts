/**
 * Converts results of `internal/protocol` to values of Effect.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"

import type { Result } from "../protocol/result.js"

/** Converts a result, with an error created from its problem. */
export const toEither = <A, P, E>(result: Result<A, P>, makeError: (problem: P) => E): Either.Either<A, E> =>
  result._tag === "Success" ? Either.right(result.value) : Either.left(makeError(result.error))

/** Converts a promise of a result, which does not reject. */
export const fromPromise = <A, P, E>(
  evaluate: () => Promise<Result<A, P>>,
  makeError: (problem: P) => E
): Effect.Effect<A, E> => Effect.flatMap(Effect.promise(evaluate), (result) => toEither(result, makeError))
