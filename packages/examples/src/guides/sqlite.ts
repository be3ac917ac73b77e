import { LibsqlClient } from "@effect/sql-libsql"
import { SqlTokenStore } from "@effect-oauth/sql"
import { Layer } from "effect"

/** A store for several processes on one machine, in one file. */
export const Store = SqlTokenStore.layer().pipe(
  Layer.provide(LibsqlClient.layer({ url: "file:/var/lib/nightly-job/tokens.db" }))
)
