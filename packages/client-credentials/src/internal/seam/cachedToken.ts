/**
 * One cached token: reads the clock, holds the state in a `Ref`, and does what `cacheState` decides.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberRef from "effect/FiberRef"
import * as FiberRefs from "effect/FiberRefs"
import * as FiberRefsPatch from "effect/FiberRefsPatch"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Ref from "effect/Ref"

import type { AccessToken } from "../../AccessToken.js"
import { ClientClosed, TokenEndpointUnavailable, type TokenError } from "../../OAuthError.js"
import type { TokenEndpoint } from "../../TokenEndpoint.js"
import type { TokenRequest } from "../../TokenRequest.js"
import * as cacheState from "../token/cacheState.js"
import * as earlyRejections from "../token/earlyRejections.js"
import * as instant from "../token/instant.js"
import { isUsable as isUsableBy, type Policy } from "../token/policy.js"
import * as backOff from "./backOff.js"
import type { Lifetime } from "./lifetime.js"
import * as metrics from "./metrics.js"
import * as moments from "./moments.js"
import * as tokenErrors from "./tokenErrors.js"

export interface TokenCell {
  readonly get: Effect.Effect<AccessToken, TokenError>
  readonly refresh: (than: AccessToken) => Effect.Effect<AccessToken, TokenError>
  readonly rejected: (token: AccessToken) => Effect.Effect<boolean>
  readonly accepted: (token: AccessToken) => Effect.Effect<void>
  readonly cached: Effect.Effect<AccessToken | undefined>
  readonly health: Effect.Effect<Health>
  /** Whether no flight is under way. */
  readonly isIdle: Effect.Effect<boolean>
}

export interface Surroundings {
  readonly requestToken: TokenEndpoint["requestToken"]
  readonly policy: Policy
  readonly backOffOptions: backOff.Options
  /** Flights end with it, and no token is returned after it. */
  readonly lifetime: Lifetime
  /** The services and settings that flights run with. */
  readonly fiberRefs: FiberRefs.FiberRefs
}

export type Health = ReturnType<typeof cacheState.health>

/** That of a client whose scope has ended. */
const closed: Health = {
  isUsable: false,
  expiresIn: undefined,
  lastFailure: new ClientClosed(),
  pausedFor: undefined,
  latchedFor: undefined
}

type Id = Deferred.Deferred<AccessToken, TokenError>

export const make = (
  request: TokenRequest,
  { backOffOptions, fiberRefs, lifetime, policy, requestToken }: Surroundings
): TokenCell => {
  const ref = Ref.unsafeMake<cacheState.State<Id>>(cacheState.empty)
  const isUsable = isUsableBy(policy)
  const pauseAfter = backOff.afterFailures(backOffOptions)
  const pauses = backOff.make(backOffOptions)
  // For the metrics only: what is decided is in the state.
  const watched = { isUsed: true, renewalFailedAt: undefined as number | undefined }
  const serve = (token: AccessToken): AccessToken => {
    watched.isUsed = true
    metrics.unsafeCountHit()
    return token
  }
  const renewalFails = (now: number, stillFails: boolean) => {
    const seconds = watched.renewalFailedAt === undefined ? 0 : Math.max(0, now - watched.renewalFailedAt) / 1000
    watched.renewalFailedAt = stillFails ? now : undefined
    return metrics.count(metrics.renewalFailing, {}, seconds)
  }

  const modify = <A>(
    step: (state: cacheState.State<Id>, now: instant.Instant) => readonly [cacheState.State<Id>, A]
  ): Effect.Effect<A> =>
    Effect.clockWith((clock) =>
      Ref.modify(ref, (state) => {
        const [next, command] = step(state, moments.unsafeNow(clock))
        return [command, next] as const
      })
    )

  const attempt = (reason: cacheState.Reason) =>
    Ref.get(ref).pipe(
      Effect.flatMap(({ held, refused }) =>
        requestToken(request, { reason, replaces: held?.token ?? refused, isUsable, pauseAfter })
      ),
      Effect.map(({ token }) => token),
      Effect.timeoutFail({
        duration: policy.requestTimeout,
        onTimeout: () =>
          new TokenEndpointUnavailable({
            endpoint: request.endpoint,
            reason: "timeout",
            detail: Duration.format(policy.requestTimeout)
          })
      })
    )

  const fly = ({ at, flight }: cacheState.Departure<Id>): Effect.Effect<AccessToken, TokenError> =>
    Effect.gen(function*() {
      yield* moments.sleepUntil(at)
      const sent = yield* moments.now
      const outcome = yield* Effect.either(attempt(flight.reason))
      if (outcome._tag === "Right") {
        const token = outcome.right
        const jitter = yield* Random.next
        const ahead = yield* modify((state, now) => [
          cacheState.issued(state, now, { id: flight.id, token, sent, jitter, policy }),
          state.held === undefined ? 0 : Math.max(0, instant.remaining(state.held.expires, now))
        ])
        yield* pauses.reset
        if (!watched.isUsed) yield* metrics.count(metrics.unusedTokens)
        watched.isUsed = false
        if (flight.reason === "renewal") yield* metrics.record(metrics.renewedAhead, ahead / 1000)
        yield* renewalFails(sent.steady, false)
        yield* metrics.set(metrics.tokenExpiry, token.expiresAt / 1000, {
          "oauth.client.id": metrics.clientLabel(request.clientId)
        })
        return token
      }
      const error = outcome.left
      yield* metrics.count(metrics.tokenFailures, { "oauth.token.reason": flight.reason, "error.type": error._tag })
      if (flight.reason === "renewal") yield* renewalFails(sent.steady, true)
      const plan = yield* pauses.next(error)
      const aftermath = yield* modify((state, now) => cacheState.failed(state, now, { ...plan, id: flight.id, error }))
      if (aftermath._tag === "Retry") return yield* fly({ at: aftermath.at, flight })
      if (flight.reason === "renewal") {
        yield* Effect.logWarning(
          `The access token could not be renewed and is used as long as it lasts: ${error.message}`
        )
      }
      return yield* error
    })

  // A flight serves many callers and belongs to none: services, settings and trace are those of the layer. That it was
  // interrupted is its own.
  const asLayer = Effect.flatMap(
    Effect.getFiberRefs,
    (callerRefs) =>
      Effect.patchFiberRefs(FiberRefsPatch.diff(
        FiberRefs.delete(callerRefs, FiberRef.interruptedCause),
        FiberRefs.delete(fiberRefs, FiberRef.interruptedCause)
      ))
  )

  // The state changes before the callers are woken, so that whoever asks after a failure finds the pause.
  const begin = (departure: cacheState.Departure<Id>) =>
    Effect.flatMap(Effect.option(Effect.currentParentSpan), (caller) =>
      asLayer.pipe(
        Effect.zipRight(
          Effect.withSpan(Effect.interruptible(fly(departure)), "oauth.token.flight", {
            root: true,
            links: Option.toArray(caller).map((span) => ({ _tag: "SpanLink", span, attributes: {} })),
            attributes: { "oauth.token.reason": departure.flight.reason },
            captureStackTrace: false
          })
        ),
        Effect.exit,
        Effect.flatMap((exit) =>
          Effect.zipRight(
            Ref.update(ref, (state) => cacheState.ended(state, departure.flight.id)),
            Deferred.done(departure.flight.id, lifetime.hasEnded() ? Exit.fail(new ClientClosed()) : exit)
          )
        ),
        Effect.forkIn(lifetime.scope)
      ))

  // Uninterruptible from the decision to the fork, and the fork inherits that: a flight once begun always lands.
  const answer = (
    decide: (
      state: cacheState.State<Id>,
      now: instant.Instant,
      id: Id
    ) => readonly [cacheState.State<Id>, cacheState.Answer<Id>]
  ): Effect.Effect<AccessToken, TokenError> =>
    Effect.uninterruptibleMask((restore) =>
      Effect.gen(function*() {
        if (lifetime.hasEnded()) return yield* new ClientClosed()
        const id = yield* Deferred.make<AccessToken, TokenError>()
        const answer = yield* modify((state, now) => decide(state, now, id))
        if (answer._tag === "Refuse") {
          yield* metrics.count(metrics.cacheOutcomes, { "oauth.cache.outcome": "refused" })
          return yield* tokenErrors.withRetryAfter(answer.error, answer.millisLeft)
        }
        if (answer.departure !== undefined) yield* begin(answer.departure)
        if (answer._tag === "Serve") return serve(answer.token)
        yield* metrics.count(metrics.cacheOutcomes, { "oauth.cache.outcome": "wait" })
        // In the trace of the caller, so that it shows where the time went.
        const token = yield* Effect.withSpan(restore(Deferred.await(answer.flight.id)), "oauth.token.get", {
          attributes: { "oauth.cache.outcome": "wait", "oauth.token.reason": answer.flight.reason },
          captureStackTrace: false
        })
        watched.isUsed = true
        return token
      })
    )

  const warnOfEarly = (early: earlyRejections.EarlyRejections): Effect.Effect<void> => {
    const index = earlyRejections.pauseIndex(early)
    const { rejectionPauses } = policy
    const pause = index === undefined
      ? undefined
      : rejectionPauses[Math.min(index, rejectionPauses.length - 1)] ?? rejectionPauses[0]
    return Effect.zipRight(
      metrics.count(metrics.earlyRejections),
      early.count < earlyRejections.limit ? Effect.void : Effect.logWarning(
        `Access token rejected ${early.count} times in a row long before its expiry, although each new token worked: ` +
          "another client instance may be revoking this client's tokens. Requesting a new token" +
          (pause === undefined
            ? ""
            : `; if it is rejected too, the next one is requested in ${Duration.format(pause)}`) +
          ". Share the tokens between all instances (ClientCredentials.layerShared), or give each its own client."
      )
    )
  }

  const ask = answer((state, now, id) => cacheState.asked(state, now, { id, policy }))

  return {
    get: Effect.withFiberRuntime((fiber) => {
      const clock = Context.get(fiber.currentDefaultServices, Clock.Clock)
      return Effect.flatMap(Ref.get(ref), (state) => {
        const token = lifetime.hasEnded() ? undefined : cacheState.fresh(state, moments.unsafeNow(clock))
        return token === undefined ? ask : Effect.succeed(serve(token))
      })
    }),
    refresh: (token) => answer((state, now, id) => cacheState.askedForOther(state, now, { id, policy, token })),
    rejected: (token) =>
      modify((state, now) => {
        const [next, renewable] = cacheState.rejected(state, now, token)
        return [next, { renewable, early: next.early.count > state.early.count ? next.early : undefined }]
      }).pipe(
        Effect.tap(({ early }) => early === undefined ? Effect.void : warnOfEarly(early)),
        Effect.map(({ renewable }) => renewable)
      ),
    accepted: (token) => Ref.update(ref, (state) => cacheState.accepted(state, token)),
    cached: Effect.map(Ref.get(ref), (state) => state.held?.token),
    health: Effect.clockWith((clock) =>
      Effect.map(
        Ref.get(ref),
        (state) => lifetime.hasEnded() ? closed : cacheState.health(state, moments.unsafeNow(clock))
      )
    ),
    isIdle: Effect.map(Ref.get(ref), (state) => state.flight === undefined)
  }
}
