/**
 * The tokens of this process: asked for when there is none, shared by all callers, renewed before they expire, replaced
 * when they are refused.
 *
 * @since 0.1.0
 */
import * as Array from "effect/Array"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Layer from "effect/Layer"
import * as MutableHashMap from "effect/MutableHashMap"
import * as Option from "effect/Option"
import type * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"

import type { AccessToken } from "./AccessToken.js"
import * as parts from "./internal/config/parts.js"
import * as backOff from "./internal/seam/backOff.js"
import * as tokenCell from "./internal/seam/cachedToken.js"
import * as lifetimes from "./internal/seam/lifetime.js"
import { type InvalidConfig, validate } from "./InvalidConfig.js"
import { IssuanceBudget } from "./IssuanceBudget.js"
import type { TokenError } from "./OAuthError.js"
import { TokenEndpoint } from "./TokenEndpoint.js"
import * as TokenRequest from "./TokenRequest.js"

/**
 * What the cache does for its callers. A cache of your own is right when it keeps these promises.
 *
 * @since 0.1.0
 * @category models
 */
export interface TokenCache {
  /**
   * A usable token. Whoever finds one is never kept waiting and never fails, even while its renewal does. When there is
   * none, one request is made, however many callers wait; they share its outcome, failure too. Interrupting a caller
   * leaves that request to the others. After a failure the next request waits, by the back-off. After the scope of the
   * cache has ended it fails with `ClientClosed`, a call that waits too.
   */
  readonly get: Effect.Effect<AccessToken, TokenError>
  /**
   * A token that is not this one: another that is held already, or a new one, for instance after the client was given
   * more rights. Other callers go on with the one they have. If the server issues the same token again, it is that one.
   */
  readonly refresh: (than: AccessToken) => Effect.Effect<AccessToken, TokenError>
  /**
   * Says that the API refused this token. If it is still the one held, it is dropped; if a newer one has taken its place,
   * that stays. So any number of refusals of one token lead to one new token.
   *
   * The answer: will the next token be another one? False when this token was itself a replacement, and refused too
   * before a replacement helped: then it is kept, and the authorization server is left alone for a while.
   */
  readonly invalidate: (token: AccessToken) => Effect.Effect<boolean>
  /** Says that the API accepted this token on a replay, where it had refused the one before. */
  readonly confirm: (token: AccessToken) => Effect.Effect<void>
  /** The tokens held now, those that were asked for differently too: for revoking them, say. */
  readonly cached: Effect.Effect<ReadonlyArray<AccessToken>>
  /**
   * How it stands, for readiness probes and dashboards. It asks for nothing, and waits for nothing but the store, for a
   * second at most.
   */
  readonly health: Effect.Effect<Health>
  /**
   * Returns the cache of the tokens of another request. Each request has its own cached token, whichever of its
   * fields differs; equal requests share one. The most recently used ones are kept (`capacity`).
   */
  readonly withOverrides: (change: TokenRequest.Overrides) => TokenCache
}

/**
 * How the tokens of a client stand.
 *
 * @since 0.1.0
 * @category models
 */
export interface Health {
  /**
   * Whether calls can be made, as far as is known: there is a usable token, or nothing speaks against getting one. After
   * a failure it is false until a request succeeds, so a service that gets no calls meanwhile must run `get` itself.
   */
  readonly isReady: boolean
  /** Whether there is a token that can be used now. */
  readonly hasToken: boolean
  /** Until the token expires; undefined when there is none to be used. */
  readonly expiresIn: Duration.Duration | undefined
  /** Why the last token request failed; undefined when it succeeded. */
  readonly lastFailure: TokenError | undefined
  /** For how long the authorization server is left alone after a failure; undefined when it is not. */
  readonly pausedFor: Duration.Duration | undefined
  /** For how long refused tokens are not replaced, since a replacement was refused too; undefined when they are. */
  readonly latchedFor: Duration.Duration | undefined
  /** How many tokens may still be asked for; undefined when nobody counts (`IssuanceBudget`) or the store is away. */
  readonly budgetLeft: number | undefined
}

/**
 * The cached tokens of one client.
 *
 * @since 0.1.0
 * @category tags
 */
export const TokenCache = Context.GenericTag<TokenCache>("@effect-oauth/client-credentials/TokenCache")

/**
 * The rules of a token's life. All have defaults.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * How long before its expiry a token is renewed in the background, at most. Default: 5 minutes, which outlasts most
   * restarts of an authorization server. The first call in this time begins the renewal; without calls there is none.
   */
  readonly refreshBefore?: Duration.DurationInput | undefined
  /** The same as a fraction of the token's life, for short lives. Default: 1/5, so that a token of 45 s is reused. */
  readonly refreshFraction?: number | undefined
  /** How long before its expiry a token is no longer used, at most: a call under way must still arrive. Default: 10 s. */
  readonly expiryBuffer?: Duration.DurationInput | undefined
  /** The same as a fraction of the token's life. Default: 1/10. */
  readonly expiryBufferFraction?: number | undefined
  /**
   * The pauses after failed requests, the first after the first failure; it starts anew after a success. Its input is
   * the failure. A longer `Retry-After` of the server prevails. Where it ends, callers who wait get the failure, and it
   * starts anew. Default: from half a second, doubled, up to a minute, each up to a fifth longer or shorter so that
   * processes which failed together do not come back together.
   */
  readonly backOff?: Schedule.Schedule<unknown, TokenError> | undefined
  /**
   * For how long a request that failed and may be repeated is, while callers wait. Default: 5 seconds, so that a
   * failover goes unnoticed and an outage is reported soon. With 0 the first failure is reported.
   */
  readonly retryTimeout?: Duration.DurationInput | undefined
  /** The end of each request, whatever the `TokenEndpoint` promises. Default: 1 minute. */
  readonly requestTimeout?: Duration.DurationInput | undefined
  /** The longest `Retry-After` that is obeyed, so that a mistake of the server does not end a service. Default: 1 hour. */
  readonly maxRetryAfter?: Duration.DurationInput | undefined
  /**
   * When the API refuses a token that replaced a refused one, no other is asked for until this long after it was issued;
   * the next such pause is the next of these, and the last is repeated. A replay that succeeds opens the way again.
   * Default: 1 minute, 10 minutes, 2 hours, 12 hours, so that an API which refuses everything costs 6 tokens on the first
   * day and then 2 a day.
   *
   * The same pauses follow when tokens that worked are rejected within an hour and in the first half of their life, three
   * times in a row: mostly the server keeps one token per client, and another client instance requests tokens too. Two
   * such processes cost at most 14 tokens in the first hour and 18 on the first day, with tokens that live a day. A token
   * that is used until its refresh ends this.
   */
  readonly rejectionPauses?: ReadonlyArray<Duration.DurationInput> | undefined
  /** How many tokens that were asked for differently (`withOverrides`) are kept. Default: 100. */
  readonly capacity?: number | undefined
}

/**
 * A cache over the `TokenEndpoint` of the context. Token requests run in the scope, not in the fiber of a caller: they
 * survive the caller's interruption and end with the scope.
 *
 * @example
 * import { TokenCache } from "@effect-oauth/client-credentials"
 * import { Effect } from "effect"
 *
 * export const expiry = Effect.gen(function*() {
 *   const cache = yield* TokenCache.make({ refreshBefore: "1 hour" })
 *   const token = yield* cache.get
 *   return new Date(token.expiresAt)
 * })
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options: Options = {}
): Effect.Effect<TokenCache, InvalidConfig, TokenEndpoint | Scope.Scope> =>
  Effect.gen(function*() {
    const policy = yield* validate(parts.tokenCache, options)
    const { request, requestToken } = yield* TokenEndpoint
    const budget = yield* Effect.serviceOption(IssuanceBudget)
    const surroundings: tokenCell.Surroundings = {
      requestToken,
      policy,
      backOffOptions: {
        schedule: options.backOff ?? backOff.defaultOptions.schedule,
        maxRetryAfter: policy.maxRetryAfter
      },
      lifetime: yield* lifetimes.make,
      fiberRefs: yield* Effect.getFiberRefs
    }
    const configured = tokenCell.make(request, surroundings)

    // The cached tokens of other requests, the most recently used one last. The key is the whole request, by `Equal`.
    const cells = MutableHashMap.empty<TokenRequest.TokenRequest, tokenCell.TokenCell>()
    const cellFor = (wanted: TokenRequest.TokenRequest) =>
      Effect.gen(function*() {
        if (Equal.equals(wanted, request)) return configured
        const cell = Option.getOrElse(MutableHashMap.get(cells, wanted), () => tokenCell.make(wanted, surroundings))
        MutableHashMap.remove(cells, wanted)
        MutableHashMap.set(cells, wanted, cell)
        if (MutableHashMap.size(cells) > policy.capacity) {
          for (const [other, { isIdle }] of Array.fromIterable(cells)) {
            if (MutableHashMap.size(cells) <= policy.capacity) break
            if (!Equal.equals(other, wanted) && (yield* isIdle)) MutableHashMap.remove(cells, other)
          }
        }
        return cell
      })

    const cached = Effect.suspend(() =>
      Effect.map(
        Effect.forEach([configured, ...MutableHashMap.values(cells)], ({ cached }) => cached),
        Array.filter((token) => token !== undefined)
      )
    )

    const budgetNow = Effect.timeoutTo(Option.isNone(budget) ? Effect.succeed(undefined) : budget.value.left, {
      duration: "1 second",
      onSuccess: (left) => left,
      onTimeout: () => undefined
    })

    const healthOf = (cell: tokenCell.TokenCell): Effect.Effect<Health> =>
      Effect.zipWith(cell.health, budgetNow, (health, left) => {
        const duration = (millis: number | undefined) => millis === undefined ? undefined : Duration.millis(millis)
        return {
          isReady: health.isUsable || (health.lastFailure === undefined && left !== 0),
          hasToken: health.isUsable,
          expiresIn: duration(health.expiresIn),
          lastFailure: health.lastFailure,
          pausedFor: duration(health.pausedFor),
          latchedFor: duration(health.latchedFor),
          budgetLeft: left
        }
      })

    const service = (wanted: TokenRequest.TokenRequest, cell: Effect.Effect<tokenCell.TokenCell>): TokenCache => ({
      get: Effect.flatMap(cell, ({ get }) => get),
      refresh: (token) => Effect.flatMap(cell, ({ refresh }) => refresh(token)),
      invalidate: (token) => Effect.flatMap(cell, ({ rejected }) => rejected(token)),
      confirm: (token) => Effect.flatMap(cell, ({ accepted }) => accepted(token)),
      cached,
      health: Effect.flatMap(cell, healthOf),
      withOverrides: (change) => {
        const changed = TokenRequest.override(wanted, change)
        return service(changed, cellFor(changed))
      }
    })
    const { get } = configured
    return { ...service(request, Effect.succeed(configured)), get }
  })

/**
 * The cache as a layer, with rules of your own.
 *
 * @example
 * import { TokenCache } from "@effect-oauth/client-credentials"
 *
 * export const Careful = TokenCache.layer({ refreshBefore: "1 hour", retryTimeout: "30 seconds" })
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options?: Options): Layer.Layer<TokenCache, InvalidConfig, TokenEndpoint> =>
  Layer.scoped(TokenCache, make(options))
