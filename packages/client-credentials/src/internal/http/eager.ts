/**
 * Continuations without another step of the fiber, on the path of every call.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"

/** Continues with the value of an effect: at once if it has succeeded already. */
export const flatMap = <A, E, R, A2, E2, R2>(
  effect: Effect.Effect<A, E, R>,
  next: (value: A) => Effect.Effect<A2, E2, R2>
): Effect.Effect<A2, E | E2, R | R2> =>
  Exit.isExit(effect) && Exit.isSuccess(effect) ? next(effect.value as A) : Effect.flatMap(effect, next)
