/**
 * A cache in a runtime that binds I/O to the request that started it: callers poll for the outcome of another's
 * refresh.
 */
import { assert, describe, it } from "@effect/vitest"
import { TokenCache } from "@effect-oauth/client-credentials"
import { Deferred, Effect, Fiber, TestClock } from "effect"

import { RequestBound } from "../src/internal/process/requestBound.js"
import { exitOf } from "./support/fibers.js"
import { day, make as endpoint, unavailable, value } from "./support/tokenEndpoint.js"

const cacheOver = ({ layer }: ReturnType<typeof endpoint>) =>
  TokenCache.make().pipe(Effect.provide(layer), Effect.provideService(RequestBound, true))

/** A time in the refresh window of a token that is valid for a day. */
const due = day - 60_000

describe("a TokenCache of a runtime with I/O bound to requests", () => {
  it.scoped("sends one request, however many callers wait for the token", () =>
    Effect.gen(function*() {
      const gate = yield* Deferred.make<void>()
      const tokens = endpoint({ gate })
      const cache = yield* cacheOver(tokens)
      const callers = yield* Effect.fork(Effect.replicateEffect(cache.get, 5, { concurrency: "unbounded" }))
      // Far longer than callers wait for a refresh that shows no progress.
      yield* TestClock.adjust("3 seconds")
      yield* Deferred.succeed(gate, undefined)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(new Set((yield* Fiber.join(callers)).map(value)), new Set(["token-1"]))
      assert.strictEqual(tokens.count.requests, 1)
    }))

  it.scoped("fails all callers that wait for the token with the failure of the request", () =>
    Effect.gen(function*() {
      const tokens = endpoint({ fails: () => unavailable })
      const cache = yield* cacheOver(tokens)
      const callers = yield* Effect.fork(
        Effect.replicateEffect(Effect.flip(cache.get), 3, { concurrency: "unbounded" })
      )
      yield* TestClock.adjust("10 seconds")
      const errors = yield* Fiber.join(callers)
      assert.deepStrictEqual(new Set(errors.map(({ _tag }) => _tag)), new Set(["TokenEndpointUnavailable"]))
    }))

  it.scoped("keeps the caller that starts a refresh waiting, as the runtime would cancel the refresh after its response", () =>
    Effect.gen(function*() {
      const gate = yield* Deferred.make<void>()
      const tokens = endpoint({ gate })
      const cache = yield* cacheOver(tokens)
      yield* Deferred.succeed(gate, undefined)
      yield* cache.get
      yield* TestClock.adjust(due)
      assert.strictEqual(value(yield* cache.get), "token-1")
      assert.strictEqual(tokens.count.requests, 2)
      assert.strictEqual(value(yield* cache.get), "token-2")
    }))

  it.scoped("keeps it waiting for one attempt and at most 5 seconds", () =>
    Effect.gen(function*() {
      const tokens = endpoint({
        fails: (request) => request === 2 ? unavailable : false,
        hangs: (request) => request === 3
      })
      const cache = yield* cacheOver(tokens)
      yield* cache.get
      yield* TestClock.adjust(due)
      assert.strictEqual(value(yield* cache.get), "token-1")
      assert.strictEqual(tokens.count.requests, 2)
      yield* TestClock.adjust("10 seconds")
      const waiting = yield* Effect.fork(cache.get)
      yield* TestClock.adjust(4999)
      assert.isUndefined(exitOf(waiting))
      yield* TestClock.adjust(1)
      assert.strictEqual(value(yield* Fiber.join(waiting)), "token-1")
      assert.strictEqual(tokens.count.requests, 3)
    }))
})
