/**
 * A runner of a cluster in which one runner refreshes the token for all. The Postgres at `DATABASE_URL` has the tables
 * of the cluster and the tokens; `HOST` and `PORT` are the address of this runner for the others. It sends `CALLS`
 * calls (100), one every `EVERY` (100 ms), and prints how many succeeded. Create `TOKEN_STORE_KEY` with `openssl rand
 * -base64 32`.
 */
import { NodeClusterSocket, NodeContext, NodeHttpClient, NodeRuntime } from "@effect/platform-node"
import { PgClient } from "@effect/sql-pg"
import { ApiClient, SharedClientCredentials, TokenSeal } from "@effect-oauth/client-credentials"
import { SqlTokenStore } from "@effect-oauth/sql"
import { Config, Console, Effect, Layer } from "effect"

import * as Refresher from "./cluster/refresher.js"

const program = Effect.gen(function*() {
  const api = yield* ApiClient.ApiClient
  const calls = yield* Config.withDefault(Config.integer("CALLS"), 100)
  const every = yield* Config.withDefault(Config.duration("EVERY"), "100 millis")
  let good = 0
  for (let call = 0; call < calls; call += 1) {
    const { status } = yield* api.get("/items")
    if (status === 200) good += 1
    yield* Effect.sleep(every)
  }
  yield* Console.log(`${good} of ${calls} calls`)
})

const Database = PgClient.layerConfig({ url: Config.redacted("DATABASE_URL") })

const Api = SharedClientCredentials.layerEnv({ overrides: { tokenCache: Refresher.tokenCache } })

const Runner = Layer.provideMerge(Refresher.layer, NodeClusterSocket.layer({ storage: "sql" }))

program.pipe(
  Effect.provide(
    Layer.merge(Api, Runner).pipe(
      Layer.provide([SqlTokenStore.layer(), TokenSeal.layerEnv()]),
      Layer.provide([Database, NodeHttpClient.layerUndici, NodeContext.layer])
    )
  ),
  NodeRuntime.runMain
)
