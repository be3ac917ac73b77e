/**
 * Reading from the fiber at hand, on paths where another effect for it would be noticed.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"

/** What is not waited for when it is interrupted: a source that answers nothing, not even an interruption. */
export const abandonable = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(Effect.forkDetach(restore(effect), { startImmediately: true }), (fiber) =>
      Effect.onInterrupt(
        restore(Fiber.join(fiber)),
        () => Effect.sync(() => fiber.interruptUnsafe())
      ))
  )

/** Continues with the value of a reference in the context of the caller. */
export const withReference = <S, A, E, R>(
  reference: Context.Reference<S>,
  use: (value: S) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> => Effect.withFiber((fiber) => use(fiber.getRef(reference)))
