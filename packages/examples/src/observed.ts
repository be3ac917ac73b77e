/**
 * Telemetry of three calls: with a new token, with the same token, and with a token that has been revoked. Spans,
 * metrics and logs go to the collector at `OTEL_EXPORTER_OTLP_ENDPOINT` by OTLP.
 */
import * as Otlp from "@effect/opentelemetry/Otlp"
import { HttpClientResponse } from "@effect/platform"
import { NodeContext, NodeHttpClient, NodeRuntime } from "@effect/platform-node"
import { ApiClient, ClientCredentials, TokenCache, TokenRevocation } from "@effect-oauth/client-credentials"
import { Config, Effect, Layer, Schema } from "effect"

const Telemetry = Layer.unwrapEffect(
  Effect.map(
    Config.withDefault(Config.string("OTEL_EXPORTER_OTLP_ENDPOINT"), "http://127.0.0.1:4318"),
    (baseUrl) => Otlp.layerJson({ baseUrl, resource: { serviceName: "inventory-sync" } })
  )
)

const Items = Schema.Array(Schema.Struct({ sku: Schema.String, quantity: Schema.Int }))

const items = Effect.flatMap(ApiClient.ApiClient, (api) => api.get("/items")).pipe(
  Effect.flatMap(HttpClientResponse.schemaBodyJson(Items))
)

const program = Effect.gen(function*() {
  const cache = yield* TokenCache.TokenCache
  const { revoke } = yield* TokenRevocation.TokenRevocation
  yield* Effect.withSpan(items, "cold call")
  yield* Effect.withSpan(items, "warm call")
  yield* Effect.flatMap(cache.get, revoke)
  yield* Effect.withSpan(items, "call on a revoked token")
  const { expiresIn, isReady } = yield* cache.health
  yield* Effect.logInfo("The client is ready", { isReady, expiresIn })
})

// The client's token requests run with the telemetry that its layer was built with.
const Api = ClientCredentials.layerEnv().pipe(
  Layer.provideMerge(Telemetry),
  Layer.provide([NodeHttpClient.layerUndici, NodeContext.layer])
)

program.pipe(Effect.provide(Api), NodeRuntime.runMain)
