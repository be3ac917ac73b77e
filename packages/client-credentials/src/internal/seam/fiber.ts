/**
 * Reading from the fiber at hand, on paths where another effect for it would be noticed.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

/** What is not waited for when it is interrupted: a source that answers nothing, not even an interruption. */
export const abandonable: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R> = Effect.disconnect

/** Continues with the value of a reference in the context of the caller. */
export const withReference = <I, S, A, E, R>(
  reference: Context.Reference<I, S>,
  use: (value: S) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> => Effect.withFiberRuntime((fiber) => use(Context.get(fiber.currentContext, reference)))
