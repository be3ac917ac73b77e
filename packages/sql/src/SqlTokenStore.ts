/**
 * The token store on `@effect/sql`: Postgres for a fleet, a SQLite or libSQL file for the processes of one machine.
 *
 * @since 0.1.0
 */
import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import type { InvalidConfig } from "@effect-oauth/client-credentials/InvalidConfig"
import * as OAuthError from "@effect-oauth/client-credentials/OAuthError"
import * as TokenStore from "@effect-oauth/client-credentials/TokenStore"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as SynchronizedRef from "effect/SynchronizedRef"

/**
 * Options of the store. All have defaults.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Put before the names of its two tables, `tokens` and `leases`, at most 50 characters. Default: `effect_oauth_`. */
  readonly prefix?: string | undefined
  /** How long a response may take; after that, the process continues without the store. Default: 2 seconds. */
  readonly timeout?: Duration.DurationInput | undefined
  /** Whether to create the tables if they are missing. Default: true. */
  readonly migrate?: boolean | undefined
}

const validate = (options: Options | undefined) =>
  TokenStore.validateServerOptions(options, { prefix: "effect_oauth_", timeout: "2 seconds" }, { migrate: true })

/** How long a generation outlives its token, in milliseconds, so that a process that was paused never finds its number again. */
const memory = 86_400_000

/** The code of the driver's error; its text may hold an address or a statement. */
const problem = ({ cause }: SqlError): string => {
  const { code } = (typeof cause === "object" && cause !== null ? cause : {}) as { readonly code?: unknown }
  return typeof code === "string" && /^\w{1,60}$/.test(code) ? code : "its database failed"
}

/** A client that receives notifications of other processes: that of Postgres. */
interface Listener {
  readonly listen: (channel: string) => Stream.Stream<string, SqlError>
}

const canListen = (client: object): client is Listener => "listen" in client && typeof client.listen === "function"

/** Notices of changed keys: on Postgres by `LISTEN` and `NOTIFY`, elsewhere none. */
const notifications = (sql: SqlClient.SqlClient, channel: string) => {
  const notify = (key: string) =>
    sql.onDialectOrElse({
      pg: () => Effect.ignore(sql`SELECT pg_notify(${channel}, ${key})`),
      orElse: () => Effect.void
    })
  const changes = canListen(sql)
    ? (key: string) =>
      sql.listen(channel).pipe(
        Stream.filter((changed) => changed === key),
        Stream.mapError((error) => new OAuthError.TokenStoreError({ operation: "changes", problem: problem(error) }))
      )
    : undefined
  return { changes, notify }
}

/** The time in milliseconds by the database's clock. */
const databaseTime = (sql: SqlClient.SqlClient) =>
  sql.onDialectOrElse({
    pg: () => sql.literal("CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)"),
    orElse: () => sql.literal("CAST((julianday('now') - 2440587.5) * 86400000 AS integer)")
  })

const createTables = (sql: SqlClient.SqlClient, prefix: string) =>
  Effect.gen(function*() {
    // SQLite: readers do not block a writer.
    yield* sql.onDialectOrElse({ pg: () => Effect.void, orElse: () => sql`PRAGMA journal_mode = WAL` })
    yield* sql`CREATE TABLE IF NOT EXISTS ${sql(`${prefix}tokens`)} (
      id varchar(100) PRIMARY KEY, generation bigint NOT NULL, sealed text NOT NULL, expires_at bigint NOT NULL)`
    yield* sql`CREATE TABLE IF NOT EXISTS ${sql(`${prefix}leases`)} (
      id varchar(100) PRIMARY KEY, owner varchar(100) NOT NULL, until_at bigint NOT NULL)`
    // Two processes that create the same table at once can fail; the next attempt finds it.
  }).pipe(Effect.retry(Schedule.recurs(5).pipe(Schedule.addDelay(() => "50 millis"))))

/**
 * Creates a store on the `SqlClient` of the context. Each operation is one statement, and leases use the database's time. On
 * Postgres, `NOTIFY` wakes processes that wait for a token; they use a connection for that while they wait. Fails
 * with an `InvalidConfig` when an option is not valid.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options?: Options
): Effect.Effect<TokenStore.TokenStore, InvalidConfig | SqlError, SqlClient.SqlClient> =>
  Effect.gen(function*() {
    const { migrate, prefix, timeout } = yield* validate(options)
    const sql = yield* SqlClient.SqlClient
    const [tokens, leases] = [sql(`${prefix}tokens`), sql(`${prefix}leases`)]
    const now = databaseTime(sql)
    const { changes, notify } = notifications(sql, `${prefix}changes`)

    const run = <A>(operation: OAuthError.TokenStoreError["operation"], statement: Effect.Effect<A, SqlError>) =>
      statement.pipe(
        Effect.mapError((error) => new OAuthError.TokenStoreError({ operation, problem: problem(error) })),
        // Leases are taken and given back in uninterruptible regions.
        Effect.interruptible,
        Effect.timeoutFail({
          duration: timeout,
          onTimeout: () => new OAuthError.TokenStoreError({ operation, problem: "no answer in time" })
        }),
        Effect.withTracerEnabled(false)
      )

    // SQLite: wait for other processes that write to the file. A setting of the connection, not of the tables.
    yield* sql.onDialectOrElse({ pg: () => Effect.void, orElse: () => sql`PRAGMA busy_timeout = 2000` })
    if (migrate) yield* createTables(sql, prefix)

    return {
      load: (key) =>
        Effect.map(
          run(
            "load",
            sql<{ generation: number | string; sealed: string; expires_at: number | string }>`
            SELECT generation, sealed, expires_at FROM ${tokens} WHERE id = ${key}`
          ),
          ([row]) =>
            row === undefined
              ? Option.none()
              : Option.some({
                value: row.sealed,
                generation: Number(row.generation),
                expiresAt: Number(row.expires_at)
              })
        ),
      swap: (key, generation, { expiresAt, value }) =>
        Effect.gen(function*() {
          const expires = Math.ceil(expiresAt)
          const done = yield* generation === 0
            ? sql`INSERT INTO ${tokens} (id, generation, sealed, expires_at) VALUES (${key}, 1, ${value}, ${expires})
                ON CONFLICT (id) DO NOTHING RETURNING id`
            : sql`UPDATE ${tokens} SET generation = generation + 1, sealed = ${value}, expires_at = ${expires}
                WHERE id = ${key} AND generation = ${generation} RETURNING id`
          if (done.length === 0) return false
          yield* notify(key)
          const past = sql`${now} - ${sql.literal(String(memory))}`
          yield* Effect.ignore(sql`DELETE FROM ${tokens} WHERE expires_at < ${past}`)
          yield* Effect.ignore(sql`DELETE FROM ${leases} WHERE until_at < ${past}`)
          return true
        }).pipe((statements) => run("swap", statements)),
      acquire: (key, owner, life) =>
        Effect.map(
          run(
            "acquire",
            sql`
            INSERT INTO ${leases} (id, owner, until_at)
            VALUES (${key}, ${owner}, ${now} + ${sql.literal(String(Math.ceil(Duration.toMillis(life))))})
            ON CONFLICT (id) DO UPDATE SET owner = excluded.owner, until_at = excluded.until_at
              WHERE ${leases}.until_at <= ${now} OR ${leases}.owner = excluded.owner
            RETURNING id`
          ),
          (rows) => rows.length > 0
        ),
      release: (key, owner) =>
        run("release", Effect.zipRight(sql`DELETE FROM ${leases} WHERE id = ${key} AND owner = ${owner}`, notify(key))),
      changes
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
 * @since 0.1.0
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
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  config: Config.Config.Wrap<Options>
): Layer.Layer<TokenStore.TokenStore, ConfigError.ConfigError | InvalidConfig | SqlError, SqlClient.SqlClient> =>
  Layer.unwrapEffect(Effect.map(Config.unwrap(config), layer))

/**
 * Provides the store on its own client, which connects when it is first needed and retries at each use until it does: so
 * a program starts, and requests its own tokens, while the database is unavailable.
 *
 * @example
 * import { SqlTokenStore } from "@effect-oauth/sql"
 * import { PgClient } from "@effect/sql-pg"
 * import { Config } from "effect"
 *
 * // A fleet whose pods start even when their database does not answer.
 * export const Store = SqlTokenStore.layerWithClient(PgClient.layerConfig({ url: Config.redacted("DATABASE_URL") }))
 *
 * @since 0.1.0
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
      const connected = yield* SynchronizedRef.make<TokenStore.TokenStore | undefined>(undefined)

      /** In its own scope, so that an attempt that fails leaves nothing behind. */
      const connect = Effect.uninterruptibleMask((restore) =>
        Effect.gen(function*() {
          const scope = yield* Scope.fork(layerScope, ExecutionStrategy.sequential)
          return yield* restore(
            Effect.flatMap(
              Layer.buildWithScope(Layer.fresh(client), scope),
              (context) => Effect.provide(make(options), context)
            )
          ).pipe(
            Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause)))
          )
        })
      )
      const use = <A>(
        operation: OAuthError.TokenStoreError["operation"],
        f: (store: TokenStore.TokenStore) => Effect.Effect<A, OAuthError.TokenStoreError>
      ) =>
        SynchronizedRef.modifyEffect(connected, (store) =>
          store === undefined ? Effect.map(connect, (made) => [made, made]) : Effect.succeed([store, store])).pipe(
            Effect.catchAllCause(() =>
              new OAuthError.TokenStoreError({ operation, problem: "no connection to its database" })
            ),
            Effect.interruptible,
            Effect.timeoutFail({
              duration: timeout,
              onTimeout: () =>
                new OAuthError.TokenStoreError({ operation, problem: "no connection in time" })
            }),
            Effect.flatMap(f)
          )
      return {
        load: (key) => use("load", (store) => store.load(key)),
        swap: (key, generation, entry) => use("swap", (store) => store.swap(key, generation, entry)),
        acquire: (key, owner, life) => use("acquire", (store) => store.acquire(key, owner, life)),
        release: (key, owner) => use("release", (store) => store.release(key, owner)),
        changes: (key) => Stream.unwrap(use("changes", (store) => Effect.succeed(store.changes?.(key) ?? Stream.never)))
      }
    })
  )
