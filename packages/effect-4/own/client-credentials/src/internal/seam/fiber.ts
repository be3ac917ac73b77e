/**
 * Reads from the current fiber, on paths where another effect would be a measurable cost.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"

/** Makes an interruption return without waiting for the effect, such as a source that never completes. */
export const abandonable = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(Effect.forkDetach(restore(effect), { startImmediately: true }), (fiber) =>
      Effect.onInterrupt(
        restore(Fiber.join(fiber)),
        () => Effect.sync(() => fiber.interruptUnsafe())
      ))
  )

/** Fiber that runs an effect. */
export type Running = Fiber.Fiber<unknown, unknown>

/** Continues with the current fiber. */
export const withFiber: <A, E, R>(use: (fiber: Running) => Effect.Effect<A, E, R>) => Effect.Effect<A, E, R> =
  Effect.withFiber

/** Returns the value of a reference in the context of the caller. */
export const valueOf = <S>(fiber: Running, reference: Context.Reference<S>): S => fiber.getRef(reference)
