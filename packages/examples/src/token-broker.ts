/**
 * A token broker: the only process with the secret and the token store. It returns its current token to processes of
 * this machine. It listens on the unix socket `BROKER_SOCKET`, which only its own user can open, and requires
 * `BROKER_KEY` of callers. `TOKEN_STORE_DIR` is the directory of the store. Create `TOKEN_STORE_KEY` with `openssl rand
 * -base64 32`.
 */
import * as Http from "node:http"

import { FileSystem, HttpLayerRouter, HttpServerRequest, HttpServerResponse } from "@effect/platform"
import { NodeContext, NodeHttpClient, NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { SharedClientCredentials, TokenCache, TokenSeal, TokenStore } from "@effect-oauth/client-credentials"
import { Config, Effect, Layer, Option, Redacted, Schedule, Schema } from "effect"

import { hashOf, Request, Response } from "./broker/protocol.js"

const isAllowed = Effect.gen(function*() {
  const { headers } = yield* HttpServerRequest.HttpServerRequest
  const given = Redacted.make((headers["authorization"] ?? "").replace(/^Bearer /, ""))
  // Hashes have equal lengths, and their comparison reveals nothing of the key.
  return hashOf(given) === hashOf(yield* Config.redacted("BROKER_KEY"))
})

/**
 * Replaces the token of the broker if it is the one that the API of the client rejected, or that the client replaces.
 */
const replace = ({ isConfirmed, reason, replaces }: typeof Request.Type) =>
  Effect.gen(function*() {
    const { cached, confirm, invalidate, refresh } = yield* TokenCache.TokenCache
    const current = (yield* cached).find(({ value }) => hashOf(value) === replaces)
    if (current === undefined) return
    if (reason === "forced") yield* refresh(current)
    if (reason !== "rejected") return
    if (isConfirmed) yield* confirm(current)
    yield* invalidate(current)
  })

const token = Effect.gen(function*() {
  if (!(yield* isAllowed)) return HttpServerResponse.empty({ status: 401 })
  const request = yield* Effect.option(HttpServerRequest.schemaBodyJson(Request))
  if (Option.isNone(request)) return HttpServerResponse.empty({ status: 400 })
  yield* replace(request.value)
  const { get } = yield* TokenCache.TokenCache
  return HttpServerResponse.unsafeJson(yield* Schema.encode(Response)(yield* get))
}).pipe(
  Effect.catchAll((error) => Effect.as(Effect.logWarning(error.message), HttpServerResponse.empty({ status: 503 })))
)

/** Refreshes the token before its expiry, also while no client requests it. */
const Refreshing = Layer.scopedDiscard(
  Effect.flatMap(
    TokenCache.TokenCache,
    ({ get }) => Effect.forkScoped(Effect.repeat(Effect.ignore(get), Schedule.spaced("30 seconds")))
  )
)

const Server = Layer.unwrapEffect(Effect.gen(function*() {
  const path = yield* Config.string("BROKER_SOCKET")
  const fs = yield* FileSystem.FileSystem
  // A killed process leaves its socket.
  yield* fs.remove(path, { force: true })
  // Only the user of the broker can open its socket.
  process.umask(0o077)
  return NodeHttpServer.layer(Http.createServer, { path })
}))

const Store = Layer.unwrapEffect(Effect.map(Config.string("TOKEN_STORE_DIR"), TokenStore.layerFiles))

const Api = SharedClientCredentials.layerEnv().pipe(Layer.provide([Store, TokenSeal.layerEnv()]))

HttpLayerRouter.serve(HttpLayerRouter.add("POST", "/token", token)).pipe(
  Layer.merge(Refreshing),
  Layer.provide(Api),
  Layer.provide(Server),
  Layer.provide([NodeHttpClient.layerUndici, NodeContext.layer]),
  Layer.launch,
  NodeRuntime.runMain
)
