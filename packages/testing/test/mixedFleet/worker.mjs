// One process of a fleet that runs both majors of Effect: this text is copied beside the packages for Effect 4, where the same
// names are modules of Effect 4. It calls its API for each message, and replies with the status or the error.
import { PgClient } from "@effect/sql-pg"
import { ApiClient, SharedClientCredentials, TokenSeal, TokenStore } from "@effect-oauth/client-credentials"
import { RedisTokenStore } from "@effect-oauth/redis"
import { SqlTokenStore } from "@effect-oauth/sql"
import { Effect, Layer, ManagedRuntime, Redacted } from "effect"

const [major, kind, place, overrides] = process.argv.slice(2)

// Undici of Effect 4 needs Node 22.
const [fetch, platform] = await Promise.all(
  (major === "3"
    ? ["@effect/platform/FetchHttpClient", "@effect/platform-node/NodeContext"]
    : ["effect/http/FetchHttpClient", "@effect/platform-node/NodeServices"]).map((module) => import(module))
)

/** A timeout with which no available store is given up, however busy the machine: it would cost one more token. */
const timeout = "2 minutes"

const stores = {
  files: () => TokenStore.layerFiles(place),
  redis: () => RedisTokenStore.layer({ host: "127.0.0.1", port: Number(place) }, { timeout }),
  postgres: () =>
    SqlTokenStore.layerWithClient(PgClient.layer({ url: Redacted.make(place), connectTimeout: timeout }), { timeout })
}

const runtime = ManagedRuntime.make(
  SharedClientCredentials.layerEnv({
    overrides: {
      sharedTokens: { whenStoreFails: "fail", storeTimeout: timeout },
      ...JSON.parse(overrides)
    }
  }).pipe(
    Layer.provide([stores[kind](), TokenSeal.layerEnv()]),
    Layer.provide([fetch.layer, platform.layer])
  )
)

const call = Effect.flatMap(ApiClient.ApiClient, (api) => api.get("/items")).pipe(
  Effect.match({
    onFailure: ({ _tag, message }) => ({ error: _tag, message }),
    onSuccess: ({ status }) => ({ status })
  })
)

process.on("message", () => {
  runtime.runPromise(call).then(
    (reply) => process.send(reply),
    (defect) => process.send({ error: String(defect) })
  )
})
process.once("disconnect", () => {
  runtime.dispose().then(() => process.exit(0), () => process.exit(1))
})
process.send("ready")
