import { HttpApi, HttpApiClient, HttpApiEndpoint, HttpApiGroup } from "@effect/platform"
import { NodeContext, NodeRuntime } from "@effect/platform-node"
import { ApiClient, ClientCredentials } from "@effect-oauth/client-credentials"
import * as NodeTls from "@effect-oauth/client-credentials/NodeTls"
import { Console, Effect, Layer, Schema } from "effect"

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

const Api = ClientCredentials.layerEnv().pipe(
  Layer.provide(NodeTls.layerEnv()),
  Layer.provide(NodeContext.layer)
)

program.pipe(Effect.provide(Api), NodeRuntime.runMain)
