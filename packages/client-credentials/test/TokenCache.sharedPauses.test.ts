import { assert, describe, it } from "@effect/vitest"
import {
  ClientConfig,
  IssuanceBudget,
  OAuthError,
  SharedTokens,
  TokenCache,
  TokenEndpoint,
  TokenSeal,
  TokenStore
} from "@effect-oauth/client-credentials"
import { VirtualClock } from "@effect-oauth/testing"
import { Duration, Effect, Either, Fiber, Layer, Logger, Schedule, TestClock } from "effect"

import * as scenario from "./support/scenario.js"
import { sealKey } from "./support/sealKey.js"
import { make as endpoint, type Script, unavailable, value } from "./support/tokenEndpoint.js"

const hour = 3_600_000

/** Processes that share a store, which counts its operations, and fails those of one process on demand. */
const fleet = (script: Script = {}) =>
  Effect.gen(function*() {
    const time = VirtualClock.make()
    const memory = yield* Effect.provide(TokenStore.TokenStore, TokenStore.layerMemory)
    const { count, layer } = endpoint({ life: hour, ...script })
    const start = (cache: TokenCache.Options = {}) =>
      Effect.gen(function*() {
        const state = { operations: 0, isAway: false }
        const run = <A>(operation: Effect.Effect<A, OAuthError.TokenStoreError>) =>
          Effect.suspend((): Effect.Effect<A, OAuthError.TokenStoreError> => {
            state.operations += 1
            return state.isAway
              ? new OAuthError.TokenStoreError({ operation: "load", problem: "ECONNREFUSED" })
              : operation
          })
        const store = Layer.succeed(TokenStore.TokenStore, {
          load: (key) => run(memory.load(key)),
          swap: (...parameters) => run(memory.swap(...parameters)),
          acquire: (...parameters) => run(memory.acquire(...parameters)),
          release: (...parameters) => run(memory.release(...parameters))
        })
        const parts = yield* Layer.build(
          SharedTokens.layer({ whenStoreFails: "fail" }).pipe(
            Layer.provideMerge(IssuanceBudget.layer({ limit: 2, warnAt: [] })),
            Layer.provide([layer, ClientConfig.layer(scenario.options), TokenSeal.layer([sealKey(1)]), store])
          )
        )
        const { get } = yield* Effect.provide(TokenCache.make({ retryTimeout: 0, ...cache }), parts)
        const { reset } = yield* Effect.provide(IssuanceBudget.IssuanceBudget, parts)
        const call = Effect.gen(function*() {
          const fiber = yield* Effect.fork(Effect.either(Effect.withClock(get, time.clock)))
          yield* time.advance("5 seconds")
          return Either.match(yield* Fiber.join(fiber), { onLeft: ({ _tag }) => _tag, onRight: value })
        })
        return { state, call, reset: Effect.withClock(reset, time.clock) }
      }).pipe(Effect.withClock(time.clock))
    return { count, start, time }
  }).pipe(Effect.provide(Logger.remove(Logger.defaultLogger)))

/** Uses both tokens of the limit, the second one of which has expired. */
const exhausted = Effect.gen(function*() {
  const { count, start, time } = yield* fleet()
  const waiting = yield* start()
  const other = yield* start()
  for (const token of ["token-1", "token-2"]) {
    assert.strictEqual(yield* waiting.call, token)
    yield* time.advance("1 hour")
  }
  assert.strictEqual(yield* waiting.call, "IssuanceBudgetExhausted")
  return { count, other, time, waiting }
}).pipe(Effect.provide(Logger.remove(Logger.defaultLogger)))

/** Creates a cache with a budget of one token over an endpoint that has none of the optional members. */
const counted = (script: Script, options: TokenCache.Options = {}) =>
  Effect.gen(function*() {
    const { count, layer } = endpoint(script)
    const parts = Layer.mergeAll(
      ClientConfig.layer(scenario.options),
      TokenSeal.layer([sealKey(1)]),
      TokenStore.layerMemory
    )
    const budget = yield* Effect.provide(IssuanceBudget.make({ limit: 1, warnAt: [] }), parts)
    const { request, requestToken } = budget.decorate(yield* Effect.provide(TokenEndpoint.TokenEndpoint, layer))
    const cache = yield* TokenCache.make({ retryTimeout: 0, ...options }).pipe(
      Effect.provideService(TokenEndpoint.TokenEndpoint, { request, requestToken }),
      Effect.provideService(IssuanceBudget.IssuanceBudget, budget)
    )
    return { budget, cache, count }
  })

describe("the pause of a process that shares its tokens or a budget", () => {
  it.scoped("ends when the exhausted budget is reset, with the next call", () =>
    Effect.gen(function*() {
      const { other, time, waiting } = yield* exhausted
      yield* time.advance("10 seconds")
      assert.strictEqual(yield* waiting.call, "IssuanceBudgetExhausted")
      yield* other.reset
      yield* time.advance("10 seconds")
      assert.strictEqual(yield* waiting.call, "token-3")
    }))

  it.scoped("ends with the budget also for an endpoint of which another one passes on nothing but its requests", () =>
    Effect.gen(function*() {
      const { budget, cache } = yield* counted({ life: hour })
      assert.strictEqual(value(yield* cache.get), "token-1")
      yield* TestClock.adjust("1 hour")
      assert.strictEqual((yield* Effect.flip(cache.get))._tag, "IssuanceBudgetExhausted")
      yield* budget.reset
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(value(yield* cache.get), "token-2")
    }))

  it.scoped("lasts after another failure, although the budget has room", () =>
    Effect.gen(function*() {
      const { cache, count } = yield* counted({ fails: () => unavailable }, { backOff: Schedule.spaced("1 hour") })
      for (let seconds = 0; seconds < 60; seconds += 10) {
        assert.strictEqual((yield* Effect.flip(cache.get))._tag, "TokenEndpointUnavailable")
        yield* TestClock.adjust("10 seconds")
      }
      assert.strictEqual(count.requests, 1)
    }))

  it.scoped("ends when another process has stored a token, with the next call", () =>
    Effect.gen(function*() {
      const { count, start, time } = yield* fleet()
      const waiting = yield* start({ backOff: Schedule.spaced("1 hour") })
      const other = yield* start()
      waiting.state.isAway = true
      assert.strictEqual(yield* waiting.call, "TokenStoreError")
      yield* time.advance("10 seconds")
      // The store is still unavailable for this process.
      assert.strictEqual(yield* waiting.call, "TokenStoreError")
      assert.strictEqual(yield* other.call, "token-1")
      waiting.state.isAway = false
      yield* time.advance("10 seconds")
      assert.strictEqual(yield* waiting.call, "token-1")
      assert.strictEqual(count.requests, 1)
    }))

  it.scoped("costs two operations of the store every 10 seconds at most, and no request, while nothing changes", () =>
    Effect.gen(function*() {
      const { count, time, waiting } = yield* exhausted
      const before = waiting.state.operations
      for (let seconds = 0; seconds < 600; seconds += 5) {
        assert.strictEqual(yield* waiting.call, "IssuanceBudgetExhausted")
      }
      assert.isAtMost(waiting.state.operations - before, 2 * 60)
      assert.strictEqual(count.requests, 2)
      // Nothing is read for a process without calls.
      const idle = waiting.state.operations
      yield* time.advance("30 minutes")
      assert.strictEqual(waiting.state.operations, idle)
    }))

  it.scoped("stays when the server requires it, and the store has no token", () =>
    Effect.gen(function*() {
      const tooMany = new OAuthError.TokenEndpointUnavailable({
        endpoint: "https://auth.example.com/oauth/token",
        reason: "status",
        detail: "429",
        retryAfter: Duration.hours(1)
      })
      const { count, start, time } = yield* fleet({ fails: (requests) => requests === 1 && tooMany })
      const processes = [yield* start(), yield* start()]
      for (let minutes = 0; minutes < 58; minutes += 1) {
        for (const { call } of processes) assert.match(yield* call, /Unavailable|Exhausted/)
        yield* time.advance("50 seconds")
      }
      assert.strictEqual(count.requests, 1)
      yield* time.advance("4 minutes")
      for (const { call } of processes) assert.strictEqual(yield* call, "token-2")
    }))
})
