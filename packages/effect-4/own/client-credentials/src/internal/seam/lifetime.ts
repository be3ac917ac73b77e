/**
 * The lifetime of a client: it may send requests as long as its scope is open. A client that is used longer, because its
 * layer was provided to a part of the program only, must send nothing and must not wait.
 *
 * Work that no caller owns runs in the scope, with the services and settings that the layer was built with.
 */
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"

import { ClientClosed } from "../../OAuthError.js"
import { isRequestBound } from "../protocol/requestBound.js"

export interface Lifetime {
  /** Whether the scope has begun to close. */
  readonly hasEnded: () => boolean
  /** Runs an effect; when the lifetime ends, it is interrupted and fails with `ClientClosed`. */
  readonly within: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | ClientClosed, R>
  /**
   * Runs an effect in a fiber of the scope and completes `result` with what it returns, after `onEnd`. When the scope ends,
   * or has ended, `result` is completed with `ClientClosed`: no caller waits for ever. Where a fiber ends with the request
   * that began it, the end of the scope does not wait for it.
   */
  readonly fork: <A, E>(
    effect: Effect.Effect<A, E>,
    options: { readonly result: Deferred.Deferred<A, E | ClientClosed>; readonly onEnd: Effect.Effect<void> }
  ) => Effect.Effect<void>
}

/** A lifetime that several services of one client share. */
const Shared = Context.Reference<Lifetime | undefined>(
  "@effect-oauth/client-credentials/internal/seam/lifetime/Shared",
  { defaultValue: () => undefined }
)

/**
 * Makes a lifetime that ends when the scope of the context closes, before what was added to that scope earlier. Within
 * `share` it is the shared one.
 */
export const make: Effect.Effect<Lifetime, never, Scope.Scope> = Effect.suspend(() =>
  Effect.flatMap(Shared, (shared) => shared === undefined ? create : Effect.succeed(shared))
)

/** Makes services that share one lifetime: each of its own costs kilobytes. */
export const share = <A, E, R>(services: Effect.Effect<A, E, R>): Effect.Effect<A, E, R | Scope.Scope> =>
  Effect.flatMap(make, (lifetime) => Effect.provideService(services, Shared, lifetime))

const create: Effect.Effect<Lifetime, never, Scope.Scope> = Effect.gen(function*() {
  const layerContext = yield* Effect.context<never>()
  const isBound = isRequestBound()
  // Read without an effect on the path of every call; set once.
  let hasEnded = false
  // Made when an effect begins, and dropped with the last one: most clients are idle, and a process may have one for each
  // tenant.
  let running: { readonly ended: Deferred.Deferred<never, ClientClosed>; readonly scope: Scope.Closeable } | undefined
  let count = 0
  const begin = () => {
    count += 1
    return running ??= { ended: Deferred.makeUnsafe(), scope: Scope.makeUnsafe() }
  }
  const end = () => {
    count -= 1
    if (count === 0) running = undefined
  }
  yield* Scope.addFinalizerExit(yield* Effect.scope, (exit) =>
    Effect.suspend(() => {
      hasEnded = true
      if (running === undefined) return Effect.void
      const { ended, scope } = running
      // Those who wait for this go on at once, and the last of them drops what is running.
      Deferred.doneUnsafe(ended, Exit.fail(new ClientClosed()))
      return Scope.close(scope, exit)
    }))
  return {
    hasEnded: () => hasEnded,
    within: (effect) =>
      Effect.suspend(() =>
        hasEnded
          ? Effect.fail(new ClientClosed())
          : Effect.acquireUseRelease(
            Effect.sync(begin),
            ({ ended }) => Effect.raceFirst(effect, Deferred.await(ended)),
            () => Effect.sync(end)
          )
      ),
    // Uninterruptible: an effect that was started always completes its result. Its scope is made in the same step, so that
    // the end finds it.
    fork: (effect, { onEnd, result }) =>
      Effect.suspend(() =>
        hasEnded
          ? Effect.andThen(onEnd, Effect.asVoid(Deferred.fail(result, new ClientClosed())))
          : Effect.interruptible(effect).pipe(
            Effect.exit,
            Effect.flatMap((exit) =>
              Effect.andThen(onEnd, Deferred.done(result, hasEnded ? Exit.fail(new ClientClosed()) : exit))
            ),
            Effect.andThen(Effect.sync(isBound ? () => undefined : end)),
            Effect.updateContext((_: Context.Context<never>) => layerContext),
            isBound
              ? Effect.forkDetach({ uninterruptible: true })
              : Effect.forkIn(begin().scope, { uninterruptible: true }),
            Effect.asVoid
          )
      ).pipe(Effect.uninterruptible)
  }
})
