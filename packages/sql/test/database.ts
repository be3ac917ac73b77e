/**
 * A database on which the store is tested. A server is started once for all tests of a file; each test has its own table.
 */
import type { SqlClient } from "@effect/sql"
import type { SqlTokenStore } from "@effect-oauth/sql"
import { Effect, Exit, type Layer, Scope } from "effect"
import { afterAll } from "vitest"

export interface Database {
  /** Creates a separate connection, as each process has. */
  readonly connect: () => Layer.Layer<SqlClient.SqlClient, unknown>
  readonly options: SqlTokenStore.Options & { readonly prefix: string }
  readonly stop: Effect.Effect<void>
  readonly restart: Effect.Effect<void>
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

let tests = 0

/** No store is given up that is there, however busy the machine: it would cost a token more. */
export const nextOptions = () => {
  tests += 1
  return { timeout: "2 minutes", prefix: `test${tests}_` } as const
}
