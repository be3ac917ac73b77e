import { NodeContext, NodeHttpClient } from "@effect/platform-node"
import { PgClient } from "@effect/sql-pg"
import { SharedClientCredentials, TokenSeal } from "@effect-oauth/client-credentials"
import { SqlTokenStore } from "@effect-oauth/sql"
import { Config, Layer } from "effect"

const Store = SqlTokenStore.layerWithClient(PgClient.layerConfig({ url: Config.redacted("DATABASE_URL") }))
const Seal = TokenSeal.layerEnv()

// The client and its API from the environment, and Postgres at DATABASE_URL.
export const Api = SharedClientCredentials.layerEnv().pipe(
  Layer.provide([Store, Seal]),
  Layer.provide([NodeHttpClient.layerUndici, NodeContext.layer])
)
