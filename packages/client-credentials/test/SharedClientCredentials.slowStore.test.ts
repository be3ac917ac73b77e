import { assert, describe, it } from "@effect/vitest"
import { ApiClient, SharedClientCredentials, TokenSeal, TokenStore } from "@effect-oauth/client-credentials"
import { OAuthTest, TestApi, TestAuthorizationServer } from "@effect-oauth/testing"
import { Context, Effect, Either, Fiber, Layer, Logger, Option, Redacted, TestClock } from "effect"

import { countOf } from "./support/metrics.js"

/** Seals nothing, so that virtual time need not wait for it. */
const open = Layer.succeed(TokenSeal.TokenSeal, {
  seal: (_, text) => Effect.succeed(text),
  open: (_, text) => Effect.succeed(Option.some(text)),
  name: (text) => Effect.succeed(text)
})

const Servers = OAuthTest.layerHttpClient().pipe(
  Layer.provideMerge(TestApi.layer()),
  Layer.provideMerge(TestAuthorizationServer.layer())
)

/** Calls an API by a store whose operations take 3 seconds. Returns the outcome, what was logged, and the issued tokens. */
const call = (options: Pick<SharedClientCredentials.Options, "issuanceBudget" | "sharedTokens">) =>
  Effect.gen(function*() {
    const before = yield* countOf("oauth.store.own_tokens")
    const lines: Array<string> = []
    const logger = Logger.replace(Logger.defaultLogger, Logger.make(({ message }) => lines.push(String(message))))
    const memory = yield* Effect.provide(TokenStore.TokenStore, TokenStore.layerMemory)
    const store = Layer.succeed(TokenStore.TokenStore, {
      load: (key) => Effect.delay(memory.load(key), "3 seconds"),
      swap: (...parameters) => Effect.delay(memory.swap(...parameters), "3 seconds"),
      acquire: (...parameters) => Effect.delay(memory.acquire(...parameters), "3 seconds"),
      release: (...parameters) => Effect.delay(memory.release(...parameters), "3 seconds")
    })
    const context = yield* Layer.build(
      SharedClientCredentials.layer({
        tokenUrl: "https://auth.test/token",
        clientId: "test-client",
        clientSecret: Redacted.make("test-secret"),
        apiBaseUrl: "https://api.test",
        ...options
      }).pipe(Layer.provide([store, open]), Layer.provideMerge(logger))
    )
    const running = yield* Effect.fork(
      Effect.provide(Effect.either(Context.get(context, ApiClient.ApiClient).get("/items")), logger)
    )
    for (let seconds = 0; seconds < 60; seconds += 1) yield* TestClock.adjust("1 second")
    const { issued } = yield* TestAuthorizationServer.TestAuthorizationServer
    const outcome = yield* Fiber.join(running)
    return {
      outcome: Either.isRight(outcome) ? "response" : outcome.left._tag,
      lines,
      issued: (yield* issued).length,
      ownTokens: (yield* countOf("oauth.store.own_tokens")) - before
    }
  }).pipe(Effect.provide(Servers))

describe("a store whose operations take 3 seconds", () => {
  for (const issuanceBudget of [{ limit: 5 }, { limit: 5, storeTimeout: "5 seconds" }] as const) {
    it.scoped(`is used with a storeTimeout of 5 seconds, and the budget ${JSON.stringify(issuanceBudget)}`, () =>
      Effect.gen(function*() {
        const { lines, ...rest } = yield* call({ issuanceBudget, sharedTokens: { storeTimeout: "5 seconds" } })
        assert.deepStrictEqual(rest, { outcome: "response", issued: 1, ownTokens: 0 })
        assert.deepStrictEqual(lines, [])
      }))
  }

  it.scoped("counts as failed for a budget with a shorter storeTimeout, and no log line states that a token is requested", () =>
    Effect.gen(function*() {
      const { lines, ...rest } = yield* call({
        issuanceBudget: { limit: 5, storeTimeout: "2 seconds" },
        sharedTokens: { storeTimeout: "5 seconds" }
      })
      assert.deepStrictEqual(rest, { outcome: "TokenStoreError", issued: 0, ownTokens: 0 })
      assert.include(lines.join("\n"), "No token is requested until the store is available again")
      assert.notMatch(lines.join("\n"), /this process alone/)
    }))

  it.scoped("counts as failed by default, when no token is requested and no log line states that one is", () =>
    Effect.gen(function*() {
      const { lines, ...rest } = yield* call({ issuanceBudget: { limit: 5 } })
      assert.deepStrictEqual(rest, { outcome: "TokenStoreError", issued: 0, ownTokens: 0 })
      assert.include(lines.join("\n"), "No token is requested until the store is available again")
      assert.notMatch(lines.join("\n"), /this process alone/)
    }))

  it.scoped("counts the tokens of the process alone if the budget allows it", () =>
    Effect.gen(function*() {
      const { lines, ...rest } = yield* call({ issuanceBudget: { limit: 5, withoutStore: 1 } })
      assert.deepStrictEqual(rest, { outcome: "response", issued: 1, ownTokens: 1 })
      assert.include(lines.join("\n"), "Counting the tokens of this process alone, at most 1")
    }))
})
