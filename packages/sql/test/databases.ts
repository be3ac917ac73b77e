/**
 * The databases on which the store is tested.
 */
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, Redacted } from "effect"

import { runs } from "../../client-credentials/test/support/runs.js"
import { behindProxy, once, type Tested } from "./database.js"
import { others } from "./otherDatabases.js"
import * as postgresServer from "./postgresServer.js"

export const postgresLayer = (url: string, options?: PgClient.PgClientConfig) =>
  Layer.fresh(PgClient.layer({ url: Redacted.make(url), connectTimeout: "2 minutes", ...options }))

const postgres = once(postgresServer.start())

const serializable = once(postgresServer.start({ default_transaction_isolation: "serializable" }))

const hasSerializable = runs("Postgres with serializable transactions", { quick: 0, full: 1 }) > 0

const bouncer = once(
  Effect.flatMap(
    postgresServer.start(),
    (server) => Effect.map(postgresServer.startBouncer(server.port), (port) => ({ ...server, port }))
  )
)

export const all: readonly [Tested, ...ReadonlyArray<Tested>] = [
  {
    name: "Postgres",
    database: behindProxy(postgres, postgresLayer),
    isInstalled: postgresServer.isInstalled,
    hasOutages: true,
    hasManyWriters: true
  },
  ...(hasSerializable
    ? [{
      name: "Postgres with serializable transactions",
      database: behindProxy(serializable, postgresLayer),
      isInstalled: postgresServer.isInstalled,
      hasOutages: false,
      hasManyWriters: true
    }]
    : []),
  {
    name: "PgBouncer in transaction mode",
    database: behindProxy(bouncer, postgresLayer),
    isInstalled: postgresServer.isBouncerInstalled,
    // It holds what it cannot send for two minutes.
    hasOutages: false,
    hasManyWriters: true
  },
  ...others
]

/** For tests that need no more than a database: a file where that is possible. */
export const any: Tested = others.at(-1) ?? all[0]
