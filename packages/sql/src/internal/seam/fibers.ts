/**
 * Fibers that are not waited for.
 */
import * as Effect from "effect/Effect"

/** Makes an interruption return without waiting for the effect, such as a driver that never completes. */
export const abandonable: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R> = Effect.disconnect
