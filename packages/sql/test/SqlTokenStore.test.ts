import { SqlClient } from "@effect/sql"
import { assert, describe, it } from "@effect/vitest"
import { InvalidConfig, TokenStore } from "@effect-oauth/client-credentials"
import { SqlTokenStore } from "@effect-oauth/sql"
import { TestAuthorizationServer } from "@effect-oauth/testing"
import * as TokenStoreTest from "@effect-oauth/testing/TokenStoreTest"
import { Config, ConfigProvider, Context, Duration, Effect, Layer, Option, type Scope } from "effect"

import { Servers, startProcesses, tokensIssued } from "../../client-credentials/test/support/fleet.js"
import { outageOf, periodIn } from "../../client-credentials/test/support/storeFaults.js"
import type { Database } from "./database.js"
import * as databases from "./databases.js"

const entry = (value: string) => ({ value, expiresAt: Date.now() + 60_000 })

class CurrentDatabase extends Context.Tag("CurrentDatabase")<CurrentDatabase, Database>() {}

const connect = Effect.flatMap(CurrentDatabase, ({ connect, options }) =>
  Effect.map(
    Layer.build(Layer.fresh(Layer.provide(SqlTokenStore.layer(options), connect()))),
    Context.get(TokenStore.TokenStore)
  ))

/** Shortens what is left of each lease. */
const advance = (duration: Duration.Duration) =>
  Effect.flatMap(CurrentDatabase, ({ connect, options }) =>
    Effect.provide(
      Effect.flatMap(SqlClient.SqlClient, (sql) =>
        sql`UPDATE ${sql(`${options.prefix}tokens`)} SET lease_until = lease_until - ${Duration.toMillis(duration)}`),
      connect()
    ))

for (const { database, hasManyWriters, hasOutages, isInstalled, name } of databases.all) {
  TokenStoreTest.suite(
    `the token store on ${name}`,
    Layer.provideMerge(Layer.scoped(TokenStore.TokenStore, connect), Layer.scoped(CurrentDatabase, database)),
    {
      advance,
      connect,
      skip: !isInstalled,
      outage: hasOutages
        ? periodIn(CurrentDatabase, ({ restart, stop }) => outageOf({ kill: stop, restart }))
        : undefined,
      faults: periodIn(CurrentDatabase, ({ faults }) => faults)
    }
  )

  describe.skipIf(!isInstalled)(`a store on ${name}`, () => {
    it.scopedLive(
      "removes what ended long ago, a bounded number at a time",
      () =>
        Effect.gen(function*() {
          const { connect, options } = yield* database
          yield* Effect.gen(function*() {
            const store = yield* SqlTokenStore.make(options)
            const sql = yield* SqlClient.SqlClient
            const table = sql(`${options.prefix}tokens`)
            const [ended, now] = [Date.now() - 2 * 86_400_000, Date.now()]
            for (let index = 0; index < 150; index += 1) {
              yield* sql`INSERT INTO ${table} (id, generation, sealed, expires_at, lease_until)
                VALUES (${`old${index}`}, 1, 'x', ${ended}, 0)`
            }
            // Its lease is in force, so it is kept.
            yield* sql`INSERT INTO ${table} (id, generation, expires_at, lease_owner, lease_until)
              VALUES ('leased', 0, 0, 'one', ${now + 60_000})`
            const left = (count: number) =>
              Effect.repeat(Effect.map(sql`SELECT id FROM ${table}`.withoutTransform, (rows) => rows.length), {
                until: (rows) => rows === count
              })
            yield* store.swap("a", 0, entry("one"))
            yield* left(52)
            yield* store.swap("b", 0, entry("one"))
            yield* left(3)
          }).pipe(Effect.provide(connect()))
        }),
      300_000
    )

    if (hasManyWriters) {
      it.scopedLive("takes part in no transaction of the program", () =>
        Effect.gen(function*() {
          const { connect, options } = yield* database
          const client = yield* Layer.build(connect())
          const store = yield* Effect.provide(SqlTokenStore.make(options), client)
          const programs = { "with its client": client, "with another client": yield* Layer.build(connect()) }
          for (const [key, program] of Object.entries(programs)) {
            const sql = Context.get(program, SqlClient.SqlClient)
            yield* Effect.exit(sql.withTransaction(
              Effect.zipRight(store.swap(key, 0, entry("one")), Effect.fail("rolled back"))
            ))
            assert.isTrue(Option.isSome((yield* store.load(key)).entry), key)
          }
        }))
    }

    it.scopedLive(
      "gives a fleet of eight one token, and one more when all are rejected with it",
      () =>
        Effect.gen(function*() {
          const { connect, options, restart, stop } = yield* database
          const processes = yield* startProcesses(8, Layer.provide(SqlTokenStore.layer(options), connect()))
          const all = Effect.map(
            Effect.all(processes, { concurrency: "unbounded" }),
            (responses) => responses.every(({ status }) => status === 200)
          )
          assert.isTrue(yield* all)
          assert.strictEqual(yield* tokensIssued, 1)
          const { revoke } = yield* TestAuthorizationServer.TestAuthorizationServer
          yield* revoke()
          assert.isTrue(yield* all)
          assert.strictEqual(yield* tokensIssued, 2)
          // The database goes away: no call is lost.
          yield* stop
          assert.isTrue(yield* all)
          assert.strictEqual(yield* tokensIssued, 2)
          yield* restart
          yield* revoke()
          assert.isTrue(yield* all)
        }).pipe(Effect.provide(Servers)),
      300_000
    )
  })
}

describe("its options", () => {
  it.effect("are an InvalidConfig with every one that is not valid, and no statement is sent", () =>
    Effect.gen(function*() {
      const unused = Layer.effect(SqlClient.SqlClient, Effect.dieMessage("a client was made"))
      const wrong = (options: unknown, settings: ReadonlyArray<string>) =>
        Effect.gen(function*() {
          const given = options as SqlTokenStore.Options
          const client = {} as SqlClient.SqlClient
          for (
            const built of [
              Layer.build(SqlTokenStore.layerWithClient(unused, given)),
              Layer.build(Layer.provide(SqlTokenStore.layer(given), Layer.succeed(SqlClient.SqlClient, client)))
            ]
          ) {
            const error = yield* Effect.flip<unknown, unknown, Scope.Scope>(built)
            assert.instanceOf(error, InvalidConfig.InvalidConfig)
            assert.sameMembers(error.problems.map(({ setting }) => setting), [...settings])
          }
        })
      for (const timeout of ["soon", -1, 0, NaN, Infinity, null, {}]) yield* wrong({ timeout }, ["timeout"])
      for (const prefix of [5, null, "two\nlines", "x".repeat(51)]) yield* wrong({ prefix }, ["prefix"])
      for (const schema of [5, null, "two\nlines", "x".repeat(51)]) yield* wrong({ schema }, ["schema"])
      for (const migrate of ["no", 0, null]) yield* wrong({ migrate }, ["migrate"])
      yield* wrong({ prefix: 5, timeout: -1, migrate: 1, url: "x" }, ["prefix", "timeout", "migrate", "url"])
      for (const options of [null, 5, []]) yield* wrong(options, ["options"])
    }).pipe(Effect.scoped))

  it.scopedLive.skipIf(!databases.any.isInstalled)(
    "are read from Configs by layerConfig, and validated as those of a program",
    () =>
      Effect.gen(function*() {
        const { connect } = yield* databases.any.database
        const store = (prefix: string) =>
          Layer.build(Layer.provideMerge(
            SqlTokenStore.layerConfig({ prefix: Config.string("PREFIX"), timeout: Config.succeed("2 minutes") }),
            connect()
          )).pipe(Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["PREFIX", prefix]]))))
        const context = yield* store("billing_")
        const sql = Context.get(context, SqlClient.SqlClient)
        assert.isTrue((yield* Context.get(context, TokenStore.TokenStore).swap("a", 0, entry("one"))).done)
        assert.lengthOf(yield* sql`SELECT id FROM billing_tokens`, 1)
        const error = yield* Effect.flip(store("x".repeat(51)))
        assert(error instanceof InvalidConfig.InvalidConfig)
        assert.deepStrictEqual(error.problems.map(({ setting }) => setting), ["prefix"])
      })
  )
})
