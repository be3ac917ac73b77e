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

/** A fiber while it runs an effect. */
export type Running = Fiber.Fiber<unknown, unknown>

/** Continues with the fiber at hand. */
export const withFiber: <A, E, R>(use: (fiber: Running) => Effect.Effect<A, E, R>) => Effect.Effect<A, E, R> =
  Effect.withFiber

/** The value of a reference in the context of the caller. */
export const valueOf = <S>(fiber: Running, reference: Context.Reference<S>): S => fiber.getRef(reference)
