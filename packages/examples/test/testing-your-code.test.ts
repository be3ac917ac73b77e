import { HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { assert, it } from "@effect/vitest"
import { ApiClient } from "@effect-oauth/client-credentials"
import { Effect, Layer } from "effect"

const countItems = Effect.gen(function*() {
  const api = yield* ApiClient.ApiClient
  const response = yield* api.get("/items")
  return ((yield* response.json) as ReadonlyArray<unknown>).length
})

const ApiTest = Layer.succeed(
  ApiClient.ApiClient,
  HttpClient.make((request) => Effect.succeed(HttpClientResponse.fromWeb(request, Response.json([{ sku: "SKU-1" }]))))
    .pipe(HttpClient.mapRequest(HttpClientRequest.prependUrl("https://api.example.com")))
)

it.effect("counts the items", () =>
  Effect.gen(function*() {
    assert.strictEqual(yield* countItems, 1)
  }).pipe(Effect.provide(ApiTest)))
