import { assert, it } from "@effect/vitest"
import { ApiClient } from "@effect-oauth/client-credentials"
import { OAuthTest } from "@effect-oauth/testing"
import { Effect } from "effect"

const call = Effect.flatMap(ApiClient.ApiClient, (api) => api.get("/items"))
const audience = "https://api.example.com"

it.effect("at Auth0, a client that states no audience", () =>
  Effect.gen(function*() {
    const error = yield* Effect.flip(call)
    assert(error._tag === "TokenErrorResponse")
    assert.deepStrictEqual([error.status, error.error], [403, "access_denied"])
  }).pipe(Effect.provide(OAuthTest.layer({ server: "auth0" }))))

it.effect("at Auth0, with 50 tokens a day", () =>
  Effect.gen(function*() {
    assert.strictEqual((yield* call).status, 200)
  }).pipe(Effect.provide(OAuthTest.layer({
    server: { server: "auth0", audiences: [audience], dailyLimit: 50 },
    client: { audience }
  }))))

it.effect("an API that rejects an invalid token with 419", () =>
  Effect.gen(function*() {
    assert.strictEqual((yield* call).status, 419)
  }).pipe(Effect.provide(OAuthTest.layer({ api: { rejection: 419, audience } }))))
