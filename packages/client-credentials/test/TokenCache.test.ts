import { assert, describe, it } from "@effect/vitest"
import { AccessToken, OAuthError, TokenCache, TokenEndpoint } from "@effect-oauth/client-credentials"
import type { Tracer } from "effect"
import { Cause, Clock, Deferred, Effect, Exit, Fiber, Layer, Option, Redacted, Scope, TestClock } from "effect"

const day = 86_400_000

const unavailable = new OAuthError.TokenEndpointUnavailable({
  endpoint: "https://auth.example.com/oauth/token",
  reason: "status",
  detail: "503"
})

/** A token endpoint that numbers its tokens and waits at a gate, when there is one, before it answers. */
const endpoint = (answer: {
  readonly life?: number
  readonly gate?: Deferred.Deferred<void>
  readonly fails?: (request: number) => boolean
  readonly dies?: boolean
} = {}) => {
  const count = { requests: 0, interrupted: 0 }
  const requestToken = Effect.gen(function*() {
    const request = count.requests += 1
    const requestedAt = yield* Clock.currentTimeMillis
    if (answer.gate !== undefined) yield* Deferred.await(answer.gate)
    if (answer.dies === true) return yield* Effect.dieMessage("a defect")
    if (answer.fails?.(request) === true) return yield* unavailable
    return new AccessToken.AccessToken({
      value: Redacted.make(`token-${request}`),
      scope: undefined,
      requestedAt,
      expiresAt: requestedAt + (answer.life ?? day)
    })
  }).pipe(Effect.onInterrupt(() => Effect.sync(() => count.interrupted += 1)))
  return { count, layer: Layer.succeed(TokenEndpoint.TokenEndpoint, { requestToken }) }
}

const value = (token: AccessToken.AccessToken) => Redacted.value(token.value)

/** Runs until every fiber waits: the test clock stands still, so nothing else can wake them. */
const settle = TestClock.adjust(0)

describe("TokenCache", () => {
  it.scoped("asks once, however many callers are waiting", () =>
    Effect.gen(function*() {
      const gate = yield* Deferred.make<void>()
      const { count, layer } = endpoint({ gate })
      const cache = yield* Effect.provide(TokenCache.make, layer)
      const callers = yield* Effect.fork(Effect.replicateEffect(cache.get, 10_000, { concurrency: "unbounded" }))
      yield* settle
      assert.strictEqual(count.requests, 1)
      yield* Deferred.succeed(gate, undefined)
      const tokens = yield* Fiber.join(callers)
      assert.deepStrictEqual(new Set(tokens.map(value)), new Set(["token-1"]))
      assert.strictEqual(count.requests, 1)
    }))

  it.scoped("serves the others by the same request when the caller who began it is interrupted", () =>
    Effect.gen(function*() {
      const gate = yield* Deferred.make<void>()
      const { count, layer } = endpoint({ gate })
      const cache = yield* Effect.provide(TokenCache.make, layer)
      const first = yield* Effect.fork(cache.get)
      yield* settle
      const others = yield* Effect.fork(Effect.replicateEffect(cache.get, 20, { concurrency: "unbounded" }))
      yield* settle
      const exit = yield* Fiber.interrupt(first)
      assert.isTrue(Exit.isInterrupted(exit))
      yield* Deferred.succeed(gate, undefined)
      assert.deepStrictEqual(new Set((yield* Fiber.join(others)).map(value)), new Set(["token-1"]))
      assert.deepStrictEqual(count, { requests: 1, interrupted: 0 })
    }))

  it.scoped("keeps the token of a request whose callers are all gone", () =>
    Effect.gen(function*() {
      const gate = yield* Deferred.make<void>()
      const { count, layer } = endpoint({ gate })
      const cache = yield* Effect.provide(TokenCache.make, layer)
      const only = yield* Effect.fork(cache.get)
      yield* settle
      yield* Fiber.interrupt(only)
      yield* Deferred.succeed(gate, undefined)
      yield* settle
      assert.strictEqual(value(yield* cache.get), "token-1")
      assert.strictEqual(count.requests, 1)
    }))

  it.scoped("lets a caller who is interrupted go at once", () =>
    Effect.gen(function*() {
      const { layer } = endpoint({ gate: yield* Deferred.make<void>() })
      const cache = yield* Effect.provide(TokenCache.make, layer)
      const outcome = yield* Effect.fork(Effect.timeoutOption(cache.get, "1 second"))
      yield* TestClock.adjust("1 second")
      assert.isTrue(Option.isNone(yield* Fiber.join(outcome)))
    }))

  it.scoped("shares a failure among those who waited, and asks anew for the next", () =>
    Effect.gen(function*() {
      const gate = yield* Deferred.make<void>()
      const { count, layer } = endpoint({ gate, fails: (request) => request === 1 })
      const cache = yield* Effect.provide(TokenCache.make, layer)
      const callers = yield* Effect.fork(
        Effect.replicateEffect(Effect.flip(cache.get), 20, { concurrency: "unbounded" })
      )
      yield* settle
      yield* Deferred.succeed(gate, undefined)
      assert.isTrue((yield* Fiber.join(callers)).every(({ message }) => message === unavailable.message))
      assert.strictEqual(count.requests, 1)
      assert.strictEqual(value(yield* cache.get), "token-2")
    }))

  it.scoped("reports a defect to those who waited, and goes on", () =>
    Effect.gen(function*() {
      const { count, layer } = endpoint({ dies: true })
      const cache = yield* Effect.provide(TokenCache.make, layer)
      for (const requests of [1, 2]) {
        const exit = yield* Effect.exit(cache.get)
        assert.isTrue(Exit.isFailure(exit) && Cause.isDie(exit.cause))
        assert.strictEqual(count.requests, requests)
      }
    }))

  it.scoped("reuses a token of a day until ten seconds before its end", () =>
    Effect.gen(function*() {
      const { count, layer } = endpoint()
      const cache = yield* Effect.provide(TokenCache.make, layer)
      yield* cache.get
      yield* TestClock.setTime(day - 10_001)
      assert.strictEqual(value(yield* cache.get), "token-1")
      yield* TestClock.setTime(day - 10_000)
      assert.strictEqual(value(yield* cache.get), "token-2")
      assert.strictEqual(count.requests, 2)
    }))

  it.scoped("reuses a token of 45 seconds for nine tenths of its life", () =>
    Effect.gen(function*() {
      const { count, layer } = endpoint({ life: 45_000 })
      const cache = yield* Effect.provide(TokenCache.make, layer)
      yield* cache.get
      yield* TestClock.setTime(40_499)
      yield* cache.get
      assert.strictEqual(count.requests, 1)
      yield* TestClock.setTime(40_500)
      yield* cache.get
      assert.strictEqual(count.requests, 2)
    }))

  it.scoped("hands a token without life to those who waited for it, and does not keep it", () =>
    Effect.gen(function*() {
      const { count, layer } = endpoint({ life: 0 })
      const cache = yield* Effect.provide(TokenCache.make, layer)
      assert.strictEqual(value(yield* cache.get), "token-1")
      assert.strictEqual(value(yield* cache.get), "token-2")
      assert.strictEqual(count.requests, 2)
    }))

  it.scoped("asks for one new token when many callers report the same one as refused", () =>
    Effect.gen(function*() {
      const { count, layer } = endpoint()
      const cache = yield* Effect.provide(TokenCache.make, layer)
      const refused = yield* cache.get
      const tokens = yield* Effect.replicateEffect(Effect.zipRight(cache.invalidate(refused), cache.get), 20)
      assert.deepStrictEqual(tokens.map(value), Array.from({ length: 20 }, () => "token-2"))
      assert.strictEqual(count.requests, 2)
    }))

  it.scoped("sees through copies of a refused token", () =>
    Effect.gen(function*() {
      const cache = yield* Effect.provide(TokenCache.make, endpoint().layer)
      const token = yield* cache.get
      yield* cache.invalidate(new AccessToken.AccessToken({ ...token, value: Redacted.make(value(token)) }))
      assert.strictEqual(value(yield* cache.get), "token-2")
    }))

  it.scoped("does not give up a request under way when an old token is reported", () =>
    Effect.gen(function*() {
      const gate = yield* Deferred.make<void>()
      const { count, layer } = endpoint({ gate, life: 45_000 })
      const cache = yield* Effect.provide(TokenCache.make, layer)
      yield* Deferred.succeed(gate, undefined)
      const old = yield* cache.get
      yield* TestClock.adjust("1 minute")
      const waiting = yield* Effect.fork(cache.get)
      yield* cache.invalidate(old)
      yield* Fiber.join(waiting)
      assert.strictEqual(value(yield* cache.get), "token-2")
      assert.strictEqual(count.requests, 2)
    }))

  it.effect("ends a request under way, and those who wait for it, with its scope", () =>
    Effect.gen(function*() {
      const { count, layer } = endpoint({ gate: yield* Deferred.make<void>() })
      const scope = yield* Scope.make()
      const cache = yield* TokenCache.make.pipe(Effect.provide(layer), Scope.extend(scope))
      const waiting = yield* Effect.fork(cache.get)
      yield* settle
      yield* Scope.close(scope, Exit.void)
      assert.isTrue(Exit.isInterrupted(yield* Fiber.await(waiting)))
      assert.strictEqual(count.interrupted, 1)
    }))

  it.scoped("traces the request apart from the caller who happened to begin it", () =>
    Effect.gen(function*() {
      let parent: Option.Option<Tracer.AnySpan> | undefined
      const layer = Layer.succeed(TokenEndpoint.TokenEndpoint, {
        requestToken: Effect.gen(function*() {
          parent = (yield* Effect.orDie(Effect.currentSpan)).parent
          return yield* unavailable
        })
      })
      const cache = yield* Effect.provide(TokenCache.make, layer)
      yield* Effect.ignore(Effect.withSpan(cache.get, "a caller"))
      assert.deepStrictEqual(parent, Option.none())
    }))
})
