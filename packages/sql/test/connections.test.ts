/**
 * Connections to Postgres that fail, close, are ended or not available, and what the store reports of them.
 */
import { type AddressInfo, createServer, type Socket } from "node:net"

import { SqlClient } from "@effect/sql"
import { assert, describe, it } from "@effect/vitest"
import { TokenStore } from "@effect-oauth/client-credentials"
import { SqlTokenStore } from "@effect-oauth/sql"
import { Context, Effect, Layer } from "effect"

import * as proxy from "../../client-credentials/test/support/proxy.js"
import { once } from "./database.js"
import { postgresLayer } from "./databases.js"
import * as postgresServer from "./postgresServer.js"
import { freePort } from "./server.js"

const server = once(postgresServer.start())

const urlOf = (port: number) => `postgres://tester@127.0.0.1:${port}/postgres`

const storeOf = (client: Layer.Layer<SqlClient.SqlClient, unknown>, prefix: string) =>
  Effect.map(
    Layer.build(SqlTokenStore.layerWithClient(client, { timeout: "1 minute", prefix })),
    Context.get(TokenStore.TokenStore)
  )

const problemOf = (store: TokenStore.TokenStore) => Effect.map(Effect.flip(store.load("a")), ({ problem }) => problem)

/** Accepts connections, and sends nothing. */
const silent = Effect.acquireRelease(
  Effect.async<{ readonly port: number; readonly close: () => void }>((resume) => {
    const sockets = new Set<Socket>()
    const listener = createServer((socket) => void sockets.add(socket)).listen(0, "127.0.0.1", () => {
      const { port } = listener.address() as AddressInfo
      const close = () => {
        for (const socket of sockets) socket.destroy()
        listener.close()
      }
      resume(Effect.succeed({ port, close }))
    })
  }),
  ({ close }) => Effect.sync(close)
)

describe.skipIf(!postgresServer.isInstalled)("the problem of a connection to Postgres", () => {
  it.scopedLive("to a port without a server has the code of the system", () =>
    Effect.gen(function*() {
      const port = yield* freePort
      const problem = yield* problemOf(yield* storeOf(postgresLayer(urlOf(port)), "missing_"))
      assert.match(problem, /^ECONNREFUSED: the connection was refused; check host and port/)
    }))

  it.scopedLive("that has no response is the time, and what to check", () =>
    Effect.gen(function*() {
      const { port } = yield* silent
      const client = postgresLayer(urlOf(port), { connectTimeout: "200 millis" })
      const problem = yield* problemOf(yield* storeOf(client, "silent_"))
      assert.match(problem, /^no connection in time; check host and port/)
    }))

  it.scopedLive("that closes without an error of Postgres is that it closed", () =>
    Effect.gen(function*() {
      const between = yield* proxy.start((yield* server).port)
      const store = yield* storeOf(postgresLayer(urlOf(between.port)), "cut_")
      yield* store.load("a")
      yield* between.become("cut")
      assert.include(yield* problemOf(store), "the connection was closed; check the log of the database")
      assert.strictEqual((yield* store.load("a")).leasedFor, 0)
    }))

  it.scopedLive("that an administrator ends has the code of Postgres, if the driver has it", () =>
    Effect.gen(function*() {
      const { url } = yield* server
      yield* Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const store = yield* storeOf(postgresLayer(url, { applicationName: "ended" }), "ended_")
        yield* store.load("a")
        const end = Effect.repeat(
          sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE application_name = 'ended' AND wait_event_type = 'Lock'`,
          { until: (rows) => rows.length > 0 }
        )
        yield* sql.withTransaction(Effect.gen(function*() {
          yield* sql`LOCK TABLE ended_tokens`
          const [problem] = yield* Effect.all([problemOf(store), end], { concurrency: "unbounded" })
          // The driver of Effect 4 drops the code.
          assert.match(
            problem,
            /^57P01: an administrator or a shutdown ended the connection|^the connection was closed/
          )
        }))
      }).pipe(Effect.provide(postgresLayer(url)))
    }))

  it.scopedLive("that the program does not give back is the pool, or the time", () =>
    Effect.gen(function*() {
      const { url } = yield* server
      const pool = { maxConnections: 1, connectTimeout: "200 millis" } as const
      const client = yield* Layer.build(postgresLayer(url, pool))
      const sql = Context.get(client, SqlClient.SqlClient)
      const store = yield* Effect.provideService(
        SqlTokenStore.make({ prefix: "pool_", timeout: "1 second" }),
        SqlClient.SqlClient,
        sql
      )
      const problem = yield* Effect.scoped(Effect.zipRight(sql.reserve, problemOf(store)))
      // The pool of Effect 4 has no time limit.
      assert.match(problem, /^no connection of the pool was free in time; raise |^no response in time; /)
    }))
})
