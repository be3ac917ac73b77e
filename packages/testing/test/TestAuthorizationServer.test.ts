import { HttpClient, HttpClientError, HttpClientResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { ApiClient, ClientAuthentication, TokenCache, TokenRevocation } from "@effect-oauth/client-credentials"
import { Fault, Fleet, OAuthTest, TestApi, TestAuthorizationServer } from "@effect-oauth/testing"
import { Effect, Fiber, Redacted, TestClock } from "effect"
import { exportJWK, exportPKCS8, generateKeyPair } from "jose"

const call = Effect.flatMap(ApiClient.ApiClient, (api) => api.get("/items"))
const html = Fault.answer(200, "<!doctype html><title>Welcome</title>", { "content-type": "text/html" })
const json = (body: unknown) => Fault.answer(200, JSON.stringify(body), { "content-type": "application/json" })
const impatient = { client: { tokenCache: { retryTimeout: 0 } } } as const

describe("faults of the authorization server", () => {
  for (
    const [name, fault, expected] of [
      ["an OAuth error", Fault.oauthError("invalid_scope"), "TokenErrorResponse"],
      ["unavailable", Fault.unavailable(30), "TokenEndpointUnavailable"],
      ["an HTML page", html, "InvalidTokenResponse"],
      ["wrong types", json({ access_token: 17, token_type: ["Bearer"], expires_in: "soon" }), "InvalidTokenResponse"],
      ["too much", json(" ".repeat(2_000_000)), "InvalidTokenResponse"],
      ["a redirect", Fault.answer(307, "", { location: "https://elsewhere.test/" }), "InvalidTokenResponse"],
      ["no connection", "refuse", "TokenEndpointUnavailable"],
      ["half a response", "cutShort", "TokenEndpointUnavailable"]
    ] as const
  ) {
    it.effect(`${name}: ${expected}, and then it recovers`, () =>
      Effect.gen(function*() {
        const { faults } = yield* TestAuthorizationServer.TestAuthorizationServer
        yield* faults.next(fault)
        assert.strictEqual((yield* Effect.flip(call))._tag, expected)
        yield* TestClock.adjust("1 minute")
        assert.strictEqual((yield* call).status, 200)
        yield* OAuthTest.expect({ tokenRequests: 2 })
      }).pipe(Effect.provide(OAuthTest.layer(impatient))))
  }

  it.effect("a reset: the token request is repeated at once, and fails when it is reset again", () =>
    Effect.gen(function*() {
      const { faults } = yield* TestAuthorizationServer.TestAuthorizationServer
      yield* faults.next("reset", "reset")
      assert.strictEqual((yield* Effect.flip(call))._tag, "TokenEndpointUnavailable")
      yield* OAuthTest.expect({ tokenRequests: 2 })
      yield* TestClock.adjust("1 minute")
      yield* faults.next("reset")
      assert.strictEqual((yield* call).status, 200)
      yield* OAuthTest.expect({ tokenRequests: 4 })
    }).pipe(Effect.provide(OAuthTest.layer(impatient))))

  it.effect("a delay, by the clock of the test", () =>
    Effect.gen(function*() {
      const { faults } = yield* TestAuthorizationServer.TestAuthorizationServer
      yield* faults.next(Fault.delay("3 seconds"))
      let answered = false
      const calling = yield* Effect.fork(Effect.map(call, (response) => {
        answered = true
        return response
      }))
      yield* TestClock.adjust("2 seconds")
      assert.isFalse(answered)
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(calling)).status, 200)
    }).pipe(Effect.provide(OAuthTest.layer())))

  it.effect("the same token again, and a clock that is ahead", () =>
    Effect.gen(function*() {
      const { faults, issued } = yield* TestAuthorizationServer.TestAuthorizationServer
      const cache = yield* TokenCache.TokenCache
      const one = yield* cache.get
      yield* faults.next("sameToken")
      assert.strictEqual(Redacted.value((yield* cache.refresh(one)).value), "token-1")
      yield* faults.next(Fault.clockOffset(3_600_000))
      yield* cache.refresh(one)
      assert.deepStrictEqual((yield* issued).map(({ issuedAt }) => issuedAt), [0, 3_600_000])
    }).pipe(Effect.provide(OAuthTest.layer())))

  it.effect("by a rule, and none after it is cleared", () =>
    Effect.gen(function*() {
      const { faults } = yield* TestAuthorizationServer.TestAuthorizationServer
      yield* faults.rule(({ endpoint }) => endpoint === "token" ? Fault.unavailable() : undefined)
      yield* Effect.flip(call)
      yield* faults.clear
      yield* TestClock.adjust("1 minute")
      yield* call
    }).pipe(Effect.provide(OAuthTest.layer(impatient))))

  it.effect("by a mixture: the same seed, the same faults", () =>
    Effect.gen(function*() {
      const outcomes = Effect.gen(function*() {
        const { faults } = yield* TestApi.TestApi
        yield* faults.random({ seed: "a", probability: 0.5, faults: [Fault.unavailable(), "reset"] })
        return yield* Effect.replicateEffect(
          Effect.match(call, {
            onFailure: (error) => HttpClientError.isHttpClientError(error) ? "no response" : error._tag,
            onSuccess: ({ status }) => String(status)
          }),
          40
        )
      }).pipe(Effect.provide(OAuthTest.layer()))
      const [first, second] = [yield* outcomes, yield* outcomes]
      assert.deepStrictEqual(first, second)
      assert.deepStrictEqual(new Set(first), new Set(["200", "503", "no response"]))
    }))

  it.effect("unknown servers cannot be reached", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(call)
      assert.strictEqual(error._tag, "TokenEndpointUnavailable")
      assert.include((error as Error).message, "ENOTFOUND")
    }).pipe(Effect.provide(OAuthTest.layer({
      client: { tokenUrl: "https://nowhere.test/token", tokenCache: { retryTimeout: 0 } }
    }))))
})

describe("the server in memory", () => {
  it.effect("supports every method of authentication", () =>
    Effect.gen(function*() {
      const { privateKey, publicKey } = yield* Effect.promise(() => generateKeyPair("ES256", { extractable: true }))
      const pem = Redacted.make(yield* Effect.promise(() => exportPKCS8(privateKey)))
      const jwk = { ...(yield* Effect.promise(() => exportJWK(publicKey))), alg: "ES256" }
      const secret = "a secret of at least thirty-two bytes"
      const clients = [
        { id: "secret", secret, method: ["client_secret_basic", "client_secret_post", "client_secret_jwt"] },
        { id: "key", keys: [jwk] },
        { id: "certificate", certificate: "mine" }
      ]
      const clientSecret = Redacted.make(secret)
      for (
        const [clientId, authentication, method] of [
          ["secret", { clientSecret, clientAuthentication: "client_secret_basic" }, "client_secret_basic"],
          ["secret", { clientSecret, clientAuthentication: "client_secret_post" }, "client_secret_post"],
          ["secret", { clientSecret, clientAuthentication: "client_secret_jwt" }, "client_secret_jwt"],
          ["key", { clientAuthentication: ClientAuthentication.privateKeyJwt({ key: pem }) }, "private_key_jwt"],
          ["certificate", { clientAuthentication: "tls_client_auth" }, "tls_client_auth"]
        ] as const
      ) {
        const test = Effect.gen(function*() {
          yield* call
          const { received } = yield* TestAuthorizationServer.TestAuthorizationServer
          const [request] = (yield* received).filter(({ endpoint }) => endpoint === "token")
          assert.strictEqual(request?.authentication, method)
          assert.notInclude(JSON.stringify(request), "thirty-two")
        })
        const server = { clients, basicEncoding: "form" } as const
        for (const discovered of [true, false]) {
          const client = {
            clientId,
            ...authentication,
            ...(discovered
              ? { issuer: "https://auth.test", tokenUrl: undefined }
              : { tokenUrl: "https://auth.test/token" })
          }
          yield* Effect.provide(test, OAuthTest.layer({ server, client, certificate: "mine" }))
        }
        const stranger = { clientId, ...authentication, tokenCache: { retryTimeout: 0 } }
        const others = [{ id: clientId, secret: "another secret of thirty-two bytes or more", certificate: "other" }]
        const error = yield* Effect.flip(
          Effect.provide(
            call,
            OAuthTest.layer({ server: { ...server, clients: others }, client: stranger, certificate: "mine" })
          )
        )
        assert.include(String(error), "invalid_client")
      }
    }))

  for (const requireNonce of [false, true]) {
    it.effect(`binds tokens to keys, ${requireNonce ? "with" : "without"} nonces`, () =>
      Effect.gen(function*() {
        assert.deepStrictEqual(
          (yield* Effect.replicateEffect(call, 5, { concurrency: "unbounded" })).map(({ status }) => status),
          [200, 200, 200, 200, 200]
        )
        const [token] = yield* Effect.flatMap(
          TestAuthorizationServer.TestAuthorizationServer,
          ({ issued }) => issued
        )
        assert.isString(token?.thumbprint)
        yield* OAuthTest.expect({ tokensIssued: 1 })
      }).pipe(Effect.provide(OAuthTest.layer({
        server: { requireNonce, clients: [{ id: "test-client", secret: "test-secret", dpop: true }] },
        api: { requireNonce },
        client: { dpop: true }
      }))))
  }

  it.effect("revokes tokens and changes secrets", () =>
    Effect.gen(function*() {
      const server = yield* TestAuthorizationServer.TestAuthorizationServer
      const cache = yield* TokenCache.TokenCache
      const { revoke } = yield* TokenRevocation.TokenRevocation
      const token = yield* cache.get
      yield* revoke(token)
      assert.deepStrictEqual((yield* server.issued).map(({ revoked }) => revoked), [true])
      yield* server.changeSecret("test-client", "new")
      const error = yield* Effect.flip(cache.refresh(token))
      assert.include(error.message, "invalid_client")
    }).pipe(Effect.provide(OAuthTest.layer({
      client: { revocationUrl: "https://auth.test/token/revocation", tokenCache: { retryTimeout: 0 } }
    }))))

  it.effect("shows no secret in its records of requests and tokens", () =>
    Effect.gen(function*() {
      yield* call
      const server = yield* TestAuthorizationServer.TestAuthorizationServer
      const text = JSON.stringify([yield* server.received, yield* server.issued])
      assert.notInclude(text, "test-secret")
      assert.notInclude(text, "token-1")
      assert.include(text, "<redacted>")
    }).pipe(Effect.provide(OAuthTest.layer())))
})

describe("the API in memory", () => {
  it.effect("rejects valid tokens by a rule", () =>
    Effect.gen(function*() {
      const { reject } = yield* TestApi.TestApi
      yield* reject(({ number }) => number === 1)
      assert.strictEqual((yield* call).status, 200)
      yield* OAuthTest.expect({ statuses: [401, 200] })
    }).pipe(Effect.provide(OAuthTest.layer())))

  it.effect("requires tokens with its audience", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* call).status, 401)
    }).pipe(Effect.provide(OAuthTest.layer({ api: { audience: "https://api.test" } }))))

  it.effect("accepts a token with its audience", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* call).status, 200)
    }).pipe(Effect.provide(OAuthTest.layer({
      api: { audience: "https://api.test" },
      client: { audience: "https://api.test" }
    }))))
})

describe("the program's own HttpClient", () => {
  const own = HttpClient.make((request) => Effect.succeed(HttpClientResponse.fromWeb(request, new Response("own"))))

  it.effect("is not changed", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* call).status, 200)
      assert.strictEqual(yield* Effect.flatMap(HttpClient.get("https://elsewhere.test"), ({ text }) => text), "own")
    }).pipe(
      Effect.provide(OAuthTest.layer()),
      Effect.provideService(HttpClient.HttpClient, own)
    ))
})

describe("expectations", () => {
  it.effect("state what was expected and what happened", () =>
    Effect.gen(function*() {
      yield* call
      const { message } = yield* Effect.flip(OAuthTest.expect({
        tokensIssued: 2,
        reasons: ["cold", "rejected"],
        tokenRequests: 0,
        callsPerToken: [2],
        statuses: [401]
      }))
      for (
        const part of [
          "Expected 2 tokens to be issued, but there were 1:\n  token 1, cold, issued at 0 ms",
          "Expected tokens with the reasons cold, rejected, but there were:\n  token 1, cold",
          "Expected 0 token requests, but there were 1:\n  0 ms from test-client, cold: 200",
          "Expected 2 calls with the tokens in turn, but there were 1:\n  0 ms GET https://api.test/items with token 1: 200",
          "Expected calls to be answered with 401, but there were:\n  0 ms GET https://api.test/items with token 1: 200"
        ]
      ) assert.include(message, part)
      yield* OAuthTest.expect({
        tokensIssued: 1,
        reasons: ["cold"],
        tokenRequests: 1,
        callsPerToken: [1],
        statuses: [200]
      })
    }).pipe(Effect.provide(OAuthTest.layer())))
})

describe("the fleet simulator", () => {
  it.effect("counts a token a day for each instance, and reports when the limit is reached", () =>
    Effect.gen(function*() {
      const calm = yield* Fleet.simulate({ instances: 5, days: 2 })
      assert.deepStrictEqual(calm.tokensPerDay.map((tokens) => tokens <= 5 || tokens), [true, true])
      assert.strictEqual(calm.calls, 5 * 2 * 288)
      assert.strictEqual(calm.failedCalls, 0)
      const busy = yield* Fleet.simulate({ instances: 5, days: 2, restartEvery: "1 hour", dailyLimit: 50 })
      assert.isAbove(busy.failedCalls, 0)
      assert.isAbove(busy.limitReachedAt ?? 0, 3_600_000)
      assert.isAtMost(busy.tokensPerDay[0] ?? 0, 50)
      assert.deepStrictEqual(
        busy,
        yield* Fleet.simulate({ instances: 5, days: 2, restartEvery: "1 hour", dailyLimit: 50 })
      )
    }))

  it.effect("reports the cost of a server with one token per client without a shared store, and with one", () =>
    Effect.gen(function*() {
      const plan = { instances: 3, days: 2, onePerClient: "revoke" } as const
      const alone = yield* Fleet.simulate({ ...plan, instances: 1 })
      assert.deepStrictEqual([alone.rejectedCalls, alone.tokensPerDay[0]], [0, 1])
      const apart = yield* Fleet.simulate(plan)
      assert.isAbove(apart.reasons["rejected"] ?? 0, 3)
      assert.isAbove(apart.rejectedCalls, 0)
      const shared = yield* Fleet.simulate({ ...plan, shared: true })
      // The token of the first day, and the one that replaces it before it expires.
      assert.deepStrictEqual([shared.rejectedCalls, shared.tokensPerDay[0]], [0, 2])
      const reissued = yield* Fleet.simulate({ ...plan, onePerClient: "reissue" })
      assert.deepStrictEqual([reissued.rejectedCalls, reissued.tokensPerDay[0]], [0, 1])
    }))

  it.effect("restarts instances at any interval", () =>
    Effect.gen(function*() {
      const tokens = (restartEvery: string) =>
        Effect.map(
          Fleet.simulate({ instances: 2, days: 6, restartEvery: restartEvery as "36 hours", tokenLife: "30 days" }),
          ({ reasons }) => reasons["cold"]
        )
      // Each starts once, and restarts every day and a half: at most four times in six days.
      assert.isAtMost((yield* tokens("36 hours")) ?? 0, 2 * 5)
      assert.isAtLeast((yield* tokens("36 hours")) ?? 0, 2 * 4)
      assert.isAbove((yield* tokens("9.6 hours")) ?? 0, 2 * 14)
    }))
})
