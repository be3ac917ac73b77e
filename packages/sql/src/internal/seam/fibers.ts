/**
 * Fibers that are not waited for.
 */
import * as Effect from "effect/Effect"

/** What is not waited for when it is interrupted: a driver that answers nothing, not even an interruption. */
export const abandonable: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R> = Effect.disconnect
