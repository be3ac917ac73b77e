/**
 * The lifetime of a client: it may send requests as long as its scope is open. A client that is used longer, because its
 * layer was provided to a part of the program only, must send nothing and must not wait.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"

import { ClientClosed } from "../../OAuthError.js"

export interface Lifetime {
  /** Whether the scope has begun to close. */
  readonly hasEnded: () => boolean
  /** Closed as soon as the lifetime has ended, for fibers that end with it. */
  readonly scope: Scope.Scope
  /** Runs an effect; when the lifetime ends, it is interrupted and fails with `ClientClosed`. */
  readonly within: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | ClientClosed, R>
}

/** Makes a lifetime that ends when the scope of the context closes, before what was added to that scope earlier. */
export const make: Effect.Effect<Lifetime, never, Scope.Scope> = Effect.gen(function*() {
  const ended = yield* Deferred.make<never, ClientClosed>()
  const scope = yield* Scope.make()
  let hasEnded = false
  yield* Effect.addFinalizer((exit) =>
    Effect.suspend(() => {
      hasEnded = true
      return Effect.zipRight(Deferred.fail(ended, new ClientClosed()), Scope.close(scope, exit))
    })
  )
  return {
    hasEnded: () => hasEnded,
    scope,
    within: (effect) =>
      Effect.suspend(() => hasEnded ? new ClientClosed() : Effect.raceFirst(effect, Deferred.await(ended)))
  }
})

/** Makes a service whose methods end with the scope. */
export const limited = <S, E, R>(
  service: Effect.Effect<S, E, R>,
  limit: (service: S, within: Lifetime["within"]) => S
): Effect.Effect<S, E, R | Scope.Scope> => Effect.zipWith(service, make, (made, { within }) => limit(made, within))
