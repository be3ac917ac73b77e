/**
 * The databases on which the store is tested. A server is started once for all tests of a file; each test has its own table.
 */
import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import type { SqlClient } from "@effect/sql"
import { LibsqlClient } from "@effect/sql-libsql"
import { MysqlClient } from "@effect/sql-mysql2"
import { PgClient } from "@effect/sql-pg"
import type { SqlTokenStore } from "@effect-oauth/sql"
import { Effect, Exit, Layer, Redacted, Scope } from "effect"
import { afterAll } from "vitest"

import * as mariadbServer from "./mariadbServer.js"
import * as postgresServer from "./postgresServer.js"

export interface Database {
  /** Each a connection of its own, as each process has. */
  readonly connect: () => Layer.Layer<SqlClient.SqlClient, unknown>
  readonly options: SqlTokenStore.Options & { readonly prefix: string }
  readonly stop: Effect.Effect<void>
  readonly restart: Effect.Effect<void>
}

/** Starts something when it is first needed, and ends it after all tests of the file. */
export const once = <A, E>(start: Effect.Effect<A, E, Scope.Scope>): Effect.Effect<A, E> => {
  const scope = Effect.runSync(Scope.make())
  afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)), 60_000)
  return Effect.runSync(Effect.cached(Scope.extend(start, scope)))
}

let tests = 0

/** No store is given up that is there, however busy the machine: it would cost a token more. */
const nextOptions = () => {
  tests += 1
  return { timeout: "2 minutes", prefix: `test${tests}_` } as const
}

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

const sqlite = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const path = `${yield* fs.makeTempDirectoryScoped()}/tokens.db`
  return {
    connect: () => Layer.fresh(LibsqlClient.layer({ url: `file:${path}` })),
    options: nextOptions(),
    stop: Effect.void,
    restart: Effect.void
  }
}).pipe(Effect.provide(NodeContext.layer))

const mariadb = once(mariadbServer.start)

interface Tested {
  readonly name: string
  readonly database: Effect.Effect<Database, unknown, Scope.Scope>
  readonly isInstalled: boolean
  readonly hasOutages: boolean
}

export const onSqlite: Tested = { name: "a SQLite file", database: sqlite, isInstalled: true, hasOutages: false }

export const all: ReadonlyArray<Tested> = [
  {
    name: "Postgres",
    database: overPostgres(postgres),
    isInstalled: postgresServer.isInstalled,
    hasOutages: true
  },
  {
    name: "PgBouncer in transaction mode",
    database: overPostgres(bouncer),
    isInstalled: postgresServer.isBouncerInstalled,
    // It holds what it cannot send for two minutes.
    hasOutages: false
  },
  {
    name: "MariaDB",
    database: Effect.map(mariadb, ({ restart, stop, url }) => ({
      connect: () => Layer.fresh(MysqlClient.layer({ url: Redacted.make(url) })),
      options: nextOptions(),
      restart,
      stop
    })),
    isInstalled: mariadbServer.isInstalled,
    hasOutages: true
  },
  onSqlite
]
