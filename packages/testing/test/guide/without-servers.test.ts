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
    assert.strictEqual(yield* greet, "hello, Bearer test-token")
  }).pipe(
    Effect.provide(
      OAuthTest.layerTest((request) => Effect.succeed(new Response(`hello, ${request.headers.get("authorization")}`)))
    )
  ))

it.effect("says what to do when there is no token", () =>
  Effect.gen(function*() {
    const error = yield* Effect.flip(greet)
    assert.include(error.message, "OAUTH_CLIENT_SECRET")
  }).pipe(
    Effect.provide(OAuthTest.layerTest(() => Effect.succeed(new Response("not reached")), {
      tokens: TestTokenCache.layer({
        error: new OAuthError.TokenErrorResponse({
          endpoint: "https://auth.test/token",
          status: 401,
          error: "invalid_client"
        })
      })
    }))
  ))
