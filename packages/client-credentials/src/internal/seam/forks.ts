/**
 * Fibers that belong to no caller.
 */
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import * as FiberRefs from "effect/FiberRefs"
import * as FiberRefsPatch from "effect/FiberRefsPatch"
import type * as Scope from "effect/Scope"

/** Runs an effect with other services, settings and trace than those of its fiber. */
export type As = <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E>

/** Returns only the present values: those of earlier fibers would stay in memory until the scope of the client closes. */
const compacted = ({ locals }: FiberRefs.FiberRefs): FiberRefs.FiberRefs =>
  FiberRefs.unsafeMake(new Map(Array.from(locals, ([ref, [last]]) => [ref, [last]])))

/** Returns a function that runs effects as this fiber is now. The interruption state of the running fiber stays. */
export const asNow: Effect.Effect<As> = Effect.map(
  Effect.getFiberRefs,
  (refs): As => {
    const then = compacted(FiberRefs.delete(refs, FiberRef.interruptedCause))
    return (effect) =>
      Effect.flatMap(Effect.getFiberRefs, (own) =>
        Effect.zipRight(
          Effect.patchFiberRefs(FiberRefsPatch.diff(FiberRefs.delete(own, FiberRef.interruptedCause), then)),
          effect
        ))
  }
)

/** Starts an effect that is uninterruptible, in a scope or in none. In Effect 3, a fork inherits that. */
export const uninterruptible = <A, E>(effect: Effect.Effect<A, E>, scope?: Scope.Scope): Effect.Effect<void> =>
  Effect.uninterruptible(
    Effect.asVoid(scope === undefined ? Effect.forkDaemon(effect) : Effect.forkIn(effect, scope))
  )
