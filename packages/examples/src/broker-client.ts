/**
 * A program without a secret: its tokens come from the token broker at `BROKER_SOCKET`. It sends `CALLS` calls (10),
 * one every `EVERY` (100 ms), and prints the status of the first one and how many succeeded.
 */
import { NodeHttpClient, NodeRuntime } from "@effect/platform-node"
import { ApiClient, Authorization, ClientConfig, TokenCache } from "@effect-oauth/client-credentials"
import { Config, Console, Effect, Layer } from "effect"

import * as BrokerTokens from "./broker/tokens.js"

const program = Effect.gen(function*() {
  const api = yield* ApiClient.ApiClient
  const calls = yield* Config.withDefault(Config.integer("CALLS"), 10)
  const every = yield* Config.withDefault(Config.duration("EVERY"), "100 millis")
  let good = 0
  for (let call = 0; call < calls; call += 1) {
    const { status } = yield* api.get("/items")
    if (status === 200) good += 1
    if (call === 0) yield* Console.log(`${status}, the first of ${calls} calls`)
    yield* Effect.sleep(every)
  }
  yield* Console.log(`${good} of ${calls} calls`)
})

const Api = Layer.unwrapEffect(Effect.gen(function*() {
  const socketPath = yield* Config.string("BROKER_SOCKET")
  const key = yield* Config.redacted("BROKER_KEY")
  const Configured = ClientConfig.layer({
    // The credential of this program is that of the broker. It is sent to the socket only.
    tokenUrl: "http://localhost/token",
    clientId: "broker",
    clientSecret: key,
    apiBaseUrl: yield* Config.string("API_BASE_URL"),
    allowHttpLoopback: true
  })
  return ApiClient.layer.pipe(
    Layer.provide(Authorization.layer),
    // The broker refreshes 5 minutes before the expiry; a token that is requested later is the new one.
    Layer.provide(TokenCache.layer({ refreshBefore: "2 minutes" })),
    Layer.provide(BrokerTokens.layer({ socketPath, key })),
    Layer.provide(Configured)
  )
}))

program.pipe(Effect.provide(Layer.provide(Api, NodeHttpClient.layerUndici)), NodeRuntime.runMain)
