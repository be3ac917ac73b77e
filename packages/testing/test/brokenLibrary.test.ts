/**
 * Tests as a user writes them, one for each guarantee of the library; and the same tests on a library in which that
 * guarantee is broken on purpose: each of them must fail, and state why.
 */
import { assert, describe, it } from "@effect/vitest"
import {
  ApiClient,
  Authorization,
  ClientConfig,
  ServerMetadata,
  TokenCache,
  TokenEndpoint
} from "@effect-oauth/client-credentials"
import { OAuthTest, TestApi, TestAuthorizationServer } from "@effect-oauth/testing"
import { Cause, Effect, Exit, Layer, Redacted, Ref, TestClock } from "effect"

const call = Effect.flatMap(ApiClient.ApiClient, (api) => api.get("/items"))

const singleFlight = Effect.gen(function*() {
  yield* Effect.replicateEffect(call, 50, { concurrency: "unbounded" })
  yield* OAuthTest.expect({ tokensIssued: 1 })
})

const invalidation = Effect.gen(function*() {
  const { revoke } = yield* TestAuthorizationServer.TestAuthorizationServer
  yield* call
  yield* revoke()
  yield* Effect.replicateEffect(call, 20, { concurrency: "unbounded" })
  yield* OAuthTest.expect({ reasons: ["cold", "rejected"] })
  assert.strictEqual((yield* call).status, 200)
})

const floor = Effect.gen(function*() {
  yield* call
  yield* TestClock.adjust("55 seconds")
  yield* call
  yield* OAuthTest.expect({ callsPerToken: [1, 1] })
})

const origins = Effect.gen(function*() {
  const api = yield* ApiClient.ApiClient
  const outcome = yield* Effect.either(api.get("https://elsewhere.test/items"))
  assert(outcome._tag === "Left" && outcome.left._tag === "OriginNotAllowed", "expected OriginNotAllowed")
  yield* OAuthTest.expect({ tokenRequests: 0 })
})

type Wrap = (
  cache: TokenCache.TokenCache,
  endpoint: TokenEndpoint.TokenEndpoint
) => Effect.Effect<TokenCache.TokenCache>

/** Composes the library as its users do, with a replaced part. */
const broken = (parts: { readonly cache?: Wrap; readonly origins?: ReadonlySet<string> }) => {
  const cache = Layer.scoped(
    TokenCache.TokenCache,
    Effect.gen(function*() {
      const real = yield* TokenCache.make()
      return yield* (parts.cache ?? Effect.succeed)(real, yield* TokenEndpoint.TokenEndpoint)
    })
  )
  const authorization = Layer.effect(
    Authorization.Authorization,
    Effect.map(Authorization.make, (real) => ({
      ...real,
      api: { ...real.api, origins: parts.origins ?? real.api.origins }
    }))
  )
  return Layer.fresh(ApiClient.layer.pipe(
    Layer.provide(authorization),
    Layer.provide(cache),
    Layer.provide(TokenEndpoint.layer()),
    Layer.provide(ServerMetadata.layer()),
    Layer.provide(ClientConfig.layer({
      tokenUrl: "https://auth.test/token",
      clientId: "test-client",
      clientSecret: Redacted.make("test-secret"),
      apiBaseUrl: "https://api.test"
    })),
    Layer.provideMerge(OAuthTest.layerHttpClient()),
    Layer.provideMerge(TestApi.layer()),
    Layer.provideMerge(TestAuthorizationServer.layer({ tokenLife: "60 seconds" }))
  ))
}

const everywhere = { has: () => true, [Symbol.iterator]: () => [][Symbol.iterator]() } as never

type Test = Effect.Effect<
  void,
  unknown,
  ApiClient.ApiClient | TestApi.TestApi | TestAuthorizationServer.TestAuthorizationServer
>

const cases: ReadonlyArray<readonly [string, Test, Parameters<typeof broken>[0]]> = [
  ["one token request", singleFlight, {
    cache: (real, { request, requestToken }) =>
      Effect.succeed({ ...real, get: Effect.map(requestToken(request), ({ token }) => token) })
  }],
  ["invalidation", invalidation, {
    cache: (real) => Effect.succeed({ ...real, invalidate: () => Effect.succeed(true) })
  }],
  ["the floor", floor, {
    cache: (real) =>
      Effect.map(Ref.make<Effect.Effect.Success<typeof real.get> | undefined>(undefined), (kept) => ({
        ...real,
        get: Effect.flatMap(Ref.get(kept), (token) =>
          token === undefined ? Effect.tap(real.get, (token) => Ref.set(kept, token)) : Effect.succeed(token))
      }))
  }],
  ["the rule of origins", origins, { origins: everywhere }]
]

for (const [promise, test, parts] of cases) {
  describe(promise, () => {
    it.effect("holds", () => Effect.provide(test, broken({})))

    it.effect("fails when it is broken", () =>
      Effect.gen(function*() {
        const exit = yield* Effect.exit(Effect.provide(test, broken(parts)))
        assert(Exit.isFailure(exit), "the test did not fail")
        assert.match(Cause.pretty(exit.cause), /Expected|expected/)
      }))
  })
}
