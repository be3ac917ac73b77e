/**
 * Behavior that is specific to SQLite. `@effect/sql-libsql` has no release for Effect 4.
 */
import { SqlClient } from "@effect/sql"
import { assert, describe, it } from "@effect/vitest"
import { SqlTokenStore } from "@effect-oauth/sql"
import { Effect } from "effect"

import { onSqlite } from "./otherDatabases.js"

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
})
