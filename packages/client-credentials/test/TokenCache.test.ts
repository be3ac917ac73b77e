import { assert, describe, it } from "@effect/vitest"
import type { TokenRequest } from "@effect-oauth/client-credentials"
import { AccessToken, IssuanceBudget, TokenCache, TokenEndpoint } from "@effect-oauth/client-credentials"
import {
  Cause,
  Deferred,
  Duration,
  Effect,
  Either,
  Exit,
  Fiber,
  Layer,
  Logger,
  Option,
  Redacted,
  Schedule,
  Scope,
  TestClock
} from "effect"

import * as parts from "../src/internal/config/parts.js"
import * as rules from "../src/internal/config/rules.js"
import * as tokenRequests from "../src/internal/models/tokenRequests.js"
import { exitOf } from "./support/fibers.js"
import { day, make as endpoint, request, unavailable, value, wrongSecret } from "./support/tokenEndpoint.js"

/** Runs until every fiber waits: the test clock does not advance, so nothing else can resume them. */
const settle = TestClock.adjust(0)

describe("TokenCache", () => {
  it.scoped("sends one request, however many callers are waiting", () =>
    Effect.gen(function*() {
      const gate = yield* Deferred.make<void>()
      const { count, layer } = endpoint({ gate })
      const cache = yield* Effect.provide(TokenCache.make(), layer)
      const callers = yield* Effect.fork(Effect.replicateEffect(cache.get, 10_000, { concurrency: "unbounded" }))
      yield* settle
      assert.strictEqual(count.requests, 1)
      yield* Deferred.succeed(gate, undefined)
      const tokens = yield* Fiber.join(callers)
      assert.deepStrictEqual(new Set(tokens.map(value)), new Set(["token-1"]))
      assert.strictEqual(count.requests, 1)
    }))

  it.scoped("serves the other callers by the same request when the caller that started it is interrupted", () =>
    Effect.gen(function*() {
      const gate = yield* Deferred.make<void>()
      const { count, layer } = endpoint({ gate })
      const cache = yield* Effect.provide(TokenCache.make(), layer)
      const first = yield* Effect.fork(cache.get)
      yield* settle
      const others = yield* Effect.fork(Effect.replicateEffect(cache.get, 20, { concurrency: "unbounded" }))
      yield* settle
      yield* Fiber.interrupt(first)
      const exit = yield* Fiber.await(first)
      assert.isTrue(Exit.isInterrupted(exit))
      yield* Deferred.succeed(gate, undefined)
      assert.deepStrictEqual(new Set((yield* Fiber.join(others)).map(value)), new Set(["token-1"]))
      assert.deepStrictEqual(count, { requests: 1, interrupted: 0 })
    }))

  it.scoped("keeps the token of a request whose callers were all interrupted", () =>
    Effect.gen(function*() {
      const gate = yield* Deferred.make<void>()
      const { count, layer } = endpoint({ gate })
      const cache = yield* Effect.provide(TokenCache.make(), layer)
      const only = yield* Effect.fork(cache.get)
      yield* settle
      yield* Fiber.interrupt(only)
      yield* Deferred.succeed(gate, undefined)
      yield* settle
      assert.strictEqual(value(yield* cache.get), "token-1")
      assert.strictEqual(count.requests, 1)
    }))

  it.scoped("releases an interrupted caller immediately", () =>
    Effect.gen(function*() {
      const { layer } = endpoint({ gate: yield* Deferred.make<void>() })
      const cache = yield* Effect.provide(TokenCache.make(), layer)
      const outcome = yield* Effect.fork(Effect.timeoutOption(cache.get, "1 second"))
      yield* TestClock.adjust("1 second")
      assert.isTrue(Option.isNone(yield* Fiber.join(outcome)))
    }))

  it.scoped("fails all waiting callers with one failure, and requests again after a pause", () =>
    Effect.gen(function*() {
      const gate = yield* Deferred.make<void>()
      const { count, layer } = endpoint({ gate, fails: (request) => request === 1 && unavailable })
      const cache = yield* Effect.provide(TokenCache.make({ retryTimeout: 0 }), layer)
      const callers = yield* Effect.fork(
        Effect.replicateEffect(Effect.flip(cache.get), 20, { concurrency: "unbounded" })
      )
      yield* settle
      yield* Deferred.succeed(gate, undefined)
      assert.isTrue((yield* Fiber.join(callers)).every(({ message }) => message === unavailable.message))
      assert.strictEqual((yield* Effect.flip(cache.get))._tag, "TokenEndpointUnavailable")
      assert.strictEqual(count.requests, 1)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(value(yield* cache.get), "token-2")
    }))

  it.scoped("fails waiting callers with a defect, and remains usable", () =>
    Effect.gen(function*() {
      const { count, layer } = endpoint({ dies: true })
      const cache = yield* Effect.provide(TokenCache.make(), layer)
      for (const requests of [1, 2]) {
        const exit = yield* Effect.exit(cache.get)
        assert.isTrue(Exit.isFailure(exit) && Cause.isDie(exit.cause))
        assert.strictEqual(count.requests, requests)
      }
    }))

  it.scoped("reuses a token of a day until ten seconds before its expiry", () =>
    Effect.gen(function*() {
      const { count, layer } = endpoint()
      const cache = yield* Effect.provide(TokenCache.make(), layer)
      yield* cache.get
      yield* TestClock.setTime(day - 10_001)
      assert.strictEqual(value(yield* cache.get), "token-1")
      yield* TestClock.setTime(day - 10_000)
      assert.strictEqual(value(yield* cache.get), "token-2")
      assert.strictEqual(count.requests, 2)
    }))

  it.scoped("reuses a token of 45 seconds for nine tenths of its lifetime", () =>
    Effect.gen(function*() {
      const { count, layer } = endpoint({ life: 45_000 })
      const cache = yield* Effect.provide(TokenCache.make(), layer)
      yield* cache.get
      yield* TestClock.setTime(40_499)
      yield* cache.get
      assert.strictEqual(count.requests, 1)
      yield* TestClock.setTime(40_500)
      yield* cache.get
      assert.strictEqual(count.requests, 2)
    }))

  it.scoped("returns an expired token to the callers that waited for it, and does not cache it", () =>
    Effect.gen(function*() {
      const { count, layer } = endpoint({ life: 0 })
      const cache = yield* Effect.provide(TokenCache.make(), layer)
      assert.strictEqual(value(yield* cache.get), "token-1")
      assert.strictEqual(value(yield* cache.get), "token-2")
      assert.strictEqual(count.requests, 2)
    }))

  it.scoped("requests one new token when many callers report the same one as rejected", () =>
    Effect.gen(function*() {
      const { count, layer } = endpoint()
      const cache = yield* Effect.provide(TokenCache.make(), layer)
      const rejected = yield* cache.get
      const tokens = yield* Effect.replicateEffect(Effect.zipRight(cache.invalidate(rejected), cache.get), 20)
      assert.deepStrictEqual(tokens.map(value), Array.from({ length: 20 }, () => "token-2"))
      assert.strictEqual(count.requests, 2)
    }))

  it.scoped("recognizes copies of a rejected token", () =>
    Effect.gen(function*() {
      const cache = yield* Effect.provide(TokenCache.make(), endpoint().layer)
      const token = yield* cache.get
      yield* cache.invalidate(new AccessToken.AccessToken({ ...token, value: Redacted.make(value(token)) }))
      assert.strictEqual(value(yield* cache.get), "token-2")
    }))

  it.scoped("does not cancel a request in progress when an old token is reported", () =>
    Effect.gen(function*() {
      const gate = yield* Deferred.make<void>()
      const { count, layer } = endpoint({ gate, life: 45_000 })
      const cache = yield* Effect.provide(TokenCache.make(), layer)
      yield* Deferred.succeed(gate, undefined)
      const old = yield* cache.get
      yield* TestClock.adjust("1 minute")
      const waiting = yield* Effect.fork(cache.get)
      yield* cache.invalidate(old)
      yield* Fiber.join(waiting)
      assert.strictEqual(value(yield* cache.get), "token-2")
      assert.strictEqual(count.requests, 2)
    }))

  it.effect("cancels a request in progress with its scope, and fails the callers that wait for it", () =>
    Effect.gen(function*() {
      const { count, layer } = endpoint({ gate: yield* Deferred.make<void>() })
      const scope = yield* Scope.make()
      const cache = yield* TokenCache.make().pipe(Effect.provide(layer), Scope.extend(scope))
      const waiting = yield* Effect.fork(cache.get)
      yield* settle
      yield* Scope.close(scope, Exit.void)
      yield* settle
      const exit = exitOf(waiting)
      assert(exit !== undefined, "waits forever")
      assert.strictEqual((yield* Effect.flip(exit))._tag, "ClientClosed")
      assert.strictEqual(count.interrupted, 1)
    }))

  it.scoped("runs the request with the trace, services and settings of the layer", () =>
    Effect.gen(function*() {
      const seen: Array<unknown> = []
      const layer = Layer.succeed(TokenEndpoint.TokenEndpoint, {
        request,
        requestToken: () =>
          Effect.gen(function*() {
            const span = yield* Effect.orDie(Effect.currentSpan)
            seen.push(Option.isNone(span.parent), span.links.map(({ span }) => span._tag === "Span" && span.name))
            yield* Effect.logInfo("The token is requested.")
            return yield* wrongSecret
          })
      })
      const logger = Logger.make((entry) => {
        if (String(entry.message) === "The token is requested.") {
          seen.push(Logger.structuredLogger.log(entry).annotations)
        }
      })
      const cache = yield* Effect.provide(TokenCache.make(), layer).pipe(
        Effect.provide(Logger.replace(Logger.defaultLogger, logger)),
        Effect.annotateLogs("of", "the layer"),
        Effect.withSpan("the start of the program")
      )
      yield* cache.get.pipe(Effect.flip, Effect.withSpan("a caller"), Effect.annotateLogs("of", "a caller"))
      assert.deepStrictEqual(seen, [true, ["a caller"], { of: "the layer" }])
    }))

  it.scoped("requests one new token when twenty callers are rejected in sequence", () =>
    Effect.gen(function*() {
      const { asked, layer } = endpoint()
      const cache = yield* Effect.provide(TokenCache.make(), layer)
      const rejected = yield* cache.get
      for (let caller = 0; caller < 20; caller += 1) {
        assert.isTrue(yield* cache.invalidate(rejected))
        assert.strictEqual(value(yield* cache.get), "token-2")
        yield* TestClock.adjust("1 second")
      }
      assert.deepStrictEqual(asked.map(({ reason }) => reason), ["cold", "rejected"])
    }))

  it.scoped("returns a replacement to one caller while others use the cached token", () =>
    Effect.gen(function*() {
      const gate = yield* Deferred.make<void>()
      const { asked, layer } = endpoint({ gate })
      const cache = yield* Effect.provide(TokenCache.make(), layer)
      yield* Deferred.succeed(gate, undefined)
      const one = yield* cache.get
      const others = yield* Effect.replicateEffect(Effect.fork(cache.refresh(one)), 20)
      assert.strictEqual(value(yield* cache.get), "token-1")
      const tokens = yield* Effect.forEach(others, Fiber.join)
      assert.deepStrictEqual(new Set(tokens.map(value)), new Set(["token-2"]))
      assert.strictEqual(value(yield* cache.refresh(one)), "token-2")
      assert.deepStrictEqual(asked.map(({ reason }) => reason), ["cold", "forced"])
    }))

  it.scoped("closes the latch when a replacement is rejected too, and opens it when one is accepted", () =>
    Effect.gen(function*() {
      const { count, layer } = endpoint()
      const cache = yield* Effect.provide(TokenCache.make(), layer)
      assert.isTrue(yield* cache.invalidate(yield* cache.get))
      const second = yield* cache.get
      assert.isFalse(yield* cache.invalidate(second))
      assert.strictEqual(value(yield* cache.get), "token-2")
      yield* TestClock.adjust("59 seconds")
      assert.isFalse(yield* cache.invalidate(second))
      yield* TestClock.adjust("1 second")
      assert.isTrue(yield* cache.invalidate(second))
      const third = yield* cache.get
      yield* TestClock.adjust("9 minutes")
      assert.isFalse(yield* cache.invalidate(third))
      yield* cache.confirm(third)
      assert.isTrue(yield* cache.invalidate(third))
      yield* cache.get
      assert.strictEqual(count.requests, 4)
    }))

  it.scoped("caches tokens of different requests separately and those of equal requests together", () =>
    Effect.gen(function*() {
      const { asked, layer } = endpoint()
      const cache = yield* Effect.provide(TokenCache.make(), layer)
      const get = (change: TokenRequest.Overrides) => Effect.map(cache.withOverrides(change).get, value)
      const reading = yield* get({ scope: "items:read items:list" })
      assert.strictEqual(yield* get({ scope: ["items:list", "items:read", "items:list"] }), reading)
      assert.strictEqual(
        value(yield* cache.withOverrides({ scope: "other" }).withOverrides({ scope: "items:list items:read" }).get),
        reading
      )
      const changes: ReadonlyArray<TokenRequest.Overrides> = [
        {},
        { scope: "items:write" },
        { audience: "a" },
        { resource: "urn:a" },
        { resource: ["urn:a", "urn:b"] },
        { audience: "a", scope: "items:write" }
      ]
      const others = yield* Effect.forEach(changes, get)
      assert.strictEqual(yield* Effect.map(cache.get, value), others[0])
      assert.strictEqual(new Set([reading, ...others]).size, 7)
      assert.strictEqual(asked.length, 7)
      assert.deepStrictEqual(asked[0]?.request, tokenRequests.override(request, { scope: "items:list items:read" }))
    }))

  it.scoped("keeps the most recently used tokens, and never sends two requests for one", () =>
    Effect.gen(function*() {
      const gate = yield* Deferred.make<void>()
      const { asked, layer } = endpoint({ gate })
      const cache = yield* Effect.provide(TokenCache.make({ capacity: 2 }), layer)
      const get = (scope: string) => cache.withOverrides({ scope }).get
      const waiting = yield* Effect.fork(Effect.forEach(["a", "b", "c"], get, { concurrency: "unbounded" }))
      yield* settle
      const again = yield* Effect.fork(get("a"))
      yield* settle
      assert.strictEqual(asked.length, 3)
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(waiting)
      yield* Fiber.join(again)
      yield* get("d")
      yield* get("a")
      assert.deepStrictEqual(asked.map(({ request }) => request.scope), ["a", "b", "c", "d"])
      yield* get("b")
      assert.strictEqual(asked.length, 5)
    }))
})

describe("TokenCache.health", () => {
  /** Returns a time in seconds. */
  const healthOf = (cache: TokenCache.TokenCache) =>
    Effect.map(cache.health, ({ expiresIn, latchedFor, pausedFor, ...rest }) => ({
      ...rest,
      expiresIn: expiresIn && Duration.toSeconds(expiresIn),
      pausedFor: pausedFor && Duration.toSeconds(pausedFor),
      latchedFor: latchedFor && Duration.toSeconds(latchedFor)
    }))
  const unasked = {
    isReady: true,
    hasToken: false,
    expiresIn: undefined,
    lastFailure: undefined,
    pausedFor: undefined,
    latchedFor: undefined,
    budgetLeft: undefined
  }

  it.scoped("is healthy before the first request, and while a token is cached, however old", () =>
    Effect.gen(function*() {
      const { count, layer } = endpoint({ life: 100_000 })
      const cache = yield* Effect.provide(TokenCache.make(), layer)
      assert.deepStrictEqual(yield* healthOf(cache), unasked)
      yield* cache.get
      yield* TestClock.adjust("89 seconds")
      assert.deepStrictEqual(yield* healthOf(cache), { ...unasked, hasToken: true, expiresIn: 11 })
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* healthOf(cache), unasked)
      assert.strictEqual(count.requests, 1)
    }))

  it.scoped("reports the failure without a token, and the time of the next request", () =>
    Effect.gen(function*() {
      const { layer } = endpoint({ fails: (request) => request === 1 && wrongSecret })
      const backOff = Schedule.spaced("8 seconds")
      const cache = yield* Effect.provide(TokenCache.make({ backOff, retryTimeout: 0 }), layer)
      yield* Effect.exit(cache.get)
      const { lastFailure, ...rest } = yield* healthOf(cache)
      assert.strictEqual(lastFailure?._tag, "TokenErrorResponse")
      assert.deepStrictEqual({ ...rest, lastFailure: undefined }, { ...unasked, isReady: false, pausedFor: 8 })
      yield* TestClock.adjust("8 seconds")
      // No request has succeeded yet.
      assert.isFalse((yield* cache.health).isReady)
      yield* cache.get
      assert.deepStrictEqual(yield* healthOf(cache), { ...unasked, hasToken: true, expiresIn: day / 1000 })
    }))

  it.scoped("stays healthy while only the refresh fails, and reports the failure", () =>
    Effect.gen(function*() {
      const { layer } = endpoint({ life: 100_000, fails: (request) => request > 1 && unavailable })
      const cache = yield* Effect.provide(TokenCache.make({ retryTimeout: 0 }), layer)
      yield* cache.get
      yield* TestClock.adjust("85 seconds")
      yield* cache.get
      yield* settle
      const { isReady, lastFailure } = yield* cache.health
      assert.isTrue(isReady)
      assert.strictEqual(lastFailure?._tag, unavailable._tag)
    }).pipe(Effect.provide(Logger.remove(Logger.defaultLogger))))

  it.scoped("reports until when rejected tokens are kept", () =>
    Effect.gen(function*() {
      const cache = yield* Effect.provide(TokenCache.make(), endpoint().layer)
      assert.isTrue(yield* cache.invalidate(yield* cache.get))
      assert.isFalse(yield* cache.invalidate(yield* cache.get))
      assert.strictEqual((yield* healthOf(cache)).latchedFor, 60)
    }))

  for (const [left, isReady] of [[1, true], [0, false], [undefined, true]] as const) {
    it.scoped(`with a budget of ${left} and no token it is ${isReady ? "ready" : "not"}`, () =>
      Effect.gen(function*() {
        const cache = yield* TokenCache.make().pipe(
          Effect.provide(endpoint().layer),
          Effect.provideService(IssuanceBudget.IssuanceBudget, {
            left: Effect.succeed(left),
            hasRoom: () => Effect.never,
            ledger: Effect.never,
            reset: Effect.never,
            decorate: (one) => one
          })
        )
        assert.deepStrictEqual(yield* healthOf(cache), { ...unasked, isReady, budgetLeft: left })
        yield* cache.get
        assert.isTrue((yield* cache.health).isReady)
      }))
  }

  it.scoped("does not hang when the store of the budget hangs", () =>
    Effect.gen(function*() {
      const cache = yield* TokenCache.make().pipe(
        Effect.provide(endpoint().layer),
        Effect.provideService(IssuanceBudget.IssuanceBudget, {
          left: Effect.never,
          hasRoom: () => Effect.never,
          ledger: Effect.never,
          reset: Effect.never,
          decorate: (one) => one
        })
      )
      const health = yield* Effect.fork(healthOf(cache))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(exitOf(health), Exit.succeed(unasked))
    }))
})

describe("the options of the token cache", () => {
  const problems = (options: TokenCache.Options) =>
    Either.match(rules.validate(parts.tokenCache, options), {
      onLeft: ({ problems }) => problems.map(({ setting }) => setting),
      onRight: () => []
    })

  it("are validated, all problems at once", () => {
    assert.deepStrictEqual(problems({ refreshBefore: "1 hour", capacity: 1, rejectionPauses: [0] }), [])
    assert.deepStrictEqual(
      problems({
        refreshFraction: 2,
        expiryBufferFraction: -1,
        rejectionPauses: [],
        capacity: 0,
        requestTimeout: Infinity,
        retryTimeout: "soon" as "1 second"
      }),
      ["refreshFraction", "expiryBufferFraction", "retryTimeout", "requestTimeout", "rejectionPauses", "capacity"]
    )
    assert.deepStrictEqual(problems({ capacity: 1.5, refreshFraction: NaN }), ["refreshFraction", "capacity"])
  })

  it.effect("are a typed error of the layer when they are invalid", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Layer.build(
        Layer.provide(TokenCache.layer({ expiryBufferFraction: 3 }), endpoint().layer)
      ))
      assert.strictEqual(error._tag, "InvalidConfig")
      assert.strictEqual(
        error.message,
        "expiryBufferFraction: expected a fraction of the token's lifetime, from 0 to 1"
      )
    }).pipe(Effect.scoped))
})
