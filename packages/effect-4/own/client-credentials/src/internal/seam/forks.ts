/**
 * Fibers that belong to no caller. In Effect 4, a fork does not inherit that it is uninterruptible, and a fiber has one context
 * of services, settings and trace.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** Runs an effect with other services, settings and trace than those of its fiber. */
export type As = <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E>

/** Returns a function that runs effects as this fiber is now. The interruption state of the running fiber stays. */
export const asNow: Effect.Effect<As> = Effect.map(
  Effect.context<never>(),
  (context): As => (effect) => Effect.updateContext(effect, (_: Context.Context<never>) => context)
)

/** Starts an effect that is uninterruptible, in a scope or in none. */
export const uninterruptible = <A, E>(effect: Effect.Effect<A, E>, scope?: Scope.Scope): Effect.Effect<void> =>
  Effect.asVoid(
    scope === undefined
      ? Effect.forkDetach(effect, { uninterruptible: true })
      : Effect.forkIn(effect, scope, { uninterruptible: true })
  )
