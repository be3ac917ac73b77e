import { assert, it } from "@effect/vitest"
import { ApiClient, OAuthError } from "@effect-oauth/client-credentials"
import { OAuthTest, TestTokenCache } from "@effect-oauth/testing"
import { Effect } from "effect"

const greet = Effect.gen(function*() {
  const api = yield* ApiClient.ApiClient
  return yield* (yield* api.get("/greeting")).text
})

it.effect("greets", () =>
  Effect.gen(function*() {
    assert.strictEqual(yield* greet, "hello, GET")
  }).pipe(
    Effect.provide(
      OAuthTest.layer({ api: { handler: (request) => Effect.succeed(new Response(`hello, ${request.method}`)) } })
    )
  ))

it.effect("states what to do when no token is available", () =>
  Effect.gen(function*() {
    const error = yield* Effect.flip(greet)
    assert.include(error.message, "no connection to its database")
  }).pipe(
    Effect.provide(OAuthTest.layer({
      tokenCache: TestTokenCache.layer({
        error: new OAuthError.TokenStoreError({ operation: "load", problem: "no connection to its database" })
      })
    }))
  ))
