/**
 * Lifetime of a client. A client may send requests while its scope is open. When it is used after that, because its layer was
 * provided to a part of the program only, it must send nothing and must not wait.
 *
 * Work that belongs to no caller runs in the scope, with the services and settings that the layer was built with.
 */
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"
import * as Scope from "effect/Scope"

import { ClientClosed } from "../../OAuthError.js"
import { isRequestBound } from "../protocol/edgeRuntime.js"
import * as forks from "../seam/forks.js"

/** Work that has started and has not ended. */
interface Running {
  readonly ended: Deferred.Deferred<never, ClientClosed>
  readonly scope: Scope.CloseableScope
}

/** A class, since a program may have thousands of instances: its functions exist once. */
export class Lifetime {
  private readonly isBound = isRequestBound()
  // Read synchronously on the path of every call; set once.
  private isOver = false
  // Created when an effect starts, and dropped with the last one: most clients are idle, and a process may have one for
  // each tenant.
  private running: Running | undefined
  private count = 0

  constructor(private readonly asLayer: forks.As) {}

  private begin(): Running {
    this.count += 1
    return this.running ??= { ended: Deferred.unsafeMake(FiberId.none), scope: Effect.runSync(Scope.make()) }
  }

  private end(): void {
    this.count -= 1
    if (this.count === 0) this.running = undefined
  }

  /** Ends the lifetime, and all that runs within it. */
  close(exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.isOver = true
      if (this.running === undefined) return Effect.void
      const { ended, scope } = this.running
      // On Effect 4, fibers that wait for this continue immediately, and the last of them drops `running`.
      Deferred.unsafeDone(ended, Exit.fail(new ClientClosed()))
      return Scope.close(scope, exit)
    })
  }

  /** Returns whether the scope has begun to close. */
  hasEnded(): boolean {
    return this.isOver
  }

  /** Runs an effect; when the lifetime ends, it is interrupted and fails with `ClientClosed`. */
  within<A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | ClientClosed, R> {
    return Effect.suspend((): Effect.Effect<A, E | ClientClosed, R> =>
      this.isOver
        ? new ClientClosed()
        : Effect.acquireUseRelease(
          Effect.sync(() => this.begin()),
          ({ ended }) => Effect.raceFirst(effect, Deferred.await(ended)),
          () => Effect.sync(() => this.end())
        )
    )
  }

  /**
   * Runs an effect in a fiber of the scope and completes `result` with its result, after `onEnd`. When the scope ends, or has
   * ended, `result` is completed with `ClientClosed`, so no caller waits for ever. On platforms where a fiber ends with the
   * request that started it, the end of the scope does not wait for it.
   */
  fork<A, E>(
    effect: Effect.Effect<A, E>,
    { onEnd, result }: { readonly result: Deferred.Deferred<A, E | ClientClosed>; readonly onEnd: Effect.Effect<void> }
  ): Effect.Effect<void> {
    // Uninterruptible: an effect that was started always completes its result. Its scope is created in the same step, so that
    // the finalizer finds it.
    return Effect.suspend(() => {
      if (this.isOver) return Effect.zipRight(onEnd, Effect.asVoid(Deferred.fail(result, new ClientClosed())))
      const completed = Effect.interruptible(effect).pipe(
        Effect.exit,
        Effect.flatMap((exit) =>
          Effect.zipRight(onEnd, Deferred.done(result, this.isOver ? Exit.fail(new ClientClosed()) : exit))
        ),
        this.asLayer
      )
      return this.isBound
        ? forks.uninterruptible(completed)
        : forks.uninterruptible(Effect.tap(completed, Effect.sync(() => this.end())), this.begin().scope)
    }).pipe(Effect.uninterruptible)
  }
}

/** Lifetime that is shared by several services of one client. */
class Shared extends Context.Reference<Shared>()("@effect-oauth/client-credentials/internal/process/lifetime/Shared", {
  defaultValue: (): Lifetime | undefined => undefined
}) {}

/**
 * Creates a lifetime that ends when the scope of the context closes, before the finalizers that were added to that scope
 * earlier. Within `share`, returns the shared lifetime.
 */
export const make: Effect.Effect<Lifetime, never, Scope.Scope> = Effect.suspend(() =>
  Effect.flatMap(Shared, (shared) => shared === undefined ? create : Effect.succeed(shared))
)

/** Creates services that share one lifetime, since each lifetime costs kilobytes. */
export const share = <A, E, R>(services: Effect.Effect<A, E, R>): Effect.Effect<A, E, R | Scope.Scope> =>
  Effect.flatMap(make, (lifetime) => Effect.provideService(services, Shared, lifetime))

const create: Effect.Effect<Lifetime, never, Scope.Scope> = Effect.gen(function*() {
  const lifetime = new Lifetime(yield* forks.asNow)
  // Unlike `Effect.addFinalizer`, this holds no settings of the fiber.
  yield* Scope.addFinalizerExit(yield* Effect.scope, (exit) => lifetime.close(exit))
  return lifetime
})
