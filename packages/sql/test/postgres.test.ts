/**
 * Faults of a real Postgres: missing permissions, locks, too many connections, a network that loses all packets.
 */
import { readFileSync } from "node:fs"

import { SqlClient } from "@effect/sql"
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { TokenStore } from "@effect-oauth/client-credentials"
import { SqlTokenStore } from "@effect-oauth/sql"
import { TestAuthorizationServer } from "@effect-oauth/testing"
import { Context, Deferred, Duration, Effect, Layer, Option, Redacted } from "effect"

import { abandonable } from "../../client-credentials/src/internal/seam/fiber.js"
import { Servers, startProcess, tokensIssued } from "../../client-credentials/test/support/fleet.js"
import { runs } from "../../client-credentials/test/support/runs.js"
import { once } from "./database.js"
import { postgresLayer } from "./databases.js"
import * as postgresServer from "./postgresServer.js"

const minute = Duration.minutes(1)
const entry = (value: string) => ({ value, expiresAt: Date.now() + 60_000 })

/** A small server: 20 connections. */
const server = once(postgresServer.start({ max_connections: "20" }))

const withServer = <A, E, R>(run: (url: string) => Effect.Effect<A, E, R>) =>
  Effect.flatMap(server, ({ url }) => run(url))

const store = (url: string, options?: SqlTokenStore.Options, client?: PgClient.PgClientConfig) =>
  Effect.map(
    Layer.build(SqlTokenStore.layerWithClient(postgresLayer(url, client), options)),
    Context.get(TokenStore.TokenStore)
  )

const asAdministrator = <A, E, R>(url: string, run: (sql: SqlClient.SqlClient) => Effect.Effect<A, E, R>) =>
  Effect.provide(Effect.flatMap(SqlClient.SqlClient, run), postgresLayer(url))

describe.skipIf(!postgresServer.isInstalled)("a role without CREATE on Postgres", () => {
  it.scopedLive(
    "uses the table of the README with its grants, and names what it lacks",
    () =>
      withServer((url) =>
        Effect.gen(function*() {
          const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8")
          const [, ddl = ""] = readme.split("```sql")
          const statements = ddl.slice(0, ddl.indexOf("```")).split(";").filter((statement) => statement.trim() !== "")
          const asWorker = url.replace("tester@", "worker@")
          yield* asAdministrator(url, (sql) => Effect.forEach(statements, (statement) => sql.unsafe(statement)))
          const granted = yield* store(asWorker, { schema: "tokens" })
          assert.isTrue((yield* granted.acquire("a", "one", minute)).done)
          assert.isTrue((yield* granted.swap("a", 0, entry("one"), "one")).done)
          yield* granted.release("a", "one")
          assert.isTrue(Option.isSome((yield* granted.load("a")).entry))
          const messages = [
            [{ schema: "missing" }, "3F000: the schema does not exist"],
            [{}, "42501: the role lacks a permission; create the table if it is missing, and grant "],
            [{ prefix: "none_", migrate: false }, "42P01: the table is missing"]
          ] as const
          for (const [options, problem] of messages) {
            const error = yield* Effect.flip(Effect.flatMap(store(asWorker, options), ({ load }) => load("a")))
            assert.include(error.message, `could not load (${problem}`)
          }
        }).pipe(Effect.scoped)
      ),
    60_000
  )
})

describe.skipIf(!postgresServer.isInstalled)("a statement on Postgres", () => {
  const locked = (url: string, prefix: string) =>
    Effect.gen(function*() {
      const isLocked = yield* Deferred.make<void>()
      yield* Effect.forkScoped(asAdministrator(url, (sql) =>
        sql.withTransaction(
          sql`LOCK TABLE ${sql(`${prefix}tokens`)} IN ACCESS EXCLUSIVE MODE`.pipe(
            Effect.zipRight(Deferred.succeed(isLocked, undefined)),
            Effect.zipRight(Effect.never)
          )
        )))
      yield* Deferred.await(isLocked)
    })

  it.scopedLive(
    "is given up in time while its table is locked, and the store recovers",
    () =>
      withServer((url) =>
        Effect.gen(function*() {
          const mine = yield* store(url, { timeout: "500 millis", prefix: "locked_" })
          yield* Effect.retry(mine.load("a"), { times: 20 })
          yield* Effect.scoped(Effect.gen(function*() {
            yield* locked(url, "locked_")
            // Leases are taken where a caller that gives up does not interrupt.
            const error = yield* abandonable(Effect.flip(Effect.uninterruptible(mine.acquire("a", "one", minute))))
            assert.include(error.message, "no response in time")
          }))
          assert.isTrue((yield* Effect.retry(mine.acquire("a", "one", minute), { times: 20 })).done)
        }).pipe(Effect.scoped)
      ),
    60_000
  )

  it.scopedLive(
    "that removes old rows is given up in time too, and does not keep the others from their connection",
    () =>
      withServer((url) =>
        Effect.gen(function*() {
          const mine = yield* Effect.map(
            Layer.build(
              SqlTokenStore.layer({ timeout: "500 millis", prefix: "swept_" }).pipe(
                Layer.provide(postgresLayer(url))
              )
            ),
            Context.get(TokenStore.TokenStore)
          )
          const isLocked = yield* Deferred.make<void>()
          // Each DELETE waits for a lock that is never given back.
          yield* Effect.forkScoped(asAdministrator(url, (sql) =>
            sql.withTransaction(Effect.gen(function*() {
              yield* sql`SELECT pg_advisory_xact_lock(1)`
              yield* Deferred.succeed(isLocked, undefined)
              return yield* Effect.never
            }))))
          yield* Deferred.await(isLocked)
          yield* asAdministrator(url, (sql) =>
            Effect.gen(function*() {
              yield* sql.unsafe(
                `CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
                'BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END'`
              )
              yield* sql.unsafe(
                "CREATE TRIGGER waits BEFORE DELETE ON swept_tokens FOR EACH STATEMENT EXECUTE FUNCTION wait()"
              )
            }))
          yield* Effect.eventually(mine.swap("a", 0, entry("one")))
          yield* Effect.eventually(mine.load("a"))
        }).pipe(Effect.scoped)
      ),
    60_000
  )

  it.scopedLive("ends by the statement_timeout of its role", () =>
    withServer((url) =>
      Effect.gen(function*() {
        yield* asAdministrator(url, (sql) => sql`CREATE ROLE hasty SUPERUSER LOGIN`)
        yield* asAdministrator(url, (sql) => sql`ALTER ROLE hasty SET statement_timeout = '100ms'`)
        const hasty = yield* store(url.replace("tester@", "hasty@"), { timeout: "1 minute", prefix: "hasty_" })
        yield* hasty.load("a")
        yield* locked(url, "hasty_")
        const error = yield* Effect.flip(hasty.load("a"))
        assert.include(error.message, "57014: the statement was cancelled or took longer than statement_timeout")
      }).pipe(Effect.scoped)
    ), 60_000)
})

describe.skipIf(!postgresServer.isInstalled)("more processes than Postgres has connections", () => {
  const rounds = runs("rounds of processes without a connection", { quick: 1, full: 8 })
  it.scopedLive(
    "never exceed the limit of the budget, and use one connection each",
    () =>
      withServer((url) =>
        Effect.gen(function*() {
          const connections = yield* asAdministrator(url, (sql) =>
            Effect.gen(function*() {
              yield* sql`SELECT 1`
              const most = { perProcess: 0, all: 0 }
              const { revoke } = yield* TestAuthorizationServer.TestAuthorizationServer
              const start = (process: number) =>
                startProcess(
                  SqlTokenStore.layerWithClient(
                    PgClient.layer({ url: Redacted.make(url), applicationName: `process ${process}` }),
                    // A connection that does not respond in time is replaced, and closed only later.
                    { timeout: "1 minute" }
                  ),
                  { issuanceBudget: { limit: 5, window: "1 day" }, tokenCache: { retryTimeout: 0 } }
                )
              const processes = yield* Effect.forEach(Array.from({ length: 30 }, (_, index) => index), start)
              const watch = sql<{ count: string }>`SELECT count(*) AS count FROM pg_stat_activity
                WHERE application_name LIKE 'process %' GROUP BY application_name`.pipe(
                Effect.tap((rows) =>
                  Effect.sync(() => {
                    most.all = Math.max(most.all, rows.length)
                    for (const { count } of rows) most.perProcess = Math.max(most.perProcess, Number(count))
                  })
                ),
                Effect.forever
              )
              const all = Effect.forEach(processes, Effect.exit, { concurrency: "unbounded" })
              for (let round = 0; round < rounds; round += 1) {
                yield* Effect.raceFirst(all, watch)
                yield* revoke()
              }
              return { ...most, tokens: yield* tokensIssued }
            }))
          assert.isAtMost(connections.tokens, 5)
          assert.isAtLeast(connections.tokens, 1)
          assert.isAbove(connections.all, 5)
          assert.strictEqual(connections.perProcess, 1)
        }).pipe(Effect.scoped, Effect.provide(Servers))
      ),
    300_000
  )
})
