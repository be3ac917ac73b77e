import * as Http from "node:http"

import { NodeContext, NodeHttpClient } from "@effect/platform-node"
import { ApiClient, ClientCredentials } from "@effect-oauth/client-credentials"
import { Effect, Layer, ManagedRuntime } from "effect"

const Api = ClientCredentials.layerEnv().pipe(Layer.provide([NodeHttpClient.layerUndici, NodeContext.layer]))

// One runtime for the whole program: it holds the token cache.
const runtime = ManagedRuntime.make(Api)

const stock = Effect.gen(function*() {
  const api = yield* ApiClient.ApiClient
  const response = yield* api.get("/items")
  return yield* response.text
})

export const server = Http.createServer((_, response) => {
  runtime.runPromise(stock).then(
    (items) => response.end(items),
    () => response.writeHead(502).end()
  )
})

server.once("close", () => void runtime.dispose())
