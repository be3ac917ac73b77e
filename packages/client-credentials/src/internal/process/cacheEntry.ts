/**
 * Cache entry: the cached token of one token request, and its refresh with retries, metrics and warnings.
 */
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as MutableRef from "effect/MutableRef"
import * as Option from "effect/Option"
import * as Random from "effect/Random"

import type { AccessToken } from "../../AccessToken.js"
import { TokenEndpointUnavailable, type TokenError } from "../../OAuthError.js"
import type { TokenRequest } from "../../TokenRequest.js"
import * as edgeRuntime from "../protocol/edgeRuntime.js"
import * as metrics from "../seam/metrics.js"
import * as moments from "../seam/moments.js"
import * as cachedToken from "../token/cachedToken.js"
import { type Instant, remaining } from "../token/instant.js"
import type { Rejection } from "../token/latch.js"
import { usableUntil } from "../token/windows.js"
import * as backOff from "./backOff.js"
import type { Budget } from "./currentBudget.js"
import type * as lifetime from "./lifetime.js"

/** Id of a refresh, by which callers wait for its token. */
export type Id = Deferred.Deferred<AccessToken, TokenError>

export type State = cachedToken.State<AccessToken, TokenError, Id>

/** A token that was issued or read from the store, and the latch of the processes that share it. */
interface Issued {
  readonly token: AccessToken
  readonly latch?: cachedToken.SharedLatch | undefined
}

/** The state of the cache and its rules, which endpoints that share tokens or count them also apply. */
interface RequestOptions {
  readonly reason: cachedToken.Reason
  readonly replaces: AccessToken | undefined
  readonly usableUntil: (token: AccessToken) => number
  readonly pauseAfter: (error: TokenError, failures: number) => Effect.Effect<number>
  readonly maxRetryAfter: number
  readonly rejection: Rejection | undefined
}

/** State and settings that all cache entries of a client share. */
export interface Shared {
  readonly requestToken: (request: TokenRequest, options: RequestOptions) => Effect.Effect<Issued, TokenError>
  /** Returns whether another process has stored a token; undefined where no tokens are shared. */
  readonly hasStoredToken: ((request: TokenRequest, options: RequestOptions) => Effect.Effect<boolean>) | undefined
  readonly budget: Budget | undefined
  readonly requestTimeout: number
  readonly rules: cachedToken.Rules<AccessToken>
  readonly backOff: backOff.Options
  readonly lifetime: lifetime.Lifetime
  /** True if a refresh ends with the request that started it, and other requests must not wait for its fiber. */
  readonly isRequestBound: boolean
}

/** Cached token of one token request. */
export interface Entry {
  readonly request: TokenRequest
  /** State, which is read on the path of every call and replaced synchronously, so that no `Ref` is necessary. */
  readonly state: MutableRef.MutableRef<State>
  /** Back-off of the failures since the last success; undefined without a failure. */
  readonly backOff: MutableRef.MutableRef<backOff.BackOff | undefined>
}

export const make = (request: TokenRequest): Entry => ({
  request,
  state: MutableRef.make<State>(cachedToken.empty),
  backOff: MutableRef.make<backOff.BackOff | undefined>(undefined)
})

/** Replaces the state by the state after an event, and returns the decision. */
export const step = <A>(
  { state }: Entry,
  event: (state: State, now: Instant) => readonly [State, A]
): Effect.Effect<A> =>
  moments.withNow((now) => {
    const [next, decision] = event(MutableRef.get(state), now)
    MutableRef.set(state, next)
    return Effect.succeed(decision)
  })

const failureOf = (error: TokenError): cachedToken.Failure<TokenError> => ({
  error,
  retryable: error.retryable,
  isReserved: error._tag === "IssuanceBudgetExhausted" && error.reserved
})

const optionsOf = (shared: Shared, { state }: Entry, reason: cachedToken.Reason): RequestOptions => {
  const before = MutableRef.get(state)
  return {
    reason,
    replaces: before.cached?.token ?? before.rejected?.token,
    usableUntil: usableUntil(shared.rules),
    pauseAfter: backOff.afterFailures(shared.backOff),
    maxRetryAfter: shared.backOff.maxRetryAfter,
    rejection: cachedToken.rejection(before, shared.rules)
  }
}

/**
 * Ends the pause after this failure if its reason is gone: another process stored a token, or the exhausted budget has room
 * again. Returns whether it did.
 */
export const resume = (
  shared: Shared,
  entry: Entry,
  { error, reason }: { readonly error: TokenError; readonly reason: cachedToken.Reason }
): Effect.Effect<boolean> =>
  Effect.gen(function*() {
    const { budget, hasStoredToken } = shared
    const isOver =
      (hasStoredToken !== undefined && (yield* hasStoredToken(entry.request, optionsOf(shared, entry, reason)))) ||
      (budget !== undefined && error._tag === "IssuanceBudgetExhausted" && (yield* budget.hasRoom(entry.request)))
    if (isOver) yield* step(entry, (state, now) => [cachedToken.resume(state, now, error), undefined])
    return isOver
  })

const requestOnce = (shared: Shared, entry: Entry, reason: cachedToken.Reason) =>
  Effect.suspend(() => shared.requestToken(entry.request, optionsOf(shared, entry, reason))).pipe(
    Effect.timeoutFail({
      duration: shared.requestTimeout,
      onTimeout: () =>
        new TokenEndpointUnavailable({
          endpoint: entry.request.endpoint,
          reason: "timeout",
          detail: Duration.format(shared.requestTimeout)
        })
    })
  )

/** Request of a refresh: the moment at which it was sent, and its refresh. */
interface Sent {
  readonly sent: Instant
  readonly refresh: cachedToken.Refresh<Id>
}

const succeeded = (
  { rules }: Shared,
  entry: Entry,
  { refresh, sent }: Sent,
  { latch, token }: Issued
): Effect.Effect<void> =>
  Effect.gen(function*() {
    const jitter = yield* Random.next
    const replaced = yield* step(
      entry,
      (state, now) => cachedToken.issued(state, now, { id: refresh.id, token, sent, jitter, rules, shared: latch })
    )
    MutableRef.set(entry.backOff, undefined)
    if (replaced === undefined) return
    if (replaced.wasUnused) yield* metrics.count(metrics.unusedTokens)
    if (refresh.reason === "renewal") yield* metrics.record(metrics.renewedAhead, replaced.ahead / 1000)
    yield* metrics.count(metrics.renewalFailing, {}, replaced.failing / 1000)
    yield* metrics.set(metrics.tokenExpiry, token.expiresAt / 1000, {
      "oauth.client.id": metrics.clientLabel(entry.request.clientId)
    })
  })

/** Logs a failed refresh while the cached token is used. */
const warnOfFailedRefresh = ({ state }: Entry, error: TokenError): Effect.Effect<void> =>
  moments.withNow((now) => {
    const { cached, pause } = MutableRef.get(state)
    const expiry = cached === undefined ? "" : `, which expires at ${new Date(cached.token.expiresAt).toISOString()}`
    const millis = remaining(pause?.until ?? cached?.refreshFrom ?? now, now)
    return Effect.logWarning(
      `Access token refresh failed: ${error.message} Using the cached token${expiry}. Next attempt in ${
        Duration.format(Math.ceil(millis / 1000) * 1000)
      } or later, by the next call.`
    )
  })

const failed = (
  shared: Shared,
  entry: Entry,
  { refresh, sent }: Sent,
  error: TokenError
): Effect.Effect<cachedToken.AfterFailure> =>
  Effect.gen(function*() {
    yield* metrics.count(metrics.tokenFailures, { "oauth.token.reason": refresh.reason, "error.type": error._tag })
    const pauses = MutableRef.get(entry.backOff) ?? backOff.make(shared.backOff)
    MutableRef.set(entry.backOff, pauses)
    const plan = yield* pauses.next(error)
    const next = yield* step(
      entry,
      (state, now) => cachedToken.failed(state, now, { ...plan, id: refresh.id, failure: failureOf(error), sent })
    )
    yield* metrics.count(metrics.renewalFailing, {}, next.failing / 1000)
    if (next._tag === "GiveUp" && refresh.reason === "renewal") yield* warnOfFailedRefresh(entry, error)
    return next
  })

/** Requests a token, and retries after each failure while the rules allow it. */
const requestWithRetries = (
  shared: Shared,
  entry: Entry,
  { refresh, refreshAt }: cachedToken.StartRefresh<Id>,
  retries: boolean
): Effect.Effect<AccessToken, TokenError> =>
  Effect.gen(function*() {
    yield* moments.sleepUntil(refreshAt)
    const one: Sent = { sent: yield* moments.now, refresh }
    const outcome = yield* Effect.either(requestOnce(shared, entry, refresh.reason))
    if (Either.isRight(outcome)) {
      yield* succeeded(shared, entry, one, outcome.right)
      return outcome.right.token
    }
    const next = yield* failed(shared, entry, one, outcome.left)
    return retries && next._tag === "Retry"
      ? yield* requestWithRetries(shared, entry, { refresh, refreshAt: next.at }, retries)
      : yield* outcome.left
  })

/** Interval of the heartbeats of a refresh on platforms that may stop it without notice, in milliseconds. */
const heartbeatEvery = 100

/** Time for which a refresh without a heartbeat counts as in flight for callers that have a token, in milliseconds. */
export const refreshLife = 100 * heartbeatEvery

/** Interval at which callers of other requests poll the outcome of a refresh, in milliseconds. */
const pollEvery = 20

/** Number of polls without a heartbeat after which they replace it. Not a time, which would also pass while all are suspended. */
const maxPolls = 50

/** Maximum time for which a request that cannot outlive its response waits for the refresh that it started, in milliseconds. */
const heldFor = 5000

const heartbeats = ({ rules }: Shared, entry: Entry, id: Id): Effect.Effect<never> =>
  Effect.forever(Effect.zipRight(
    Effect.sleep(heartbeatEvery),
    step(entry, (state, now) => [cachedToken.alive(state, now, { id, rules }), undefined])
  ))

/** Starts a refresh. It serves many callers, so it has a separate trace, which links to the call that started it. */
export const start = (shared: Shared, entry: Entry, begun: cachedToken.StartRefresh<Id>): Effect.Effect<void> =>
  Effect.gen(function*() {
    const { id, reason } = begun.refresh
    const { isRequestBound } = shared
    const release = isRequestBound ? edgeRuntime.extend() : undefined
    // Otherwise it would end with the response.
    const isHeld = isRequestBound && release === undefined && reason === "renewal"
    const requested = requestWithRetries(shared, entry, begun, !isHeld)
    const caller = yield* Effect.option(Effect.currentParentSpan)
    const refresh = Effect.withSpan(
      isRequestBound ? Effect.raceFirst(requested, heartbeats(shared, entry, id)) : requested,
      "oauth.token.refresh",
      {
        root: true,
        links: Option.toArray(caller).map((span) => ({ _tag: "SpanLink", span, attributes: {} })),
        attributes: { "oauth.token.reason": reason },
        captureStackTrace: false
      }
    )
    // The state changes before the callers continue, so that a caller that retries after a failure finds the pause.
    const onEnd = Effect.sync(() => {
      MutableRef.update(entry.state, (state) => cachedToken.ended(state, id))
      release?.()
    })
    yield* shared.lifetime.fork(refresh, { result: id, onEnd })
    if (isHeld) yield* Effect.ignore(Effect.interruptible(Effect.timeout(Deferred.await(id), heldFor)))
  })

/**
 * Polls a refresh that another request may run. Returns its outcome, or nothing if it was stopped. Does not wait for fibers
 * of other requests, since they would continue this one with their own I/O.
 */
export const poll = (
  { state }: Entry,
  id: Id
): Effect.Effect<Option.Option<Effect.Effect<AccessToken, TokenError>>> =>
  Effect.gen(function*() {
    let last: Instant | undefined
    for (let polls = 0; polls < maxPolls; polls += 1) {
      const outcome = yield* Deferred.poll(id)
      if (Option.isSome(outcome)) return outcome
      const { refresh } = MutableRef.get(state)
      if (refresh?.id !== id) return Option.none()
      if (refresh.lostFrom !== last) polls = 0
      last = refresh.lostFrom
      yield* Effect.sleep(pollEvery)
    }
    MutableRef.update(state, (state) => cachedToken.ended(state, id))
    return Option.none()
  })
