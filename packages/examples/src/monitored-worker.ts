/**
 * A worker of a fleet on the Redis at `REDIS_URL`, which Prometheus scrapes: `GET /metrics` on `METRICS_PORT`. It sends
 * a call every `EVERY` (200 ms) until it is stopped, whether calls succeed or not, and shares a limit of `LIMIT` tokens
 * a day (50) with the others. With `PATTERN=job` it sends a call shortly before its token expires, and the next one
 * after the expiry.
 */
import * as Http from "node:http"

import { HttpRouter, HttpServer, HttpServerResponse } from "@effect/platform"
import { NodeContext, NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { ApiClient, SharedClientCredentials, TokenCache, TokenSeal } from "@effect-oauth/client-credentials"
import * as NodeTls from "@effect-oauth/client-credentials/NodeTls"
import { RedisTokenStore } from "@effect-oauth/redis"
import { Config, Duration, Effect, Layer, Schedule } from "effect"

import { exposition } from "./monitoring/exposition.js"

const call = Effect.flatMap(ApiClient.ApiClient, (api) => Effect.ignore(api.get("/items")))

const service = Effect.gen(function*() {
  const every = yield* Config.withDefault(Config.duration("EVERY"), "200 millis")
  yield* Effect.repeat(call, Schedule.spaced(every))
})

const job = Effect.gen(function*() {
  const { health } = yield* TokenCache.TokenCache
  yield* call
  const { expiresIn = Duration.seconds(1) } = yield* health
  // Within the refresh window: the token of this call is refreshed in the background, and expires before the next call.
  yield* Effect.sleep(Duration.times(expiresIn, 0.85))
  yield* call
  yield* Effect.sleep(Duration.times(expiresIn, 1.2))
})

const Calls = Layer.scopedDiscard(Effect.gen(function*() {
  const pattern = yield* Config.withDefault(Config.literal("service", "job")("PATTERN"), "service")
  yield* Effect.forkScoped(pattern === "job" ? Effect.forever(job) : service)
}))

const Client = Layer.unwrapEffect(Effect.gen(function*() {
  const limit = yield* Config.withDefault(Config.integer("LIMIT"), 50)
  return SharedClientCredentials.layerEnv({
    overrides: {
      issuanceBudget: { limit, withoutStore: 1 },
      // For tokens that live seconds, as in the run of the dashboard.
      tokenCache: { refreshFraction: 0.6, retryTimeout: "1 second", rejectionPauses: ["500 millis"] }
    }
  })
}))

const Server = Layer.unwrapEffect(Effect.map(
  Config.integer("METRICS_PORT"),
  (port) => NodeHttpServer.layer(Http.createServer, { host: "127.0.0.1", port })
))

const Metrics = HttpRouter.empty.pipe(
  HttpRouter.get("/metrics", Effect.sync(() => HttpServerResponse.text(exposition("exporter")))),
  HttpRouter.get("/metrics/otlp", Effect.sync(() => HttpServerResponse.text(exposition("otlp")))),
  HttpServer.serve()
)

Layer.merge(Calls, Metrics).pipe(
  Layer.provide(Client),
  Layer.provide([RedisTokenStore.layerEnv(), TokenSeal.layerEnv()]),
  Layer.provide([Server, NodeTls.layerEnv()]),
  Layer.provide(NodeContext.layer),
  Layer.launch,
  NodeRuntime.runMain
)
