import { HttpApi, HttpApiBuilder, HttpApiClient, HttpApiEndpoint, HttpApiGroup } from "@effect/platform"
import { assert, it } from "@effect/vitest"
import { ApiClient, TokenRequest } from "@effect-oauth/client-credentials"
import { OAuthTest } from "@effect-oauth/testing"
import { Effect, Layer, Schema } from "effect"

const Item = Schema.Struct({ sku: Schema.String, quantity: Schema.Int })

class Inventory extends HttpApi.make("inventory").add(
  HttpApiGroup.make("items").add(HttpApiEndpoint.get("list", "/items").addSuccess(Schema.Array(Item)))
) {}

// Your own API, with its dependencies, or a small replacement such as this one.
const Items = HttpApiBuilder.group(
  Inventory,
  "items",
  (handlers) => handlers.handle("list", () => Effect.succeed([{ sku: "SKU-1", quantity: 100 }]))
)

const Test = OAuthTest.layerHttpApi(HttpApiBuilder.api(Inventory).pipe(Layer.provide(Items)), {
  api: { requiredScope: ["items:read"] }
})

const list = Effect.gen(function*() {
  const inventory = yield* HttpApiClient.makeWith(Inventory, { httpClient: yield* ApiClient.ApiClient })
  return yield* inventory.items.list()
})

it.effect("lists the items with the scope that the API requires", () =>
  Effect.gen(function*() {
    const error = yield* Effect.flip(list)
    assert.strictEqual(error._tag, "InsufficientScope")
    const items = yield* list.pipe(TokenRequest.withOverrides({ scope: "items:read" }))
    assert.deepStrictEqual(items, [{ sku: "SKU-1", quantity: 100 }])
    yield* OAuthTest.expect({ tokensIssued: 2 })
  }).pipe(Effect.provide(Test)))
