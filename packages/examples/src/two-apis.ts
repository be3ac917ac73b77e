/**
 * One program with two APIs and a separate client for each: two tags over the same library. The environment contains
 * `INVENTORY_OAUTH_CLIENT_ID`, `SUPPLIERS_OAUTH_CLIENT_ID` and so on.
 */
import { HttpClientResponse } from "@effect/platform"
import { NodeContext, NodeHttpClient, NodeRuntime } from "@effect/platform-node"
import { ApiClient, ClientCredentials } from "@effect-oauth/client-credentials"
import { Console, Context, Effect, Layer, Schema } from "effect"

const InventoryApi = ClientCredentials.layerEnv({ prefix: "INVENTORY" })

class Inventory extends Context.Tag("Inventory")<Inventory, ApiClient.Client>() {
  static readonly layer = Layer.effect(this, ApiClient.ApiClient).pipe(Layer.provide(InventoryApi))
}

const SuppliersApi = ClientCredentials.layerEnv({ prefix: "SUPPLIERS" })

class Suppliers extends Context.Tag("Suppliers")<Suppliers, ApiClient.Client>() {
  static readonly layer = Layer.effect(this, ApiClient.ApiClient).pipe(Layer.provide(SuppliersApi))
}

const Items = Schema.Array(Schema.Struct({ sku: Schema.String, quantity: Schema.Int }))

const count = (api: ApiClient.Client) =>
  Effect.map(Effect.flatMap(api.get("/items"), HttpClientResponse.schemaBodyJson(Items)), (items) => items.length)

const program = Effect.gen(function*() {
  const [here, there] = yield* Effect.all(
    [Effect.flatMap(Inventory, count), Effect.flatMap(Suppliers, count)],
    { concurrency: "unbounded" }
  )
  yield* Console.log(`${here} items in stock, ${there} at suppliers`)
})

program.pipe(
  Effect.provide([Inventory.layer, Suppliers.layer]),
  Effect.provide([NodeHttpClient.layerUndici, NodeContext.layer]),
  NodeRuntime.runMain
)
