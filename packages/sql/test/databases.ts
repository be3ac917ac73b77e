/**
 * The databases on which the store is tested.
 */
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, Redacted } from "effect"

import { type Database, nextOptions, once, type Tested } from "./database.js"
import { others } from "./otherDatabases.js"
import * as postgresServer from "./postgresServer.js"

export const postgresLayer = (url: string, options?: PgClient.PgClientConfig) =>
  Layer.fresh(PgClient.layer({ url: Redacted.make(url), connectTimeout: "2 minutes", ...options }))

const postgres = once(postgresServer.start())

const bouncer = once(
  Effect.flatMap(
    postgresServer.start(),
    (server) => Effect.map(postgresServer.startBouncer(server.port), (url) => ({ ...server, url }))
  )
)

const overPostgres = (server: typeof postgres | typeof bouncer) =>
  Effect.map(server, ({ restart, stop, url }): Database => ({
    connect: () => postgresLayer(url),
    options: nextOptions(),
    restart,
    stop
  }))

export const all: readonly [Tested, ...ReadonlyArray<Tested>] = [
  {
    name: "Postgres",
    database: overPostgres(postgres),
    isInstalled: postgresServer.isInstalled,
    hasOutages: true,
    hasManyWriters: true
  },
  {
    name: "PgBouncer in transaction mode",
    database: overPostgres(bouncer),
    isInstalled: postgresServer.isBouncerInstalled,
    // It holds what it cannot send for two minutes.
    hasOutages: false,
    hasManyWriters: true
  },
  ...others
]

/** For tests that need no more than a database: a file where that is possible. */
export const any: Tested = others.at(-1) ?? all[0]
