/**
 * Reads from the current fiber, on paths where another effect would be a measurable cost.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"

/** Makes an interruption return without waiting for the effect, such as a source that never completes. */
export const abandonable: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R> = Effect.disconnect

/** Fiber that runs an effect. */
export type Running = Fiber.RuntimeFiber<unknown, unknown>

/** Continues with the current fiber. */
export const withFiber: <A, E, R>(use: (fiber: Running) => Effect.Effect<A, E, R>) => Effect.Effect<A, E, R> =
  Effect.withFiberRuntime

/** Returns the value of a reference in the context of the caller. */
export const valueOf = <I, S>(fiber: Running, reference: Context.Reference<I, S>): S =>
  Context.get(fiber.currentContext, reference)
