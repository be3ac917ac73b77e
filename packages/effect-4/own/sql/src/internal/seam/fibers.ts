/**
 * Fibers that are not waited for.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"

/** Makes an interruption return without waiting for the effect, such as a driver that never completes. */
export const abandonable = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(Effect.forkDetach(restore(effect), { startImmediately: true }), (fiber) =>
      Effect.onInterrupt(
        restore(Fiber.join(fiber)),
        () => Effect.sync(() => fiber.interruptUnsafe())
      ))
  )
