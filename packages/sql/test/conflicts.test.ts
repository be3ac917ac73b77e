/**
 * Statements on Postgres that conflict with another session: serialization failures, deadlocks and lock timeouts.
 */
import { SqlClient, type SqlError } from "@effect/sql"
import { assert, describe, it } from "@effect/vitest"
import { TokenStore } from "@effect-oauth/client-credentials"
import { SqlTokenStore } from "@effect-oauth/sql"
import { Context, Deferred, Duration, Effect, Fiber, Layer } from "effect"

import { conflict } from "./conflict.js"
import { once } from "./database.js"
import { postgresLayer } from "./databases.js"
import * as postgresServer from "./postgresServer.js"

const minute = Duration.minutes(1)
const entry = { value: "one", expiresAt: Date.now() + 60_000 }

const server = once(postgresServer.start())

/** Waits until a statement of the role waits for a lock, and returns when it was sent. */
const blocked = (sql: SqlClient.SqlClient, role: string) =>
  Effect.repeat(
    sql<{ since: string }>`SELECT CAST(query_start AS text) AS since FROM pg_stat_activity
      WHERE wait_event_type = 'Lock' AND usename = ${role}`,
    { until: (rows) => rows.length > 0 }
  )

/** Returns a store of a role with a setting, and its table. */
const storeWith = (role: string, setting: string) =>
  Effect.gen(function*() {
    const { url } = yield* server
    const sql = yield* SqlClient.SqlClient
    yield* sql.unsafe(`CREATE ROLE ${role} SUPERUSER LOGIN`)
    yield* sql.unsafe(`ALTER ROLE ${role} SET ${setting}`)
    const store = Context.get(
      yield* Layer.build(
        SqlTokenStore.layerWithClient(postgresLayer(url.replace("tester@", `${role}@`)), {
          timeout: "2 minutes",
          prefix: `${role}_`
        })
      ),
      TokenStore.TokenStore
    )
    yield* store.acquire("a", "other", minute)
    const table = sql(`${role}_tokens`)
    return { sql, store, table, untilBlocked: blocked(sql, role) }
  })

const withSql = <A, E>(run: Effect.Effect<A, E, SqlClient.SqlClient>) =>
  Effect.flatMap(server, ({ url }) => Effect.provide(run, postgresLayer(url)))

describe.skipIf(!postgresServer.isInstalled)("a statement on Postgres that conflicts with another session", () => {
  for (const isolation of ["repeatable read", "serializable"]) {
    it.scopedLive(`is repeated after a serialization failure in ${isolation}`, () =>
      Effect.gen(function*() {
        const role = isolation.replace(" ", "_")
        const { sql, store, table, untilBlocked } = yield* storeWith(
          role,
          `default_transaction_isolation = '${isolation}'`
        )
        const during = <A, E>(transaction: Effect.Effect<unknown, SqlError.SqlError>, operation: Effect.Effect<A, E>) =>
          conflict(sql, { transaction, operation, untilBlocked })
        const change = sql`UPDATE ${table} SET lease_until = lease_until WHERE id = 'a'`
        const insert = sql`INSERT INTO ${table} (id, generation, expires_at, lease_until) VALUES ('b', 0, 0, 0)`
        yield* during(change, store.release("a", "other"))
        assert.isTrue((yield* during(change, store.acquire("a", "one", minute))).done)
        assert.isTrue((yield* during(change, store.swap("a", 0, entry, "one"))).done)
        assert.isTrue((yield* during(insert, store.acquire("b", "one", minute))).done)
        assert.deepInclude(yield* store.load("a"), { leasedFor: 0 })
      }).pipe(Effect.scoped, withSql))
  }

  it.scopedLive("is repeated after a lock timeout", () =>
    Effect.gen(function*() {
      const { sql, store, table, untilBlocked } = yield* storeWith("patient", "lock_timeout = '500ms'")
      const untilRepeated = Effect.flatMap(
        untilBlocked,
        ([first]) => Effect.repeat(untilBlocked, { until: ([row]) => row?.since !== first?.since })
      )
      yield* conflict(sql, {
        transaction: sql`SELECT * FROM ${table} FOR UPDATE`,
        operation: store.release("a", "other"),
        untilBlocked: untilRepeated
      })
      assert.deepInclude(yield* store.load("a"), { leasedFor: 0 })
    }).pipe(Effect.scoped, withSql))

  it.scopedLive("fails with what it conflicts with after a few times", () =>
    Effect.gen(function*() {
      const { sql, store, table } = yield* storeWith("impatient", "lock_timeout = '10ms'")
      const { problem } = yield* sql.withTransaction(
        Effect.zipRight(sql`SELECT * FROM ${table} FOR UPDATE`, Effect.flip(store.acquire("a", "one", minute)))
      )
      assert.strictEqual(problem, "55P03: another transaction locks the row; end it")
    }).pipe(Effect.scoped, withSql))

  it.scopedLive("is repeated after a deadlock", () =>
    Effect.gen(function*() {
      const { sql, store, table, untilBlocked } = yield* storeWith("deadlocked", "deadlock_timeout = '10ms'")
      // Each change of a row takes two more locks.
      yield* sql.unsafe(
        `CREATE FUNCTION lock_two() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_advisory_xact_lock(1); PERFORM pg_advisory_xact_lock(2); RETURN NULL; END'`
      )
      yield* sql.unsafe(
        "CREATE TRIGGER locks_two AFTER UPDATE ON deadlocked_tokens FOR EACH ROW EXECUTE FUNCTION lock_two()"
      )
      const hasSecond = yield* Deferred.make<void>()
      const storeHasRow = yield* Deferred.make<void>()
      const other = yield* Effect.fork(sql.withTransaction(Effect.gen(function*() {
        // The store notices the deadlock first, and is the one that fails.
        yield* sql`SET LOCAL deadlock_timeout = '1h'`
        yield* sql`SELECT pg_advisory_xact_lock(2)`
        yield* Deferred.succeed(hasSecond, undefined)
        yield* Deferred.await(storeHasRow)
        yield* sql`UPDATE ${table} SET lease_until = lease_until`
      })))
      yield* Deferred.await(hasSecond)
      yield* conflict(sql, {
        transaction: sql`SELECT pg_advisory_xact_lock(1)`,
        operation: store.release("a", "other"),
        untilBlocked: Effect.gen(function*() {
          yield* untilBlocked
          yield* Deferred.succeed(storeHasRow, undefined)
          yield* blocked(sql, "tester")
        })
      })
      yield* Fiber.join(other)
      assert.deepInclude(yield* store.load("a"), { leasedFor: 0 })
    }).pipe(Effect.scoped, withSql))
})
