import { PgClient } from "@effect/sql-pg"
import { SqlTokenStore } from "@effect-oauth/sql"
import { Config, Layer } from "effect"

// One Postgres for all machines.
export const Store = SqlTokenStore.layer().pipe(
  Layer.provide(PgClient.layerConfig({ url: Config.Redacted("DATABASE_URL") }))
)
