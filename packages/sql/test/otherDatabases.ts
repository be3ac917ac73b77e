/**
 * The databases beside Postgres.
 */
import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { LibsqlClient } from "@effect/sql-libsql"
import { MysqlClient } from "@effect/sql-mysql2"
import { Effect, Layer, Redacted } from "effect"

import { nextOptions, once, type Tested } from "./database.js"
import * as mariadbServer from "./mariadbServer.js"

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
    database: Effect.map(mariadb, ({ restart, stop, url }) => ({
      connect: () => Layer.fresh(MysqlClient.layer({ url: Redacted.make(url) })),
      options: nextOptions(),
      restart,
      stop
    })),
    isInstalled: mariadbServer.isInstalled,
    hasOutages: true,
    hasManyWriters: true
  },
  onSqlite
]
