/**
 * One of many workers that share a token: on Redis if `REDIS_URL` is set, on Postgres if `DATABASE_URL` is. It makes
 * `CALLS` calls (100), one every `EVERY` (100 ms), and says how they went. `TOKEN_STORE_KEY` comes from
 * `openssl rand -base64 32`.
 */
import { NodeContext, NodeHttpClient, NodeRuntime } from "@effect/platform-node"
import { PgClient } from "@effect/sql-pg"
import { ApiClient, ClientCredentials, TokenSeal, type TokenStore } from "@effect-oauth/client-credentials"
import { RedisTokenStore } from "@effect-oauth/redis"
import { SqlTokenStore } from "@effect-oauth/sql"
import { Config, Console, Duration, Effect, Layer, Option } from "effect"

const Store = Layer.unwrapEffect(
  Effect.map(
    Config.option(Config.redacted("DATABASE_URL")),
    (url): Layer.Layer<TokenStore.TokenStore, unknown> =>
      Option.isSome(url)
        ? Layer.provide(SqlTokenStore.layer(), PgClient.layer({ url: url.value }))
        : RedisTokenStore.layerConfig()
  )
)

const Seal = Layer.unwrapEffect(Effect.map(Config.redacted("TOKEN_STORE_KEY"), (key) => TokenSeal.layer([key])))

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

program.pipe(
  Effect.provide(
    ClientCredentials.layerSharedConfig({ sharedTokens: { leaseLife: "2 seconds" } }).pipe(
      Layer.provide([Store, Seal]),
      Layer.provideMerge(Layer.merge(NodeHttpClient.layerUndici, NodeContext.layer))
    )
  ),
  NodeRuntime.runMain
)
