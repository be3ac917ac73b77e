/**
 * A database on which the store is tested. A server is started once for all tests of a file; each test has its own table.
 */
import type { SqlClient } from "@effect/sql"
import type { SqlTokenStore } from "@effect-oauth/sql"
import { Effect, Exit, type Layer, Scope } from "effect"
import { afterAll } from "vitest"

import { start as startProxy } from "../../client-credentials/test/support/proxy.js"
import { type Period, resetsOf } from "../../client-credentials/test/support/storeFaults.js"

export interface Database {
  /** Creates a separate connection, as each process has. */
  readonly connect: () => Layer.Layer<SqlClient.SqlClient, unknown>
  readonly options: SqlTokenStore.Options & { readonly prefix: string }
  readonly stop: Effect.Effect<void>
  readonly restart: Effect.Effect<void>
  /** Makes statements fail at random. */
  readonly faults: Period<unknown>
}

export interface Tested {
  readonly name: string
  readonly database: Effect.Effect<Database, unknown, Scope.Scope>
  readonly isInstalled: boolean
  readonly hasOutages: boolean
  /** True if it accepts a statement while another connection has a transaction. */
  readonly hasManyWriters: boolean
}

/** Starts something when it is first needed, and ends it after all tests of the file. */
export const once = <A, E>(start: Effect.Effect<A, E, Scope.Scope>): Effect.Effect<A, E> => {
  const scope = Effect.runSync(Scope.make())
  afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)), 60_000)
  return Effect.runSync(Effect.cached(Scope.extend(start, scope)))
}

/** A server that tests share, behind a proxy of each test. */
export const behindProxy = <E, R>(
  server: Effect.Effect<
    Pick<Database, "restart" | "stop"> & { readonly port: number; readonly urlOf: (port: number) => string },
    E,
    R
  >,
  layerOf: (url: string) => Layer.Layer<SqlClient.SqlClient, unknown>
) =>
  Effect.gen(function*() {
    const { port, restart, stop, urlOf } = yield* server
    const proxy = yield* startProxy(port)
    const database: Database = {
      connect: () => layerOf(urlOf(proxy.port)),
      options: nextOptions(),
      stop,
      restart,
      faults: resetsOf(proxy)
    }
    return database
  })

let tests = 0

/** No store is given up that is there, however busy the machine: it would cost a token more. */
export const nextOptions = () => {
  tests += 1
  return { timeout: "2 minutes", prefix: `test${tests}_` } as const
}
