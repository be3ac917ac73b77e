/**
 * The turns of fibers: when all that can run has run.
 */
import * as Effect from "effect/Effect"

/** Observes the turns from now on. Nothing needs to be observed in Effect 3. */
export const observe = (): void => undefined

/** Waits until no fiber can run. Fibers run in microtasks; this comes after all of them. */
export const awaitAll: Effect.Effect<void> = Effect.async((resume) => {
  setImmediate(() => resume(Effect.void))
})
