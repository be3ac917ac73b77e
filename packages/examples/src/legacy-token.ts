/**
 * An API that migrates from legacy tokens to OAuth: the program stays the same, and the environment selects the layer.
 */
import { HttpClientResponse } from "@effect/platform"
import { NodeContext, NodeHttpClient, NodeRuntime } from "@effect/platform-node"
import { ApiClient, ClientCredentials, LegacyToken } from "@effect-oauth/client-credentials"
import { Config, Console, Effect, Layer, Option, Schema } from "effect"

const Items = Schema.Array(Schema.Struct({ sku: Schema.String, quantity: Schema.Int }))

const program = Effect.gen(function*() {
  const api = yield* ApiClient.ApiClient
  const items = yield* Effect.flatMap(api.get("/items"), HttpClientResponse.schemaBodyJson(Items))
  yield* Console.log(`${items.length} items in stock`)
})

const Api = Layer.unwrapEffect(
  Effect.map(Config.option(Config.string("LEGACY_TOKEN_ID")), (legacy) =>
    Option.isSome(legacy)
      ? LegacyToken.layerEnv()
      : ClientCredentials.layerEnv())
)

program.pipe(
  Effect.provide(Api),
  Effect.provide([NodeHttpClient.layerUndici, NodeContext.layer]),
  NodeRuntime.runMain
)
