/**
 * Statements on a real MariaDB that conflict with another session, and its connections that fail, close or are ended.
 * `@effect/sql-mysql2` has no release for Effect 4.
 */
import { Reactivity } from "@effect/experimental"
import { SqlClient } from "@effect/sql"
import { MysqlClient } from "@effect/sql-mysql2"
import { assert, describe, it } from "@effect/vitest"
import { TokenStore } from "@effect-oauth/client-credentials"
import { SqlTokenStore } from "@effect-oauth/sql"
import { Context, Duration, Effect, Layer } from "effect"

import * as proxy from "../../client-credentials/test/support/proxy.js"
import { conflict } from "./conflict.js"
import { once } from "./database.js"
import * as mariadbServer from "./mariadbServer.js"
import { mariadbLayer } from "./otherDatabases.js"
import { freePort } from "./server.js"

const minute = Duration.minutes(1)
const entry = { value: "one", expiresAt: Date.now() + 60_000 }

const server = once(mariadbServer.start({ "innodb-lock-wait-timeout": "1", "innodb-snapshot-isolation": "on" }))

/** A client whose transactions read what was there when they began, as a program's may. */
const withSnapshots = ({ reserve }: SqlClient.SqlClient) =>
  SqlClient.make({
    acquirer: reserve,
    beginTransaction: "START TRANSACTION WITH CONSISTENT SNAPSHOT",
    compiler: MysqlClient.makeCompiler(),
    spanAttributes: []
  }).pipe(Effect.provide(Reactivity.layer))

/** Returns the number of times that a statement began to wait for a lock. */
const waits = (sql: SqlClient.SqlClient) =>
  Effect.map(
    sql<{ count: string }>`SELECT variable_value AS count FROM information_schema.global_status
      WHERE variable_name = 'INNODB_ROW_LOCK_WAITS'`,
    ([row]) => Number(row?.count)
  )

/** Returns a store with its own connection, and its table. */
const storeWith = (prefix: string, clientOf = Effect.succeed<SqlClient.SqlClient>) =>
  Effect.gen(function*() {
    const { port, urlOf } = yield* server
    const sql = yield* SqlClient.SqlClient
    const own = Context.get(yield* Layer.build(mariadbLayer(urlOf(port))), SqlClient.SqlClient)
    const store = yield* Effect.provideService(
      SqlTokenStore.make({ timeout: "2 minutes", prefix }),
      SqlClient.SqlClient,
      yield* clientOf(own)
    )
    yield* store.acquire("a", "other", minute)
    const before = yield* waits(sql)
    /** Waits until statements have waited for a lock that many times. */
    const untilBlocked = (times: number) => Effect.repeat(waits(sql), { until: (count) => count >= before + times })
    return { sql, store, table: sql(`${prefix}tokens`), untilBlocked }
  })

const withSql = <A, E>(run: Effect.Effect<A, E, SqlClient.SqlClient>) =>
  Effect.flatMap(server, ({ port, urlOf }) => Effect.provide(run, mariadbLayer(urlOf(port))))

describe.skipIf(!mariadbServer.isInstalled)("a statement on MariaDB that conflicts with another session", () => {
  it.scopedLive("is repeated after a lock timeout", () =>
    Effect.gen(function*() {
      const { sql, store, table, untilBlocked } = yield* storeWith("patient_")
      const { done } = yield* conflict(sql, {
        transaction: sql`SELECT * FROM ${table} FOR UPDATE`,
        operation: store.swap("a", 0, entry, "other"),
        untilBlocked: untilBlocked(2)
      })
      assert.isTrue(done)
    }).pipe(Effect.scoped, withSql), 60_000)

  it.scopedLive("is repeated after a deadlock", () =>
    Effect.gen(function*() {
      const { sql, store, table, untilBlocked } = yield* storeWith("deadlocked_")
      yield* sql`CREATE TABLE changes (id int PRIMARY KEY, count int NOT NULL)`
      // Of two transactions, the one with fewer changes fails.
      yield* sql`INSERT INTO changes SELECT seq, 0 FROM seq_1_to_100`
      yield* sql`CREATE TRIGGER counts AFTER UPDATE ON deadlocked_tokens FOR EACH ROW
        UPDATE changes SET count = count + 1 WHERE id = 1`.unprepared
      const { done } = yield* conflict(sql, {
        transaction: sql`UPDATE changes SET count = count + 1`,
        operation: store.swap("a", 0, entry, "other"),
        untilBlocked: untilBlocked(1),
        last: sql`UPDATE ${table} SET lease_until = lease_until + 1`
      })
      assert.isTrue(done)
    }).pipe(Effect.scoped, withSql), 60_000)

  it.scopedLive("is repeated after a change that its snapshot lacks", () =>
    Effect.gen(function*() {
      const { sql, store, table, untilBlocked } = yield* storeWith("outdated_", withSnapshots)
      const { done } = yield* conflict(sql, {
        transaction: sql`UPDATE ${table} SET lease_until = lease_until + 1`,
        operation: store.acquire("a", "other", minute),
        untilBlocked: untilBlocked(1)
      })
      assert.isTrue(done)
    }).pipe(Effect.scoped, withSql), 60_000)
})

describe.skipIf(!mariadbServer.isInstalled)("the problem of a connection to MariaDB", () => {
  const storeOf = (port: number, prefix: string) =>
    Effect.gen(function*() {
      const { urlOf } = yield* server
      const layer = SqlTokenStore.layerWithClient(mariadbLayer(urlOf(port)), { timeout: "1 minute", prefix })
      return Context.get(yield* Layer.build(layer), TokenStore.TokenStore)
    })
  const problemOf = (store: TokenStore.TokenStore) => Effect.map(Effect.flip(store.load("a")), ({ problem }) => problem)

  it.scopedLive("to a port without a server has the code of the system", () =>
    Effect.gen(function*() {
      const problem = yield* problemOf(yield* storeOf(yield* freePort, "missing_"))
      assert.match(problem, /^ECONNREFUSED: the connection was refused; check host and port/)
    }), 60_000)

  it.scopedLive("that closes has the code of the driver", () =>
    Effect.gen(function*() {
      const between = yield* proxy.start((yield* server).port)
      const store = yield* storeOf(between.port, "cut_")
      yield* store.load("a")
      yield* between.become("cut")
      assert.include(yield* problemOf(store), "PROTOCOL_CONNECTION_LOST: the connection was closed; check the log")
      assert.strictEqual((yield* store.load("a")).leasedFor, 0)
    }), 60_000)

  it.scopedLive("that an administrator ends is that it closed", () =>
    Effect.gen(function*() {
      const { port } = yield* server
      const sql = yield* SqlClient.SqlClient
      const store = yield* storeOf(port, "ended_")
      yield* store.load("a")
      yield* sql.withTransaction(Effect.gen(function*() {
        yield* sql`INSERT INTO ended_tokens (id, generation, expires_at, lease_until) VALUES ('a', 0, 0, 0)`
        const end = Effect.repeat(
          sql<
            { id: number }
          >`SELECT id FROM information_schema.processlist WHERE info LIKE 'INSERT INTO%ended%' AND id <> CONNECTION_ID()`,
          { until: (rows) => rows.length > 0 }
        ).pipe(Effect.flatMap(([row]) => sql.unsafe(`KILL ${row?.id}`)))
        const [{ problem }] = yield* Effect.all([Effect.flip(store.acquire("a", "one", minute)), end], {
          concurrency: "unbounded"
        })
        assert.include(problem, "the connection was closed; check the log")
      }))
    }).pipe(Effect.scoped, withSql), 60_000)
})
