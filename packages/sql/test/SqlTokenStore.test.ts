import { createHash } from "node:crypto"

import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { SqlClient } from "@effect/sql"
import { LibsqlClient } from "@effect/sql-libsql"
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import {
  ApiClient,
  InvalidConfig,
  SharedClientCredentials,
  TokenSeal,
  TokenStore
} from "@effect-oauth/client-credentials"
import { SqlTokenStore } from "@effect-oauth/sql"
import { Fault, OAuthTest, TestApi, TestAuthorizationServer } from "@effect-oauth/testing"
import * as TokenStoreTest from "@effect-oauth/testing/TokenStoreTest"
import {
  Config,
  ConfigProvider,
  Context,
  Deferred,
  Duration,
  Effect,
  Layer,
  Logger,
  Option,
  Redacted,
  type Scope
} from "effect"

import * as postgresServer from "./postgresServer.js"

const minute = Duration.minutes(1)
const entry = (value: string) => ({ value, expiresAt: Date.now() + 60_000 })
const key = Redacted.make(createHash("sha256").update("store key").digest("base64"))

/** No store is given up that is there, however busy the machine: it would cost a token more. */
const patient: SqlTokenStore.Options = { timeout: "2 minutes" }

/** Each a connection of its own, as each process has. */
const postgres = Effect.map(postgresServer.start, (server) => ({
  connect: () =>
    Layer.fresh(PgClient.layer({ url: Redacted.make(server.url), maxConnections: 3, connectTimeout: "2 minutes" })),
  ...server
}))

const sqlite = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const path = `${yield* fs.makeTempDirectoryScoped()}/tokens.db`
  return {
    connect: () => Layer.fresh(LibsqlClient.layer({ url: `file:${path}` })),
    stop: Effect.void,
    restart: Effect.void
  }
}).pipe(Effect.provide(NodeContext.layer))

const Servers = OAuthTest.layerHttpClient().pipe(
  Layer.provideMerge(TestApi.layer()),
  Layer.provideMerge(TestAuthorizationServer.layer()),
  Layer.merge(Logger.remove(Logger.defaultLogger))
)

const tokensIssued = Effect.flatMap(
  TestAuthorizationServer.TestAuthorizationServer,
  ({ issued }) => Effect.map(issued, (all) => all.length)
)

interface Database {
  readonly connect: () => Layer.Layer<SqlClient.SqlClient, unknown>
  readonly stop: Effect.Effect<void>
  readonly restart: Effect.Effect<void>
}

const databases: ReadonlyArray<readonly [string, Effect.Effect<Database, unknown, Scope.Scope>, boolean]> = [
  ["Postgres", postgres, postgresServer.isInstalled],
  ["a SQLite file", sqlite, true]
]

class CurrentDatabase extends Context.Tag("CurrentDatabase")<CurrentDatabase, Database>() {}

const connected = Layer.unwrapEffect(Effect.map(CurrentDatabase, ({ connect }) => connect()))

const connect = Effect.map(
  Layer.build(Layer.fresh(Layer.provide(SqlTokenStore.layer(patient), connected))),
  Context.get(TokenStore.TokenStore)
)

/** Shortens what is left of each lease. */
const advance = (duration: Duration.Duration) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => sql`UPDATE effect_oauth_leases SET until_at = until_at - ${Duration.toMillis(duration)}`
  ).pipe(Effect.provide(connected))

for (const [name, database, isInstalled] of databases) {
  TokenStoreTest.suite(
    `the token store on ${name}`,
    Layer.provideMerge(Layer.scoped(TokenStore.TokenStore, connect), Layer.scoped(CurrentDatabase, database)),
    {
      advance,
      connect,
      skip: !isInstalled,
      ...(name === "Postgres"
        ? {
          outage: {
            begin: Effect.flatMap(CurrentDatabase, ({ stop }) => stop),
            end: Effect.flatMap(CurrentDatabase, ({ restart }) => restart)
          }
        }
        : {})
    }
  )

  const withStore = <A, E>(test: Effect.Effect<A, E, TokenStore.TokenStore | SqlClient.SqlClient>) =>
    Effect.flatMap(
      database,
      ({ connect }) => Effect.provide(test, Layer.provideMerge(SqlTokenStore.layer(patient), connect()))
    )

  describe.skipIf(!isInstalled)(`a store on ${name}`, () => {
    it.scopedLive(
      "removes what expired long ago",
      () =>
        withStore(Effect.gen(function*() {
          const store = yield* TokenStore.TokenStore
          assert.isTrue(yield* store.swap("a", 0, entry("one")))
          // What expired long ago is gone with the next change.
          const sql = yield* SqlClient.SqlClient
          const old = Date.now() - 2 * 86_400_000
          yield* store.swap("old", 0, { value: "x", expiresAt: old })
          yield* sql`INSERT INTO effect_oauth_leases (id, owner, until_at) VALUES ('old', 'one', ${old})`
          assert.isTrue(yield* store.swap("a", 1, entry("x")))
          assert.isTrue(Option.isNone(yield* store.load("old")))
          assert.lengthOf(yield* sql`SELECT id FROM effect_oauth_leases`, 0)
        })),
      300_000
    )

    it.scopedLive("sets leases that end by the database's time", () =>
      withStore(Effect.gen(function*() {
        const store = yield* TokenStore.TokenStore
        const sql = yield* SqlClient.SqlClient
        const before = Date.now()
        assert.isTrue(yield* store.acquire("a", "one", minute))
        const after = Date.now()
        const [lease] = yield* sql<{ until_at: number | string }>`SELECT until_at FROM effect_oauth_leases`
        assert.isAtLeast(Number(lease?.until_at), before + 59_000)
        assert.isAtMost(Number(lease?.until_at), after + 61_000)
      })))

    it.scopedLive(
      "gives a fleet of eight one token, and one more when all are refused with it",
      () =>
        Effect.gen(function*() {
          const { connect, restart, stop } = yield* database
          const start = Effect.map(
            Layer.build(Layer.fresh(
              SharedClientCredentials.layer({
                tokenUrl: "https://auth.test/token",
                clientId: "test-client",
                clientSecret: Redacted.make("test-secret"),
                apiBaseUrl: "https://api.test"
              }).pipe(Layer.provide([Layer.provide(SqlTokenStore.layer(patient), connect()), TokenSeal.layer([key])]))
            )),
            (context) => Effect.provide(Effect.flatMap(ApiClient.ApiClient, (api) => api.get("/items")), context)
          )
          const processes = yield* Effect.replicateEffect(start, 8, { concurrency: "unbounded" })
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

describe("a SQLite file", () => {
  it.scopedLive("is waited for while another process writes, also by those who did not make its tables", () =>
    Effect.gen(function*() {
      const { connect } = yield* sqlite
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

describe.skipIf(!postgresServer.isInstalled)("on Postgres those who wait", () => {
  it.scopedLive("are woken when there is a token, and when there is none to be had", () =>
    Effect.gen(function*() {
      const { url } = yield* postgresServer.start
      const connect = PgClient.layer({ url: Redacted.make(url) })
      const { faults } = yield* TestAuthorizationServer.TestAuthorizationServer
      const start = Effect.map(
        Layer.build(Layer.fresh(
          SharedClientCredentials.layer({
            tokenUrl: "https://auth.test/token",
            clientId: "test-client",
            clientSecret: Redacted.make("test-secret"),
            apiBaseUrl: "https://api.test",
            tokenCache: { retryTimeout: 0 },
            // They would look again after the test has failed.
            sharedTokens: { pollEvery: "10 minutes" }
          }).pipe(Layer.provide([Layer.provide(SqlTokenStore.layer(patient), connect), TokenSeal.layer([key])]))
        )),
        (context) => Effect.provide(Effect.flatMap(ApiClient.ApiClient, (api) => api.get("/items")), context)
      )
      const processes = yield* Effect.replicateEffect(start, 5, { concurrency: "unbounded" })
      const all = Effect.forEach(processes, Effect.either, { concurrency: "unbounded" })
      yield* faults.next(Fault.delay("2 seconds"))
      assert.isTrue((yield* all).every((outcome) => outcome._tag === "Right"))
      assert.strictEqual(yield* tokensIssued, 1)

      // The second is asked for nothing: all are told the failure of the first.
      const { received, revoke } = yield* TestAuthorizationServer.TestAuthorizationServer
      yield* revoke()
      yield* faults.rule(({ endpoint }) => endpoint === "token" ? Fault.unavailable(60) : undefined)
      assert.isTrue((yield* all).every((outcome) => outcome._tag === "Left"))
      assert.lengthOf((yield* received).filter(({ endpoint }) => endpoint === "token"), 2)
    }).pipe(Effect.provide(Servers)))
})

describe.skipIf(!postgresServer.isInstalled)("a lease on Postgres", () => {
  it.scopedLive("is done without in time while its table is locked", () =>
    Effect.gen(function*() {
      const { url } = yield* postgresServer.start
      const connect = PgClient.layer({ url: Redacted.make(url) })
      const store = yield* Effect.provide(SqlTokenStore.make({ timeout: "500 millis" }), yield* Layer.build(connect))
      const locked = yield* Deferred.make<void>()
      yield* Effect.forkScoped(
        Effect.gen(function*() {
          const sql = yield* SqlClient.SqlClient
          return yield* sql.withTransaction(
            sql`LOCK TABLE effect_oauth_leases IN ACCESS EXCLUSIVE MODE`.pipe(
              Effect.zipRight(Deferred.succeed(locked, undefined)),
              Effect.zipRight(Effect.never)
            )
          )
        }).pipe(Effect.provide(connect))
      )
      yield* Deferred.await(locked)
      // Leases are taken where a caller that gives up does not interrupt.
      const error = yield* Effect.uninterruptible(store.acquire("a", "one", minute)).pipe(
        Effect.flip,
        Effect.disconnect
      )
      assert.strictEqual(
        error.message,
        "The token store could not acquire (no answer in time). Check that it is up and can be reached."
      )
    }))
})

describe.skipIf(!postgresServer.isInstalled)("a store with a client of its own", () => {
  it.scopedLive("is a typed error while the database is away, and heals when it comes", () =>
    Effect.gen(function*() {
      const { restart, stop, url } = yield* postgresServer.start
      yield* stop
      yield* Effect.gen(function*() {
        const store = yield* TokenStore.TokenStore
        for (let attempt = 0; attempt < 3; attempt += 1) {
          const error = yield* Effect.flip(store.load("a"))
          assert.strictEqual(
            error.message,
            "The token store could not load (no connection to its database). Check that it is up and can be reached."
          )
        }
        yield* restart
        assert.isTrue(yield* store.swap("a", 0, entry("one")))
        assert.isTrue(Option.isSome(yield* store.load("a")))
      }).pipe(Effect.provide(SqlTokenStore.layerWithClient(PgClient.layer({ url: Redacted.make(url) }))))
    }))
})

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
      for (const migrate of ["no", 0, null]) yield* wrong({ migrate }, ["migrate"])
      yield* wrong({ prefix: 5, timeout: -1, migrate: 1, url: "x" }, ["prefix", "timeout", "migrate", "url"])
      for (const options of [null, 5, []]) yield* wrong(options, ["options"])
    }).pipe(Effect.scoped))

  it.scopedLive("are read from Configs by layerConfig, and validated as those of a program", () =>
    Effect.gen(function*() {
      const { connect } = yield* sqlite
      const store = (prefix: string) =>
        Layer.build(Layer.provideMerge(
          SqlTokenStore.layerConfig({ prefix: Config.string("PREFIX"), timeout: Config.succeed("2 minutes") }),
          connect()
        )).pipe(Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["PREFIX", prefix]]))))
      const context = yield* store("billing_")
      const sql = Context.get(context, SqlClient.SqlClient)
      assert.isTrue(yield* Context.get(context, TokenStore.TokenStore).swap("a", 0, entry("one")))
      assert.lengthOf(yield* sql`SELECT id FROM billing_tokens`, 1)
      const error = yield* Effect.flip(store("x".repeat(51)))
      assert(error instanceof InvalidConfig.InvalidConfig)
      assert.deepStrictEqual(error.problems.map(({ setting }) => setting), ["prefix"])
    }))
})
