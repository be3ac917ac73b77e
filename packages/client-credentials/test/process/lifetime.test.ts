import { HttpClient, HttpClientResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import {
  ApiClient,
  ClientConfig,
  ClientCredentials,
  IssuanceBudget,
  LegacyToken,
  OAuthError,
  PromiseClient,
  ReplaySchedule,
  ServerMetadata,
  SharedTokens,
  TokenCache,
  TokenEndpoint,
  TokenRequest,
  TokenRevocation,
  TokenSeal,
  TokenStore
} from "@effect-oauth/client-credentials"
import { Context, Deferred, Effect, Either, Exit, Fiber, Layer, Redacted, Schedule, Scope, TestClock } from "effect"

import * as lifetime from "../../src/internal/process/lifetime.js"
import { exitOf } from "../support/fibers.js"

const options = {
  tokenUrl: "https://auth.example.com/token",
  revocationUrl: "https://auth.example.com/revoke",
  clientId: "inventory-sync",
  clientSecret: Redacted.make("s3cr3t"),
  apiBaseUrl: "https://api.example.com"
}

/** An HTTP client that outlives the clients under test, as one provided at the top of a program does. */
const network = (answer: (path: string, count: number) => readonly [millis: number, status: number]) => {
  const sent: Array<string> = []
  const http = HttpClient.make((request) =>
    Effect.suspend(() => {
      const path = new URL(request.url).pathname
      sent.push(path)
      const [millis, status] = answer(path, sent.filter((one) => one === path).length)
      const body = path === "/token"
        ? { access_token: `token-${sent.length}`, token_type: "Bearer", expires_in: 3600 }
        : {}
      return Effect.as(
        Effect.sleep(millis),
        HttpClientResponse.fromWeb(request, Response.json(body, { status }))
      )
    })
  )
  return { sent, layer: Layer.succeed(HttpClient.HttpClient, http) }
}

const ready = () => network(() => [0, 200])

const store = Layer.merge(
  TokenStore.layerMemory,
  TokenSeal.layer([Redacted.make(Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64"))])
)

const endpoint = Layer.provideMerge(
  TokenEndpoint.layer(),
  Layer.provideMerge(ServerMetadata.layer(), ClientConfig.layer(options))
)

const closed = (effect: Effect.Effect<unknown, unknown>) =>
  Effect.map(Effect.flip(effect), (error) => {
    assert.instanceOf(error, OAuthError.ClientClosed)
    assert.isFalse(error.retryable)
    assert.match(error.message, /scope of its layer has ended/)
  })

describe("after the scope of a layer has ended", () => {
  it.effect("no call is made and no token is returned, though one is cached", () =>
    Effect.gen(function*() {
      const { layer, sent } = ready()
      const client = Layer.provide(ClientCredentials.layer(options), layer)
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(client, scope)
      const api = Context.get(context, ApiClient.ApiClient)
      const cache = Context.get(context, TokenCache.TokenCache)
      const { revoke } = Context.get(context, TokenRevocation.TokenRevocation)
      yield* api.get("/items")
      const token = yield* cache.get
      const changed = cache.withOverrides({ scope: "items:write" })
      yield* changed.get
      yield* Scope.close(scope, Exit.void)

      sent.length = 0
      yield* closed(api.get("/items"))
      yield* closed(TokenRequest.withOverrides({ scope: "items:read" })(api.get("/items")))
      yield* closed(cache.get)
      yield* closed(cache.refresh(token))
      yield* closed(changed.get)
      yield* closed(cache.withOverrides({ audience: "other" }).get)
      yield* closed(revoke(token))
      const health = yield* cache.health
      assert.deepStrictEqual([health.isReady, health.hasToken, health.lastFailure?._tag], [
        false,
        false,
        "ClientClosed"
      ])
      assert.deepStrictEqual(sent, [])
    }))

  it.effect("an endpoint used without a cache sends nothing, however it is decorated", () =>
    Effect.gen(function*() {
      const { layer, sent } = ready()
      const decorated = [
        endpoint,
        Layer.provide(SharedTokens.layer(), endpoint),
        Layer.provide(IssuanceBudget.layer({ limit: 5 }), endpoint)
      ]
      for (const one of decorated) {
        const scope = yield* Scope.make()
        const context = yield* Layer.buildWithScope(
          Layer.provide(one, Layer.mergeAll(layer, store, ClientConfig.layer(options))),
          scope
        )
        const { request, requestToken } = Context.get(context, TokenEndpoint.TokenEndpoint)
        yield* requestToken(request)
        assert.deepStrictEqual(sent.splice(0), ["/token"])
        yield* Scope.close(scope, Exit.void)
        yield* closed(requestToken(request))
        assert.deepStrictEqual(sent, [])
      }
    }))

  it.effect("a legacy token is not sent either", () =>
    Effect.gen(function*() {
      const { layer, sent } = ready()
      const legacy = LegacyToken.layer({
        tokenId: "tok_17",
        tokenSecret: Redacted.make("s3cr3t"),
        apiBaseUrl: options.apiBaseUrl
      })
      const context = yield* Effect.scoped(Layer.build(Layer.provide(legacy, layer)))
      yield* closed(Context.get(context, ApiClient.ApiClient).get("/items"))
      assert.deepStrictEqual(sent, [])
    }))

  it("a PromiseClient rejects with the same error after close()", async () => {
    const { layer, sent } = ready()
    const client = PromiseClient.make(Layer.provide(ClientCredentials.layer(options), layer))
    assert.strictEqual((await client.fetch("/items")).status, 200)
    await client.close()
    sent.length = 0
    const error: unknown = await client.fetch("/items").catch((error: unknown) => error)
    assert.instanceOf(error, OAuthError.ClientClosed)
    assert.deepStrictEqual(sent, [])
  })

  it.effect("the cached tokens are still revoked at shutdown, as the last requests", () =>
    Effect.gen(function*() {
      const { layer, sent } = network((path) => [path === "/revoke" ? 1000 : 0, 200])
      const client = Layer.provide(ClientCredentials.layer({ ...options, revokeAtShutdown: true }), layer)
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(client, scope)
      const api = Context.get(context, ApiClient.ApiClient)
      const cache = Context.get(context, TokenCache.TokenCache)
      yield* api.get("/items")
      yield* cache.withOverrides({ scope: "items:write" }).get
      const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* TestClock.adjust("500 millis")
      // While the tokens are revoked, no other token is requested.
      yield* closed(api.get("/items"))
      yield* closed(cache.withOverrides({ audience: "other" }).get)
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(closing)
      assert.deepStrictEqual(sent.splice(0), ["/token", "/items", "/token", "/revoke", "/revoke"])
    }))

  it.effect("started work does not run, and its waiters fail", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const life = yield* Scope.extend(lifetime.make, scope)
      yield* Scope.close(scope, Exit.void)
      const events: Array<string> = []
      const result = yield* Deferred.make<void, OAuthError.ClientClosed>()
      yield* life.fork(Effect.sync(() => void events.push("run")), {
        result,
        onEnd: Effect.sync(() => void events.push("end"))
      })
      assert.isTrue(yield* Deferred.isDone(result), "a waiter would wait forever")
      yield* closed(Deferred.await(result))
      assert.deepStrictEqual(events, ["end"])
    }))

  it.effect("a token request in progress that was started without a cache is interrupted, and fails", () =>
    Effect.gen(function*() {
      const { layer, sent } = network(() => [1000, 200])
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(Layer.provide(endpoint, layer), scope)
      const { request, requestToken } = Context.get(context, TokenEndpoint.TokenEndpoint)
      const requesting = yield* Effect.fork(requestToken(request))
      yield* TestClock.adjust("500 millis")
      assert.deepStrictEqual(sent, ["/token"])
      yield* Scope.close(scope, Exit.void)
      yield* TestClock.adjust(0)
      const exit = exitOf(requesting)
      assert(exit !== undefined, "continues after the layer is closed")
      yield* closed(exit)
    }))

  it.effect("at every moment, nothing is sent later and no call waits", () =>
    Effect.gen(function*() {
      // Tokens take 100 ms, with one that fails and one that is late; the API rejects the first token after 100 ms;
      // then follows a pause of 100 ms before the replay.
      const answers = (path: string, count: number) =>
        path === "/token"
          ? count === 1 ? [100, 503] as const : [100, 200] as const
          : [100, count === 1 ? 401 : 200] as const
      for (let moment = 0; moment <= 1500; moment += 75) {
        const { layer, sent } = network(answers)
        const client = ClientCredentials.layer(options).pipe(
          Layer.provide(layer),
          Layer.provide(
            Layer.succeed(
              ReplaySchedule.ReplaySchedule,
              Schedule.spaced("100 millis").pipe(Schedule.intersect(Schedule.recurs(3)))
            )
          )
        )
        const scope = yield* Scope.make()
        const context = yield* Layer.buildWithScope(client, scope)
        const api = Context.get(context, ApiClient.ApiClient)
        const call = yield* Effect.fork(Effect.either(Effect.asVoid(api.get("/items"))))
        const waiting = yield* Effect.fork(
          Effect.either(Effect.asVoid(Context.get(context, TokenCache.TokenCache).get))
        )
        yield* TestClock.adjust(moment)
        yield* Scope.close(scope, Exit.void)
        const before = [...sent]
        // An API call in progress may still finish.
        yield* TestClock.adjust("100 millis")
        for (const fiber of [call, waiting]) {
          const exit = exitOf(fiber)
          assert(exit !== undefined && Exit.isSuccess(exit), `waits, closed after ${moment} ms`)
          const tag = Either.match(exit.value, { onLeft: ({ _tag }) => _tag, onRight: () => "succeeded" })
          assert.include(["ClientClosed", "succeeded"], tag, `closed after ${moment} ms`)
        }
        yield* closed(api.get("/items"))
        yield* TestClock.adjust("1 hour")
        assert.deepStrictEqual(sent, before, `closed after ${moment} ms`)
      }
      // Virtual time waits for fibers in real time: the limit is for a busy machine.
    }))
})
