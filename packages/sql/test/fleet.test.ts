/**
 * Fleets on a real Postgres: behind a network that fails, and how many statements they cost it.
 */
import { SqlClient } from "@effect/sql"
import { assert, describe, it } from "@effect/vitest"
import { type SharedClientCredentials, TokenStore } from "@effect-oauth/client-credentials"
import { SqlTokenStore } from "@effect-oauth/sql"
import { TestApi, TestAuthorizationServer } from "@effect-oauth/testing"
import { Context, Duration, Effect, Layer } from "effect"

import { Servers, startProcesses, tokensIssued } from "../../client-credentials/test/support/fleet.js"
import * as proxy from "../../client-credentials/test/support/proxy.js"
import * as shiftedClock from "../../client-credentials/test/support/shiftedClock.js"
import { once } from "./database.js"
import { postgresLayer } from "./databases.js"
import * as postgresServer from "./postgresServer.js"

const server = once(postgresServer.start({ shared_preload_libraries: "pg_stat_statements" }))

const urlOf = (port: number) => `postgres://tester@127.0.0.1:${port}/postgres`

const fleet = (
  size: number,
  port: number,
  store: SqlTokenStore.Options,
  more: Partial<SharedClientCredentials.Options>
) => startProcesses(size, SqlTokenStore.layerWithClient(postgresLayer(urlOf(port)), store), more)

describe.skipIf(!postgresServer.isInstalled)("a connection to Postgres that became silent", () => {
  it.scopedLive("is closed after the time of one operation, and opened again", () =>
    Effect.gen(function*() {
      const between = yield* proxy.start((yield* server).port)
      const store = Context.get(
        yield* Layer.build(SqlTokenStore.layerWithClient(postgresLayer(urlOf(between.port)), { timeout: "1 second" })),
        TokenStore.TokenStore
      )
      yield* Effect.eventually(store.load("a"))
      const before = yield* between.connections
      yield* between.become("silent")
      assert.include((yield* Effect.flip(store.load("a"))).problem, "no response in time")
      yield* Effect.eventually(store.load("a"))
      assert.isAbove(yield* between.connections, before)
    }))
})

describe.skipIf(!postgresServer.isInstalled)("a network before Postgres", () => {
  for (
    const [index, [mode, name]] of ([["silent", "becomes silent"], ["cut", "cuts"], [300, "delays"]] as const).entries()
  ) {
    it.scopedLive(`that ${name} costs a fleet no token and no call`, () =>
      Effect.gen(function*() {
        const between = yield* proxy.start((yield* server).port)
        const calls = yield* fleet(6, between.port, { prefix: `network${index}_`, timeout: "2 seconds" }, {
          // No process requests a token alone, so each that is issued is one of the fleet.
          sharedTokens: { whenStoreFails: "fail", storeTimeout: "2 seconds" },
          tokenCache: { retryTimeout: "1 hour" }
        })
        const all = Effect.map(
          Effect.all(calls, { concurrency: "unbounded" }),
          (responses) => new Set(responses.map(({ status }) => status))
        )
        assert.deepStrictEqual(yield* all, new Set([200]))
        const { revoke } = yield* TestAuthorizationServer.TestAuthorizationServer
        yield* revoke()
        yield* between.become(mode)
        assert.deepStrictEqual(yield* all, new Set([200]))
        assert.strictEqual(yield* tokensIssued, 2)
      }).pipe(Effect.provide(Servers)))
  }
})

/** Lets the connections of the process make progress. */
const tick = Effect.async<void>((resume) => {
  setTimeout(() => resume(Effect.void), 10)
})

/** Returns the number of statements that Postgres executed on the table of the store, and resets it. */
const counted = (prefix: string) =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const rows = yield* sql<{ calls: string }>`SELECT sum(calls) AS calls FROM pg_stat_statements
      WHERE query LIKE ${`%"${prefix}tokens"%`}`
    yield* sql`SELECT pg_stat_statements_reset()`
    return Number(rows[0]?.calls)
  })

describe.skipIf(!postgresServer.isInstalled)("the operations of a fleet on Postgres", () => {
  const size = 20
  const prefix = "counted_"
  const { clock, forward } = shiftedClock.make()

  /** At most six for each process. A machine that takes longer than a second lets waiting processes look more often. */
  const assertFew = (what: string, begun: number) =>
    Effect.map(counted(prefix), (calls) => {
      const elapsed = Date.now() - begun
      console.log(`${size} processes, ${what}: ${calls} statements in ${elapsed} ms`)
      assert.isAtMost(calls, size * (6 + Math.floor(elapsed / 1000)))
      assert.isAtLeast(calls, size)
    })

  it.scopedLive("are at most six for each process in a cold start, a refresh and a rejection", () =>
    Effect.gen(function*() {
      const { port } = yield* server
      yield* Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        yield* sql`CREATE EXTENSION pg_stat_statements`
        yield* SqlTokenStore.make({ prefix })
        const calls = yield* fleet(size, port, { prefix, timeout: "2 minutes", migrate: false }, {
          issuanceBudget: { limit: 50 },
          sharedTokens: { storeTimeout: "2 minutes" },
          tokenCache: { refreshBefore: "1 hour" }
        })
        const all = Effect.all(calls, { concurrency: "unbounded" })
        const api = yield* TestApi.TestApi
        const { issued, revoke } = yield* TestAuthorizationServer.TestAuthorizationServer
        yield* sql`SELECT pg_stat_statements_reset()`

        let begun = Date.now()
        yield* all
        assert.lengthOf(yield* issued, 1)
        yield* assertFew("cold start", begun)

        // All of them refresh now, while their token is usable for twenty minutes.
        yield* forward(Duration.minutes(24 * 60 - 20))
        begun = Date.now()
        let tokens = new Set<number | undefined>([1])
        while (tokens.has(1)) {
          const before = (yield* api.calls).length
          yield* all
          tokens = new Set((yield* api.calls).slice(before).map(({ token }) => token))
          yield* tick
        }
        assert.lengthOf(yield* issued, 2)
        yield* assertFew("refresh", begun)

        yield* revoke()
        begun = Date.now()
        yield* all
        assert.lengthOf(yield* issued, 3)
        yield* assertFew("rejection", begun)
      }).pipe(Effect.provide(postgresLayer(urlOf(port))))
    }).pipe(Effect.provide(Servers), Effect.withClock(clock)))
})
