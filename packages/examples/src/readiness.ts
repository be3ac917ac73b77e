/**
 * A service that reports whether it can send calls: `GET /ready` on `PORT` (8080), for the probe of an orchestrator.
 * The probe never waits for the authorization server.
 */
import * as Http from "node:http"

import { HttpLayerRouter, HttpServerResponse } from "@effect/platform"
import { NodeContext, NodeHttpClient, NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { ClientCredentials, TokenCache } from "@effect-oauth/client-credentials"
import { Config, Duration, Effect, Layer } from "effect"

const ready = Effect.gen(function*() {
  const { get, health } = yield* TokenCache.TokenCache
  const { budgetLeft, expiresIn, hasToken, isReady, lastFailure, pausedFor } = yield* health
  // A service that is not ready receives no calls, so the probe starts the token request. The cache limits the
  // requests.
  if (!hasToken) yield* Effect.forkDaemon(Effect.ignore(get))
  const seconds = (duration: Duration.Duration | undefined) => duration && Math.round(Duration.toSeconds(duration))
  return HttpServerResponse.unsafeJson({
    ready: isReady,
    tokenExpiresInSeconds: seconds(expiresIn),
    nextTokenRequestInSeconds: seconds(pausedFor),
    tokensLeft: budgetLeft,
    problem: lastFailure?.message
  }, { status: isReady ? 200 : 503 })
})

const Server = Layer.unwrapEffect(Effect.map(
  Config.withDefault(Config.integer("PORT"), 8080),
  (port) => NodeHttpServer.layer(Http.createServer, { host: "127.0.0.1", port })
))

const Api = ClientCredentials.layerEnv()

HttpLayerRouter.serve(HttpLayerRouter.add("GET", "/ready", ready)).pipe(
  Layer.provide(Api),
  Layer.provide([Server, NodeHttpClient.layerUndici, NodeContext.layer]),
  Layer.launch,
  NodeRuntime.runMain
)
