/**
 * One of many workers that share a token: on Redis if `REDIS_URL` is set, on Postgres if `DATABASE_URL` is. It sends
 * `CALLS` calls (100), one every `EVERY` (100 ms), and prints how many succeeded. Create `TOKEN_STORE_KEY` with
 * `openssl rand -base64 32`. If the worker dies during a token request, others request a token after `LEASE_LIFE` (2
 * seconds). If the store does not respond within `STORE_TIMEOUT` (2 seconds), the worker continues without it.
 * `REJECTION_PAUSE` is for tests that revoke tokens repeatedly.
 */
import { HttpClient, HttpClientRequest } from "@effect/platform"
import { NodeContext, NodeHttpClient, NodeRuntime } from "@effect/platform-node"
import { PgClient } from "@effect/sql-pg"
import { ApiClient, SharedClientCredentials, TokenSeal, type TokenStore } from "@effect-oauth/client-credentials"
import { RedisTokenStore } from "@effect-oauth/redis"
import { SqlTokenStore } from "@effect-oauth/sql"
import { Config, Console, Duration, Effect, Layer, Option } from "effect"

const Store = Layer.unwrapEffect(Effect.gen(function*() {
  const url = yield* Config.option(Config.redacted("DATABASE_URL"))
  const timeout = yield* Config.withDefault(Config.duration("STORE_TIMEOUT"), Duration.seconds(2))
  const store: Layer.Layer<TokenStore.TokenStore, unknown> = Option.isSome(url)
    ? SqlTokenStore.layerWithClient(PgClient.layer({ url: url.value, connectTimeout: timeout }), { timeout })
    : RedisTokenStore.layerEnv({ overrides: { timeout } })
  return store
}))

const Seal = TokenSeal.layerEnv()

const program = Effect.gen(function*() {
  const api = yield* ApiClient.ApiClient
  const calls = yield* Config.withDefault(Config.integer("CALLS"), 100)
  const every = yield* Config.withDefault(Config.duration("EVERY"), "100 millis")
  let [good, longest] = [0, 0]
  for (let call = 0; call < calls; call += 1) {
    const [duration, response] = yield* Effect.timed(api.get("/items"))
    if (response.status === 200) good += 1
    longest = Math.max(longest, Duration.toMillis(duration))
    yield* Effect.sleep(every)
  }
  yield* Console.log(`${good} of ${calls} calls, the longest ${Math.round(longest)} ms`)
})

const Client = Layer.unwrapEffect(Effect.gen(function*() {
  const leaseLife = yield* Config.withDefault(Config.duration("LEASE_LIFE"), Duration.seconds(2))
  const pause = yield* Config.option(Config.duration("REJECTION_PAUSE"))
  return SharedClientCredentials.layerEnv({
    overrides: {
      sharedTokens: { leaseLife },
      tokenCache: { rejectionPauses: Option.isSome(pause) ? [pause.value] : undefined }
    }
  })
}))

/** Sets a header by which the servers distinguish the workers. */
const Network = Layer.effect(
  HttpClient.HttpClient,
  Effect.map(
    HttpClient.HttpClient,
    HttpClient.mapRequest(HttpClientRequest.setHeader("user-agent", `fleet-worker/${process.pid}`))
  )
).pipe(Layer.provide(NodeHttpClient.layerUndici))

program.pipe(
  Effect.provide(
    Client.pipe(
      Layer.provide([Store, Seal]),
      Layer.provideMerge(Layer.merge(Network, NodeContext.layer))
    )
  ),
  NodeRuntime.runMain
)
