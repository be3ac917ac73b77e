/**
 * The token cache of this process: requests a token when there is none, shares it between all callers, refreshes it
 * before it expires, and replaces it when the API rejects it.
 *
 * **When to use**
 *
 * Use `TokenCache.get` for protocols other than HTTP, and `health` for readiness probes. Calls of an API use
 * `ApiClient`.
 *
 * **Gotchas**
 *
 * Call `get` whenever a token is needed, and do not keep what it returns. Pass tokens that another protocol rejects to
 * `invalidate`.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-5.1 | RFC 6749 section 5.1}
 * @see {@link https://www.rfc-editor.org/rfc/rfc6750#section-3.1 | RFC 6750 section 3.1}
 * @since 3.0.0
 */
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Layer from "effect/Layer"
import * as MutableHashMap from "effect/MutableHashMap"
import * as MutableRef from "effect/MutableRef"
import * as Option from "effect/Option"
import type * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"

import type { AccessToken } from "./AccessToken.js"
import * as parts from "./internal/config/parts.js"
import { validate } from "./internal/config/rules.js"
import * as tokenErrors from "./internal/models/tokenErrors.js"
import * as tokenRequests from "./internal/models/tokenRequests.js"
import * as backOff from "./internal/process/backOff.js"
import * as cacheEntry from "./internal/process/cacheEntry.js"
import { CurrentBudget } from "./internal/process/currentBudget.js"
import * as lifetime from "./internal/process/lifetime.js"
import { RequestBound } from "./internal/process/requestBound.js"
import * as metrics from "./internal/seam/metrics.js"
import * as moments from "./internal/seam/moments.js"
import * as cachedToken from "./internal/token/cachedToken.js"
import * as earlyRejections from "./internal/token/earlyRejections.js"
import type { Instant } from "./internal/token/instant.js"
import type { InvalidConfig } from "./InvalidConfig.js"
import { ClientClosed, type TokenError } from "./OAuthError.js"
import { TokenEndpoint } from "./TokenEndpoint.js"
import type * as TokenRequest from "./TokenRequest.js"

/**
 * The cache of the tokens of one client. Custom implementations must have the same behavior.
 *
 * @since 3.0.0
 * @category models
 */
export interface TokenCache {
  /**
   * Returns a usable token. While one is cached, no caller waits or fails because a refresh is slow or failing. When there
   * is none, one request is sent, however many callers wait; they share its outcome, a failure too. Interrupting a caller
   * does not interrupt that request. After a failure the next request waits, by the back-off. After the scope of the cache
   * has ended, every call fails with `ClientClosed`, also one that waits.
   */
  readonly get: Effect.Effect<AccessToken, TokenError>
  /**
   * Returns a token other than this one: the cached one if it is another, or a new one, for instance after the client was
   * given more rights. Other callers keep the one they have. If the server issues the same token again, it is that one.
   */
  readonly refresh: (replacing: AccessToken) => Effect.Effect<AccessToken, TokenError>
  /**
   * Reports that the API rejected this token. If it is cached, for whichever request, it is dropped; if a newer one has
   * replaced it, that one stays. So any number of rejections of one token lead to one new token.
   *
   * Returns whether the next token will be another one. It is false when this token replaced a rejected one and was
   * rejected too before a replacement worked: then it stays cached, and no request is sent for a while.
   */
  readonly invalidate: (token: AccessToken) => Effect.Effect<boolean>
  /** Reports that the API accepted this token on a replay, after it had rejected the one before. */
  readonly confirm: (token: AccessToken) => Effect.Effect<void>
  /**
   * Removes a token that the program has revoked from the cache. Unlike `invalidate`, it does not count as a rejection, so the
   * next token is requested without a pause, however often tokens are revoked.
   */
  readonly forget: (token: AccessToken) => Effect.Effect<void>
  /**
   * The tokens that are cached now and have not expired, those of other requests (`withOverrides`) included: for revoking
   * them, for example.
   */
  readonly cached: Effect.Effect<ReadonlyArray<AccessToken>>
  /**
   * Current status for readiness probes and dashboards. Sends no request; it may read the token store, for at most a
   * second.
   */
  readonly health: Effect.Effect<{
    /**
     * True if calls can be made, as far as is known: there is a usable token, or no token request has failed. After a failure,
     * it is false until a request succeeds, so a service that receives no calls meanwhile must run `get` itself.
     */
    readonly isReady: boolean
    /** True if there is a usable token. */
    readonly hasToken: boolean
    /** Time until the token expires; undefined without a usable token. */
    readonly expiresIn: Duration.Duration | undefined
    /** Error of the last token request; undefined if it succeeded. */
    readonly lastFailure: TokenError | undefined
    /** Time during which no token request is sent after a failure; undefined without such a pause. */
    readonly pausedFor: Duration.Duration | undefined
    /**
     * Time during which rejected tokens are not replaced, since a replacement was rejected too; undefined if they are replaced.
     */
    readonly latchedFor: Duration.Duration | undefined
    /** Number of tokens that may still be requested; undefined without an `IssuanceBudget`, or if its store is unavailable. */
    readonly budgetLeft: number | undefined
  }>
  /**
   * Returns the cache of the tokens of another request. Each request has its own cached token, whichever of its
   * fields differs; equal requests share one. The most recently used ones are kept (`capacity`).
   */
  readonly withOverrides: (overrides: TokenRequest.Overrides) => TokenCache
}

/**
 * The cached tokens of one client.
 *
 * @since 3.0.0
 * @category tags
 */
export const TokenCache = Context.GenericTag<TokenCache>("@effect-oauth/client-credentials/TokenCache")

/**
 * Options of the token cache. All have defaults.
 *
 * @since 3.0.0
 * @category models
 */
export interface Options {
  /**
   * Maximum time before its expiry at which a token is refreshed in the background. Default: 5 minutes, which outlasts most
   * restarts of an authorization server. The first call in this window starts the refresh; without calls, there is none.
   */
  readonly refreshBefore?: Duration.DurationInput | undefined
  /** Maximum of `refreshBefore` as a fraction of the token's lifetime. Default: 1/5, so that a token of 45 s is reused. */
  readonly refreshFraction?: number | undefined
  /** Maximum time before its expiry at which a token is no longer used, so that calls in flight still arrive. Default: 10 s. */
  readonly expiryBuffer?: Duration.DurationInput | undefined
  /** Maximum of `expiryBuffer` as a fraction of the token's lifetime. Default: 1/10. */
  readonly expiryBufferFraction?: number | undefined
  /**
   * The pauses after failed requests, the first after the first failure; it starts again after a success. Its input is
   * the failure. A longer `Retry-After` of the server prevails. Where it ends, callers that wait get the failure, and it
   * starts again. Processes that share tokens wait together, by the step that belongs to their number of failures in a
   * row. Default: from half a second, doubled, up to a minute, each up to a fifth longer or shorter so that processes
   * which failed together do not retry together.
   */
  readonly backOff?: Schedule.Schedule<unknown, TokenError> | undefined
  /**
   * Time for which callers wait while a failed request is retried. Default: 5 seconds, which bridges a failover and
   * reports an outage soon. With 0, callers get the first failure.
   */
  readonly retryTimeout?: Duration.DurationInput | undefined
  /** Timeout of each request, in addition to that of the `TokenEndpoint`. Default: 1 minute. */
  readonly requestTimeout?: Duration.DurationInput | undefined
  /** Maximum `Retry-After` that is followed, so that a wrong value does not stop a service. Default: 1 hour. */
  readonly maxRetryAfter?: Duration.DurationInput | undefined
  /**
   * The pauses after rejected replacements. When the API rejects a token that replaced a rejected one, no other is
   * requested until this long after it was issued; the next such pause is the next of these, and the last is repeated. A
   * replay that succeeds ends the pause. Default: 1 minute, 10 minutes, 2 hours, 12 hours, so that an API which rejects
   * every token costs 6 tokens on the first day and then 2 a day.
   *
   * The same pauses follow when tokens that worked are rejected within an hour and in the first half of their lifetime, three
   * times in a row: mostly the server keeps one token per client, and another client instance requests tokens too. Two
   * such processes cost at most 14 tokens in the first hour and 18 on the first day, with tokens that live a day. A token
   * that is used until its refresh ends this.
   */
  readonly rejectionPauses?: ReadonlyArray<Duration.DurationInput> | undefined
  /** Maximum number of cached tokens of other requests (`withOverrides`). Default: 100. */
  readonly capacity?: number | undefined
}

/** Does what was decided for a caller. Uninterruptible from the decision to the start of a refresh. */
const decided = (
  shared: cacheEntry.Shared,
  entry: cacheEntry.Entry,
  decide: (
    state: cacheEntry.State,
    now: Instant,
    id: cacheEntry.Id
  ) => readonly [cacheEntry.State, cachedToken.Decision<AccessToken, TokenError, cacheEntry.Id>]
): Effect.Effect<AccessToken, TokenError> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function*() {
      if (shared.lifetime.hasEnded()) return yield* new ClientClosed()
      const id = yield* Deferred.make<AccessToken, TokenError>()
      const decision = yield* cacheEntry.step(entry, (state, now) => decide(state, now, id))
      if (decision._tag === "Fail") {
        const isOver = decision.mayCheck && (yield* restore(cacheEntry.resume(shared, entry, decision)))
        if (isOver || shared.lifetime.hasEnded()) return yield* restore(decided(shared, entry, decide))
        yield* metrics.count(metrics.cacheOutcomes, { "oauth.cache.outcome": "failed" })
        return yield* tokenErrors.withRetryAfter(decision.error, decision.millisLeft)
      }
      if (decision.start !== undefined) yield* cacheEntry.start(shared, entry, decision.start)
      if (decision._tag === "Serve") {
        metrics.unsafeCountHit()
        return decision.token
      }
      yield* metrics.count(metrics.cacheOutcomes, { "oauth.cache.outcome": "wait" })
      const { refresh } = decision
      const isOther = shared.isRequestBound && decision.start === undefined
      const awaited = isOther
        ? Effect.flatMap(cacheEntry.poll(entry, refresh.id), Option.getOrElse(() => decided(shared, entry, decide)))
        : Deferred.await(refresh.id)
      // In the trace of the caller, so that it shows where the time went.
      return yield* Effect.withSpan(restore(awaited), "oauth.token.get", {
        attributes: { "oauth.cache.outcome": "wait", "oauth.token.reason": refresh.reason },
        captureStackTrace: false
      })
    })
  )

const get = (shared: cacheEntry.Shared, entry: cacheEntry.Entry): Effect.Effect<AccessToken, TokenError> =>
  moments.withNow((now) => {
    const token = shared.lifetime.hasEnded() ? undefined : cachedToken.fresh(MutableRef.get(entry.state), now)
    if (token === undefined) {
      return decided(shared, entry, (state, now, id) => cachedToken.get(state, now, { id, rules: shared.rules }))
    }
    metrics.unsafeCountHit()
    return Effect.succeed(token)
  })

const warnOfEarlyRejections = (
  { rejectionPauses }: cacheEntry.Shared["rules"],
  early: earlyRejections.EarlyRejections
): Effect.Effect<void> => {
  const index = earlyRejections.pauseIndex(early)
  const pause = index === undefined
    ? ""
    : `; if it is rejected too, the next one is requested in ${
      Duration.format(earlyRejections.pauseAt(rejectionPauses, index))
    }`
  return Effect.zipRight(
    metrics.count(metrics.earlyRejections),
    early.count < earlyRejections.limit ? Effect.void : Effect.logWarning(
      `Access token rejected ${early.count} times in a row long before its expiry, although each new token worked: ` +
        `another client instance may be revoking this client's tokens. Requesting a new token${pause}. ` +
        "Share the tokens between all instances (SharedClientCredentials.layer), or give each its own client."
    )
  )
}

const invalidate = (
  { rules }: cacheEntry.Shared,
  entry: cacheEntry.Entry,
  token: AccessToken
): Effect.Effect<boolean> =>
  cacheEntry.step(entry, (state, now) => {
    const [next, isReplaced] = cachedToken.invalidate(state, now, { rules, token })
    return [next, { isReplaced, early: next.early.count > state.early.count ? next.early : undefined }]
  }).pipe(
    Effect.tap(({ early }) => early === undefined ? Effect.void : warnOfEarlyRejections(rules, early)),
    Effect.map(({ isReplaced }) => isReplaced)
  )

const forget = ({ rules }: cacheEntry.Shared, entry: cacheEntry.Entry, token: AccessToken): Effect.Effect<void> =>
  cacheEntry.step(entry, (state, now) => [cachedToken.forget(state, now, { rules, token }), undefined])

const durationOf = (millis: number | undefined) => millis === undefined ? undefined : Duration.millis(millis)

const health = (
  shared: cacheEntry.Shared,
  { state }: cacheEntry.Entry,
  budgetLeft: Effect.Effect<number | undefined>
): TokenCache["health"] =>
  Effect.flatMap(budgetLeft, (left) =>
    moments.withNow((now) => {
      const hasEnded = shared.lifetime.hasEnded()
      const current = cachedToken.health(hasEnded ? cachedToken.empty : MutableRef.get(state), now)
      const lastFailure = hasEnded ? new ClientClosed() : current.lastFailure
      return Effect.succeed({
        isReady: current.isUsable || (lastFailure === undefined && left !== 0),
        hasToken: current.isUsable,
        expiresIn: durationOf(current.expiresIn),
        lastFailure,
        pausedFor: durationOf(current.pausedFor),
        latchedFor: durationOf(current.latchedFor),
        budgetLeft: left
      })
    }))

const noBudget = Effect.succeed(undefined)

const isSame: cacheEntry.Shared["rules"]["isSame"] = (one, other) => Equal.equals(one.value, other.value)

/** The cache entries of a client: one for the configured request, and those of the other requests used most recently. */
class Entries {
  readonly configured: cacheEntry.Entry

  // The most recently used one is the last. Found, added and removed in one synchronous step, so it is not in a `Ref`; made
  // when the first of them is used.
  private others: MutableHashMap.MutableHashMap<TokenRequest.TokenRequest, cacheEntry.Entry> | undefined

  constructor(request: TokenRequest.TokenRequest, private readonly capacity: number) {
    this.configured = cacheEntry.make(request)
    this.others = undefined
  }

  all(): ReadonlyArray<cacheEntry.Entry> {
    return [this.configured, ...this.others === undefined ? [] : MutableHashMap.values(this.others)]
  }

  /** The entry that this token is cached in; else the one given. */
  holding(token: AccessToken, otherwise: cacheEntry.Entry): cacheEntry.Entry {
    const isHolding = ({ state }: cacheEntry.Entry): boolean => {
      const { cached } = MutableRef.get(state)
      return cached !== undefined && isSame(cached.token, token)
    }
    return isHolding(otherwise) ? otherwise : this.all().find(isHolding) ?? otherwise
  }

  of(wanted: TokenRequest.TokenRequest): cacheEntry.Entry {
    const { capacity, configured } = this
    if (Equal.equals(wanted, configured.request)) return configured
    const entries = this.others ??= MutableHashMap.empty()
    const entry = Option.getOrElse(MutableHashMap.get(entries, wanted), () => cacheEntry.make(wanted))
    MutableHashMap.remove(entries, wanted)
    MutableHashMap.set(entries, wanted, entry)
    for (const [other, { state }] of MutableHashMap.size(entries) > capacity ? [...entries] : []) {
      if (MutableHashMap.size(entries) <= capacity) break
      if (other !== wanted && MutableRef.get(state).refresh === undefined) MutableHashMap.remove(entries, other)
    }
    return entry
  }
}

/**
 * Creates a cache over the `TokenEndpoint` of the context. Token requests run in the scope, not in the fiber of a caller:
 * they survive the caller's interruption and end with the scope.
 *
 * If the context has an `IssuanceBudget`, `health` reports what is left of it, and the pause after its limit ends when it is
 * reset.
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
 * @since 3.0.0
 * @category constructors
 */
export const make = (
  options: Options = {}
): Effect.Effect<TokenCache, InvalidConfig, TokenEndpoint | Scope.Scope> =>
  Effect.gen(function*() {
    const settings = yield* validate(parts.tokenCache, options)
    const { certificateThumbprint, hasStoredToken, request, requestToken } = yield* TokenEndpoint
    const budget = Option.getOrUndefined(yield* Effect.serviceOption(CurrentBudget))
    const isRequestBound = yield* RequestBound
    const shared: cacheEntry.Shared = {
      requestToken,
      hasStoredToken,
      budget,
      requestTimeout: settings.requestTimeout,
      // Written out: a spread of settings takes five times the memory.
      rules: {
        refreshBefore: settings.refreshBefore,
        refreshFraction: settings.refreshFraction,
        expiryBuffer: settings.expiryBuffer,
        expiryBufferFraction: settings.expiryBufferFraction,
        retryTimeout: settings.retryTimeout,
        rejectionPauses: settings.rejectionPauses,
        isSame,
        refreshLife: isRequestBound ? cacheEntry.refreshLife : undefined
      },
      backOff: {
        schedule: options.backOff ?? backOff.defaultOptions.schedule,
        maxRetryAfter: settings.maxRetryAfter
      },
      lifetime: yield* lifetime.make,
      isRequestBound
    }
    const entries = new Entries(request, settings.capacity)
    const budgetLeft = budget === undefined
      ? noBudget
      : Effect.map(Effect.timeoutOption(budget.left, "1 second"), Option.getOrUndefined)
    const cached = moments.withNow((now) =>
      Effect.succeed(entries.all().flatMap(({ state }) => cachedToken.current(MutableRef.get(state), now)))
    )

    const service = (wanted: TokenRequest.TokenRequest, entry: () => cacheEntry.Entry): TokenCache => {
      const withEntry = <A, E>(use: (entry: cacheEntry.Entry) => Effect.Effect<A, E>): Effect.Effect<A, E> =>
        certificateThumbprint === undefined
          ? Effect.suspend(() => use(entry()))
          : Effect.flatMap(certificateThumbprint, (thumbprint) =>
            use(thumbprint === undefined ? entry() : entries.of(tokenRequests.presenting(wanted, thumbprint))))
      return {
        get: withEntry((entry) =>
          get(shared, entry)
        ),
        refresh: (token) =>
          withEntry((entry) =>
            decided(shared, entry, (state, now, id) =>
              cachedToken.refresh(state, now, { id, rules: shared.rules, token }))
          ),
        invalidate: (token) =>
          withEntry((entry) =>
            invalidate(shared, entries.holding(token, entry), token)
          ),
        forget: (token) => withEntry((entry) => forget(shared, entries.holding(token, entry), token)),
        confirm: (token) =>
          withEntry(({ state }) =>
            Effect.sync(() =>
              MutableRef.update(state, (state) => cachedToken.confirm(state, { rules: shared.rules, token }))
            )
          ),
        cached,
        health: withEntry((entry) => health(shared, entry, budgetLeft)),
        withOverrides: (overrides) => {
          const other = tokenRequests.override(wanted, overrides)
          return service(other, () => entries.of(other))
        }
      }
    }
    const { configured } = entries
    // Calls without overrides are the most frequent ones.
    const usual = service(request, () => configured)
    return certificateThumbprint === undefined ? { ...usual, get: get(shared, configured) } : usual
  })

/**
 * Provides the cache. If the context has an `IssuanceBudget`, `health` reports what is left of it, and the pause after its
 * limit ends when it is reset.
 *
 * @example
 * import { TokenCache } from "@effect-oauth/client-credentials"
 *
 * export const Careful = TokenCache.layer({ refreshBefore: "1 hour", retryTimeout: "30 seconds" })
 *
 * @since 3.0.0
 * @category layers
 */
export const layer = (options?: Options): Layer.Layer<TokenCache, InvalidConfig, TokenEndpoint> =>
  Layer.scoped(TokenCache, make(options))
