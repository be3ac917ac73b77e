/**
 * The token store on `@effect/sql`: Postgres, MySQL or MariaDB for a fleet, a SQLite or libSQL file for the processes
 * of one machine.
 *
 * **When to use**
 *
 * Use it where processes share tokens or a budget, and a database is at hand.
 *
 * **Details**
 *
 * Each operation is one statement on one row (on MySQL a transaction of two). Times are those of the database. A statement
 * that conflicts with another transaction (serialization failure, deadlock, lock timeout) is repeated up to seven times.
 *
 * **Gotchas**
 *
 * The role needs SELECT, INSERT, UPDATE and DELETE on the table, which the store creates when it is missing and the
 * role may.
 *
 * @since 3.0.0
 */
import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import type { InvalidConfig } from "@effect-oauth/client-credentials/InvalidConfig"
import * as OAuthError from "@effect-oauth/client-credentials/OAuthError"
import * as TokenStore from "@effect-oauth/client-credentials/TokenStore"
import * as Cause from "effect/Cause"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as SynchronizedRef from "effect/SynchronizedRef"

import { isConflict, problemOf } from "./internal/problem.js"
import { abandonable } from "./internal/seam/fibers.js"
import * as transactions from "./internal/seam/transactions.js"
import * as statements from "./internal/statements.js"

/**
 * Options of the store. All have defaults.
 *
 * @since 3.0.0
 * @category models
 */
export interface Options {
  /** Prefix of the name of the table, `tokens`, at most 50 characters. Default: `effect_oauth_`. */
  readonly prefix?: string | undefined
  /** The schema of the table, on MySQL its database, at most 50 characters. Default: that of the connection. */
  readonly schema?: string | undefined
  /** Timeout of each operation, after which it fails. Default: 2 seconds. */
  readonly timeout?: Duration.DurationInput | undefined
  /** Creates the table if it is missing. Default: true. */
  readonly migrate?: boolean | undefined
}

const validate = (options: Options | undefined) =>
  TokenStore.validateServerOptions(options, { prefix: "effect_oauth_", timeout: "2 seconds" }, {
    migrate: true,
    schema: ""
  })

type Operation = OAuthError.TokenStoreError["operation"]

/** Repeats what conflicted with another transaction, for about 0.6 seconds in all. */
const afterConflict = {
  while: isConflict,
  times: 7,
  schedule: Schedule.jittered(Schedule.exponential("5 millis"))
}

const noResponse = "no response in time; check the database, its locks and the network"

const snapshotOf = ([row]: ReadonlyArray<statements.Row>): TokenStore.Snapshot => {
  const now = Number(row?.now_at)
  return {
    now,
    leasedFor: Math.max(0, Number(row?.lease_until ?? 0) - now),
    entry: typeof row?.sealed === "string"
      ? Option.some({
        value: row.sealed,
        generation: Number(row.generation),
        expiresAt: Number(row.expires_at)
      })
      : Option.none()
  }
}

/**
 * Creates a store on the `SqlClient` of the context. Each operation is one statement, on MySQL one transaction, and none joins
 * a transaction of the program. It uses one connection at a time. Leases use the database's time. Fails with an
 * `InvalidConfig` when an option is not valid.
 *
 * @since 3.0.0
 * @category constructors
 */
export const make = (
  options?: Options
): Effect.Effect<TokenStore.TokenStore, InvalidConfig | SqlError, SqlClient.SqlClient> =>
  Effect.gen(function*() {
    const { migrate, prefix, schema, timeout } = yield* validate(options)
    const sql = yield* SqlClient.SqlClient
    const { acquire, load, release, swap, sweep } = statements.make(sql, schema, prefix)
    const connection = yield* Effect.makeSemaphore(1)
    const outside = transactions.outside(sql)

    const alone = <A>(statement: Effect.Effect<A, SqlError>) =>
      connection.withPermits(1)(
        // What the store does must outlive a transaction of the program that is rolled back.
        outside(statement)
      ).pipe(Effect.withTracerEnabled(false))

    const run = <A>(operation: Operation, statement: Effect.Effect<A, SqlError>) =>
      // During a pause, other operations use the connection.
      Effect.retry(alone(statement), afterConflict).pipe(
        Effect.mapError((error) => new OAuthError.TokenStoreError({ operation, problem: problemOf(error) })),
        // Drivers take time to give up a statement.
        abandonable,
        // Leases are taken and given back in uninterruptible regions.
        Effect.interruptible,
        Effect.timeoutFail({
          duration: timeout,
          onTimeout: () => new OAuthError.TokenStoreError({ operation, problem: noResponse })
        })
      )

    // SQLite: wait for other processes that write to the file. A setting of the connection, not of the table.
    yield* sql.onDialectOrElse({
      pg: () => Effect.void,
      mysql: () => Effect.void,
      orElse: () => sql`PRAGMA busy_timeout = 2000`
    })
    if (migrate) yield* statements.migrate(sql, schema, prefix)

    return {
      load: (key) => Effect.map(run("load", load(key)), snapshotOf),
      swap: (key, generation, entry, owner) =>
        run("swap", swap(key, generation, entry, owner)).pipe(
          Effect.map((rows) => ({
            ...snapshotOf(rows),
            done: Number(rows[0]?.generation) === generation + 1 && rows[0]?.sealed === entry.value
          })),
          // The table grows by new keys only. Limited as well: without a response it would keep its connection for ever, and
          // the client from closing.
          Effect.tap(({ done }) =>
            done && generation === 0 ? Effect.forkDaemon(Effect.ignore(run("swap", sweep))) : Effect.void
          )
        ),
      acquire: (key, owner, life) =>
        Effect.map(run("acquire", acquire(key, owner, Duration.toMillis(life))), (rows) => ({
          ...snapshotOf(rows),
          done: rows[0]?.lease_owner === owner
        })),
      release: (key, owner) => run("release", Effect.asVoid(release(key, owner)))
    }
  })

/**
 * Provides the store.
 *
 * @example
 * import { SqlTokenStore } from "@effect-oauth/sql"
 * import { LibsqlClient } from "@effect/sql-libsql"
 * import { Layer } from "effect"
 *
 * // One machine, several processes.
 * export const Store = SqlTokenStore.layer().pipe(
 *   Layer.provide(LibsqlClient.layer({ url: "file:/var/lib/nightly-job/tokens.db" }))
 * )
 *
 * @example
 * import { SqlTokenStore } from "@effect-oauth/sql"
 * import { PgClient } from "@effect/sql-pg"
 * import { Config, Layer } from "effect"
 *
 * // A fleet.
 * export const Store = SqlTokenStore.layer().pipe(
 *   Layer.provide(PgClient.layerConfig({ url: Config.redacted("DATABASE_URL") }))
 * )
 *
 * @since 3.0.0
 * @category layers
 */
export const layer = (
  options?: Options
): Layer.Layer<TokenStore.TokenStore, InvalidConfig | SqlError, SqlClient.SqlClient> =>
  Layer.effect(TokenStore.TokenStore, make(options))

/**
 * Provides the store with options from an object of `Config`s.
 *
 * @example
 * import { SqlTokenStore } from "@effect-oauth/sql"
 * import { Config } from "effect"
 *
 * export const Store = SqlTokenStore.layerConfig({
 *   prefix: Config.string("TOKEN_TABLE_PREFIX"),
 *   migrate: Config.succeed(false)
 * })
 *
 * @since 3.0.0
 * @category layers
 */
export const layerConfig = (
  config: Config.Config.Wrap<Options>
): Layer.Layer<TokenStore.TokenStore, ConfigError.ConfigError | InvalidConfig | SqlError, SqlClient.SqlClient> =>
  Layer.unwrapEffect(Effect.map(Config.unwrap(config), layer))

/**
 * Provides the store on its own client, which connects with the first operation and retries with each later one. So a
 * program starts while the database is unavailable, and requests its own tokens; within a budget it requests none.
 *
 * @example
 * import { SqlTokenStore } from "@effect-oauth/sql"
 * import { PgClient } from "@effect/sql-pg"
 * import { Config } from "effect"
 *
 * // A fleet whose pods start even when their database does not respond.
 * export const Store = SqlTokenStore.layerWithClient(PgClient.layerConfig({ url: Config.redacted("DATABASE_URL") }))
 *
 * @since 3.0.0
 * @category layers
 */
export const layerWithClient = <E>(
  client: Layer.Layer<SqlClient.SqlClient, E>,
  options?: Options
): Layer.Layer<TokenStore.TokenStore, InvalidConfig> =>
  Layer.scoped(
    TokenStore.TokenStore,
    Effect.gen(function*() {
      const { timeout } = yield* validate(options)
      const layerScope = yield* Effect.scope
      const connected = yield* SynchronizedRef.make<Connected | undefined>(undefined)

      /** In its own scope, so that an attempt that fails leaves nothing behind. */
      const connect = Effect.uninterruptibleMask((restore) =>
        Effect.gen(function*() {
          const scope = yield* Scope.fork(layerScope, ExecutionStrategy.sequential)
          const store = yield* restore(
            Effect.flatMap(
              Layer.buildWithScope(Layer.fresh(client), scope),
              (context) => Effect.provide(make(options), context)
            )
          ).pipe(
            Effect.onError((cause) => Effect.forkIn(Scope.close(scope, Exit.failCause(cause)), layerScope))
          )
          return { scope, store }
        })
      )

      /** A connection without a response may be dead without a notice. It is closed when its statement was cancelled. */
      const disconnect = (dead: Connected) =>
        SynchronizedRef.updateEffect(connected, (current) =>
          current === dead
            ? Effect.as(
              Effect.forkIn(Effect.delay(Scope.close(dead.scope, Exit.void), cancellation), layerScope),
              undefined
            )
            : Effect.succeed(current))

      const use = <A>(
        operation: Operation,
        f: (store: TokenStore.TokenStore) => Effect.Effect<A, OAuthError.TokenStoreError>
      ) =>
        SynchronizedRef.modifyEffect(connected, (current) =>
          current === undefined
            ? Effect.map(connect, (made) => [made, made])
            : Effect.succeed([current, current])).pipe(
            Effect.catchAllCause((cause) =>
              new OAuthError.TokenStoreError({ operation, problem: problemOf(Cause.squash(cause)) })
            ),
            abandonable,
            Effect.interruptible,
            Effect.timeoutFail({
              duration: timeout,
              onTimeout: () => new OAuthError.TokenStoreError({ operation, problem: "no connection in time" })
            }),
            Effect.flatMap((current) =>
              // A caller that gives up earlier learns nothing of the connection, and the next one needs to know.
              Effect.tapError(f(current.store), ({ problem }) =>
                problem === noResponse ? disconnect(current) : Effect.void).pipe(
                  Effect.forkIn(layerScope),
                  Effect.flatMap(Fiber.join)
                )
            )
          )
      return {
        load: (key) =>
          use("load", (store) => store.load(key)),
        swap: (key, generation, entry, owner) => use("swap", (store) => store.swap(key, generation, entry, owner)),
        acquire: (key, owner, life) => use("acquire", (store) => store.acquire(key, owner, life)),
        release: (key, owner) => use("release", (store) => store.release(key, owner))
      }
    })
  )

interface Connected {
  readonly scope: Scope.CloseableScope
  readonly store: TokenStore.TokenStore
}

/** Maximum time that drivers take to cancel a statement. */
const cancellation = Duration.seconds(5)
