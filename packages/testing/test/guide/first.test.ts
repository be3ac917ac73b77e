import { HttpClientError } from "@effect/platform"
import { assert, it } from "@effect/vitest"
import { ApiClient } from "@effect-oauth/client-credentials"
import { OAuthTest, TestApi, TestAuthorizationServer } from "@effect-oauth/testing"
import { Effect } from "effect"

// The program under test: it uses an ApiClient, as in production.
const countItems = Effect.gen(function*() {
  const api = yield* ApiClient.ApiClient
  const response = yield* api.get("/items")
  return ((yield* response.json) as ReadonlyArray<unknown>).length
})

const Test = OAuthTest.layer({
  api: { handler: () => Effect.succeed(Response.json([{ sku: "SKU-1" }])) }
})

it.effect("counts the items, and continues when the token is revoked", () =>
  Effect.gen(function*() {
    const server = yield* TestAuthorizationServer.TestAuthorizationServer
    assert.strictEqual(yield* countItems, 1)
    yield* server.revoke()
    assert.strictEqual(yield* countItems, 1)
    yield* OAuthTest.expect({ tokensIssued: 2, reasons: ["cold", "rejected"], statuses: [200, 401, 200] })
  }).pipe(Effect.provide(Test)))

it.effect("passes on a failure of the API", () =>
  Effect.gen(function*() {
    const { faults } = yield* TestApi.TestApi
    yield* faults.rule(({ url }) => url.pathname === "/items" ? "reset" : undefined)
    const error = yield* Effect.flip(countItems)
    assert.isTrue(HttpClientError.isHttpClientError(error))
  }).pipe(Effect.provide(Test)))
