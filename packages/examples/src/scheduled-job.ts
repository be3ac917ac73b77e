/**
 * A job that is started repeatedly, for example by cron: a sealed file keeps its token, so that a start does not cost a
 * token. `TOKEN_STORE_DIR` is the directory of the file. Create `TOKEN_STORE_KEY` with `openssl rand -base64 32`.
 */
import { HttpClientResponse } from "@effect/platform"
import { NodeContext, NodeHttpClient, NodeRuntime } from "@effect/platform-node"
import { ApiClient, SharedClientCredentials, TokenSeal, TokenStore } from "@effect-oauth/client-credentials"
import { Config, Console, Effect, Layer, Schema } from "effect"

const Store = Layer.unwrapEffect(Effect.map(Config.string("TOKEN_STORE_DIR"), TokenStore.layerFiles))

const Seal = TokenSeal.layerEnv()

const Items = Schema.Array(Schema.Struct({ sku: Schema.String, quantity: Schema.Int }))

const program = Effect.gen(function*() {
  const api = yield* ApiClient.ApiClient
  const items = yield* Effect.flatMap(api.get("/items"), HttpClientResponse.schemaBodyJson(Items))
  yield* Console.log(`${items.length} items in stock`)
})

const Api = SharedClientCredentials.layerEnv().pipe(
  Layer.provide([Store, Seal]),
  Layer.provideMerge(Layer.merge(NodeHttpClient.layerUndici, NodeContext.layer))
)

program.pipe(Effect.provide(Api), NodeRuntime.runMain)
