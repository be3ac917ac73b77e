/**
 * The databases beside Postgres.
 */
import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { SqlClient, type Statement } from "@effect/sql"
import { LibsqlClient } from "@effect/sql-libsql"
import { MysqlClient } from "@effect/sql-mysql2"
import { Effect, Layer, Redacted } from "effect"

import { behindProxy, type Database, nextOptions, once, type Tested } from "./database.js"
import * as mariadbServer from "./mariadbServer.js"

const moments = ["BEFORE INSERT", "BEFORE UPDATE", "AFTER UPDATE"]

/** A file has no connection to reset: triggers abort a fifth of the changes, before or after they are made. */
const abortsOf = (connect: Database["connect"], prefix: string): Database["faults"] => {
  const each = (
    statementOf: (
      sql: SqlClient.SqlClient,
      name: Statement.Identifier,
      moment: string
    ) => Effect.Effect<unknown, unknown>
  ) =>
    Effect.flatMap(
      SqlClient.SqlClient,
      (sql) => Effect.forEach(moments, (moment) => statementOf(sql, sql(`${prefix}${moment}`), moment))
    ).pipe(Effect.provide(connect()))
  return {
    begin: each((sql, name, moment) =>
      sql`CREATE TRIGGER ${name} ${sql.literal(moment)} ON ${sql(`${prefix}tokens`)} WHEN abs(random()) % 5 = 0
        BEGIN SELECT RAISE(ABORT, 'fault'); END`
    ),
    end: each((sql, name) => sql`DROP TRIGGER ${name}`)
  }
}

const sqlite = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const path = `${yield* fs.makeTempDirectoryScoped()}/tokens.db`
  const connect = () => Layer.fresh(LibsqlClient.layer({ url: `file:${path}` }))
  const options = nextOptions()
  return {
    connect,
    options,
    stop: Effect.void,
    restart: Effect.void,
    faults: abortsOf(connect, options.prefix)
  }
}).pipe(Effect.provide(NodeContext.layer))

export const mariadbLayer = (url: string) => Layer.fresh(MysqlClient.layer({ url: Redacted.make(url) }))

const mariadb = once(mariadbServer.start())

export const onSqlite: Tested = {
  name: "a SQLite file",
  database: sqlite,
  isInstalled: true,
  hasOutages: false,
  hasManyWriters: false
}

export const others: ReadonlyArray<Tested> = [
  {
    name: "MariaDB",
    database: behindProxy(mariadb, mariadbLayer),
    isInstalled: mariadbServer.isInstalled,
    hasOutages: true,
    hasManyWriters: true
  },
  onSqlite
]
