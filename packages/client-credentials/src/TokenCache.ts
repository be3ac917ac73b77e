/**
 * The token of this process: asked for when there is none, shared by all callers, replaced when it is refused.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"

import type { AccessToken } from "./AccessToken.js"
import * as cacheState from "./internal/cacheState.js"
import type { TokenError } from "./OAuthError.js"
import { TokenEndpoint } from "./TokenEndpoint.js"

/**
 * What the cache does for its callers. A cache of your own is right when it keeps the two promises below.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /**
   * A usable token. When there is none, one request is made, however many callers wait for it; they share its outcome,
   * failure too. Interrupting a caller leaves that request to the others. A failure is not remembered.
   */
  readonly get: Effect.Effect<AccessToken, TokenError>
  /**
   * Says that the API refused this token. It is dropped if it is still the one in the cache; if a newer one has taken
   * its place, nothing happens. So any number of refusals of one token lead to one new token.
   */
  readonly invalidate: (rejected: AccessToken) => Effect.Effect<void>
}

/**
 * The cached token of one client.
 *
 * @since 0.1.0
 * @category tags
 */
export class TokenCache extends Context.Tag("@effect-oauth/client-credentials/TokenCache")<TokenCache, Service>() {}

type Flight = Deferred.Deferred<AccessToken, TokenError>

/**
 * A cache over the `TokenEndpoint` of the context. Token requests run in the scope, not in the fiber of a caller: they
 * survive the caller's interruption and end with the scope.
 *
 * @example
 * import { TokenCache } from "@effect-oauth/client-credentials"
 * import { Effect } from "effect"
 *
 * export const expiry = Effect.gen(function*() {
 *   const cache = yield* TokenCache.make
 *   const token = yield* cache.get
 *   return new Date(token.expiresAt)
 * })
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<Service, never, TokenEndpoint | Scope.Scope> = Effect.gen(function*() {
  const { requestToken } = yield* TokenEndpoint
  const scope = yield* Effect.scope
  const context = yield* Effect.context<never>()
  const ref = yield* Ref.make<cacheState.State<Flight>>(cacheState.empty)

  const send = (event: cacheState.Event<Flight>) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) =>
      Ref.modify(ref, (state) => {
        const [next, command] = cacheState.step(state, now, event)
        return [command, next] as const
      }))

  // The state changes before the callers are woken, so that whoever asks after a failure begins a flight of its own.
  const land = (flight: Flight) => (exit: Exit.Exit<AccessToken, TokenError>) =>
    Effect.zipRight(
      send(Exit.isSuccess(exit) ? { _tag: "Issued", flight, token: exit.value } : { _tag: "Failed", flight }),
      Deferred.done(flight, exit)
    )

  // The services and the trace are those of the layer: a flight serves many callers and belongs to none of them.
  const begin = (flight: Flight) =>
    Effect.interruptible(requestToken).pipe(
      Effect.withSpan("oauth.token.flight", { root: true, captureStackTrace: false }),
      Effect.mapInputContext((_: Context.Context<never>) => context),
      Effect.exit,
      Effect.flatMap(land(flight)),
      Effect.forkIn(scope)
    )

  // Uninterruptible from the decision to the fork, and the fork inherits that: a flight once begun always lands.
  const askAndWait = Effect.uninterruptibleMask((restore) =>
    Effect.gen(function*() {
      const command = yield* send({ _tag: "Asked", flight: yield* Deferred.make<AccessToken, TokenError>() })
      switch (command._tag) {
        case "Serve":
          return command.token
        case "Begin":
          yield* begin(command.flight)
          return yield* restore(Deferred.await(command.flight))
        case "Join":
          return yield* restore(Deferred.await(command.flight))
        case "Nothing":
          return yield* Effect.dieMessage("a caller who asks is always answered")
      }
    })
  )

  const get = Effect.clockWith((clock) =>
    Effect.flatMap(Ref.get(ref), (state) => {
      const token = cacheState.usable(state, clock.unsafeCurrentTimeMillis())
      return token === undefined ? askAndWait : Effect.succeed(token)
    })
  )

  return {
    get,
    invalidate: (token) => Effect.asVoid(send({ _tag: "Rejected", token }))
  }
})

/**
 * The cache as a layer.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<TokenCache, never, TokenEndpoint> = Layer.scoped(TokenCache, make)
