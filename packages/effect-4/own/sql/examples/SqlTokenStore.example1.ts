import { SqlTokenStore } from "@effect-oauth/sql"
import { PgClient } from "@effect/sql-pg"
import { Config, Layer } from "effect"

// One Postgres for all machines.
export const Store = SqlTokenStore.layer().pipe(
  Layer.provide(PgClient.layerConfig({ url: Config.Redacted("DATABASE_URL") }))
)
