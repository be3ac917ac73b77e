import { HttpApi, HttpApiClient, HttpApiEndpoint, HttpApiGroup } from "@effect/platform"
import { NodeContext, NodeHttpClient, NodeRuntime } from "@effect/platform-node"
import { ApiClient, ClientCredentials } from "@effect-oauth/client-credentials"
import { Console, Effect, Schema } from "effect"

const Item = Schema.Struct({ sku: Schema.String, quantity: Schema.Int })

class Inventory extends HttpApi.make("inventory").add(
  HttpApiGroup.make("items").add(HttpApiEndpoint.get("list", "/items").addSuccess(Schema.Array(Item)))
) {}

const program = Effect.gen(function*() {
  const httpClient = yield* ApiClient.ApiClient
  const inventory = yield* HttpApiClient.makeWith(Inventory, { httpClient })
  const items = yield* inventory.items.list()
  yield* Console.log(`${items.length} items in stock`)
})

program.pipe(
  Effect.provide(ClientCredentials.layerConfig()),
  Effect.provide([NodeHttpClient.layerUndici, NodeContext.layer]),
  NodeRuntime.runMain
)
