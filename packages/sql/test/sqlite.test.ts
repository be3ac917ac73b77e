/**
 * Behavior that is specific to SQLite. `@effect/sql-libsql` has no release for Effect 4.
 */
import { SqlClient } from "@effect/sql"
import { LibsqlClient } from "@effect/sql-libsql"
import { assert, describe, it } from "@effect/vitest"
import { TokenStore } from "@effect-oauth/client-credentials"
import { SqlTokenStore } from "@effect-oauth/sql"
import { Context, Effect, Layer } from "effect"

import { isConcurrentCreation } from "../src/internal/problem.js"
import { onSqlite } from "./otherDatabases.js"
import { freePort } from "./server.js"

describe("the problem of a connection to libSQL", () => {
  it.scopedLive("to a port without a server has the code of the system", () =>
    Effect.gen(function*() {
      const client = LibsqlClient.layer({ url: `http://127.0.0.1:${yield* freePort}` })
      const store = yield* Layer.build(SqlTokenStore.layerWithClient(client))
      const { problem } = yield* Effect.flip(Context.get(store, TokenStore.TokenStore).load("a"))
      assert.match(problem, /^ECONNREFUSED: the connection was refused; check host and port/)
    }))
})

describe("a SQLite file", () => {
  it.scopedLive("is waited for while another process writes, also by processes that did not create its tables", () =>
    Effect.gen(function*() {
      const { connect } = yield* onSqlite.database
      for (const migrate of [true, false]) {
        yield* Effect.gen(function*() {
          yield* SqlTokenStore.make({ migrate })
          const sql = yield* SqlClient.SqlClient
          assert.deepStrictEqual(yield* sql`PRAGMA busy_timeout`, [{ timeout: 2000 }])
          assert.deepStrictEqual(yield* sql`PRAGMA journal_mode`, [{ journal_mode: "wal" }])
        }).pipe(Effect.provide(connect()))
      }
    }))

  // The clock does not move, so a repeated attempt never ends.
  it.scoped("that has no such schema fails at once: only what another process creates at the same moment is repeated", () =>
    Effect.gen(function*() {
      const { connect } = yield* onSqlite.database
      const error = yield* Effect.provide(Effect.flip(SqlTokenStore.make({ schema: "missing" })), connect())
      assert.strictEqual(error._tag, "SqlError")
    }))
})

describe("the error of a table that is created", () => {
  for (
    const [code, expected] of [
      ...["23505", "42P07", "42710", "40001", "SQLITE_BUSY_SNAPSHOT", "SQLITE_LOCKED", "ER_TABLE_EXISTS_ERROR"].map(
        (code) => [code, true] as const
      ),
      ...["42501", "3F000", "SQLITE_READONLY", "ER_TABLEACCESS_DENIED_ERROR", "ECONNREFUSED"].map(
        (code) => [code, false] as const
      )
    ]
  ) {
    it(`${expected ? "is" : "is not"} that of another process that creates it, with the code ${code}`, () => {
      assert.strictEqual(isConcurrentCreation({ cause: { code } }), expected)
    })
  }
})
