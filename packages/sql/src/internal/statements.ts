/**
 * The statements of the store, in the dialects of Postgres, SQLite and MySQL. Each key has one row with its entry and its
 * lease, so that each step is one change of one row, which the database does atomically at any isolation level.
 */
import type * as SqlClient from "@effect/sql/SqlClient"
import { SqlError } from "@effect/sql/SqlError"
import type { Fragment, Identifier, Statement } from "@effect/sql/Statement"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"

import { isConcurrentCreation } from "./problem.js"

/** Result of a statement for a key. Drivers return large integers as strings; without a row, all but the time is null. */
export interface Row {
  readonly generation: number | string | null
  readonly sealed: string | null
  readonly expires_at: number | string | null
  readonly lease_owner: string | null
  readonly lease_until: number | string | null
  readonly now_at: number | string
}

/** Time in milliseconds by which a generation outlives its token, so that a paused process never finds its number reused. */
const memory = 86_400_000

/** At most this many rows that ended are removed at a time. */
const removedAtOnce = 100

const columns = "generation, sealed, expires_at, lease_owner, lease_until"

/** The time of the database in milliseconds, the same in all of a statement. */
const timeOf = (sql: SqlClient.SqlClient): Fragment =>
  sql.onDialectOrElse({
    pg: () => sql.literal("CAST(floor(extract(epoch FROM statement_timestamp()) * 1000) AS bigint)"),
    mysql: () => sql.literal("(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(3)) DIV 1000)"),
    orElse: () => sql.literal("CAST((julianday('now') - 2440587.5) * 86400000 AS integer)")
  })

const createTable = (sql: SqlClient.SqlClient, table: Identifier) =>
  sql.onDialectOrElse({
    // Room in each page lets a changed row stay there, where the next change removes the old one without a vacuum.
    pg: () =>
      sql`CREATE TABLE IF NOT EXISTS ${table} (
        id varchar(255) PRIMARY KEY, generation bigint NOT NULL, sealed text, expires_at bigint NOT NULL,
        lease_owner varchar(255), lease_until bigint NOT NULL) WITH (fillfactor = 50)`,
    // Its default is to compare without case.
    mysql: () =>
      sql`CREATE TABLE IF NOT EXISTS ${table} (
        id varchar(255) PRIMARY KEY, generation bigint NOT NULL, sealed longtext, expires_at bigint NOT NULL,
        lease_owner varchar(255), lease_until bigint NOT NULL) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
    orElse: () =>
      // Readers do not block a writer.
      Effect.zipRight(
        sql`PRAGMA journal_mode = WAL`,
        sql`CREATE TABLE IF NOT EXISTS ${table} (
          id varchar(255) PRIMARY KEY, generation bigint NOT NULL, sealed text, expires_at bigint NOT NULL,
          lease_owner varchar(255), lease_until bigint NOT NULL)`
      )
  })

/** Creates the table if it cannot be read. A role that may not create tables uses one that an administrator made. */
export const migrate = (sql: SqlClient.SqlClient, schema: string, prefix: string): Effect.Effect<void, SqlError> => {
  const table = tableOf(sql, schema, prefix)
  return Effect.catchAll(
    sql`SELECT ${sql.literal(columns)} FROM ${table} WHERE 1 = 0`,
    // Two processes that create the table at once can fail; the next attempt finds it.
    () =>
      Effect.retry(createTable(sql, table), {
        while: isConcurrentCreation,
        times: 5,
        schedule: Schedule.spaced("50 millis")
      })
  )
}

const tableOf = (sql: SqlClient.SqlClient, schema: string, prefix: string) =>
  sql(schema === "" ? `${prefix}tokens` : `${schema}.${prefix}tokens`)

/** Runs a transaction. One whose connection is lost fails; for `withTransaction` that is a defect at its end. */
const inTransaction = <A>(sql: SqlClient.SqlClient, statements: Effect.Effect<A, SqlError>) =>
  Effect.catchAllDefect(
    sql.withTransaction(statements),
    (defect) => defect instanceof SqlError ? Effect.fail(defect) : Effect.die(defect)
  )

export const make = (sql: SqlClient.SqlClient, schema: string, prefix: string) => {
  const table = tableOf(sql, schema, prefix)
  // The row that is there, before the change.
  const old = sql(`${prefix}tokens`)
  const now = timeOf(sql)
  const all = sql.literal(columns)

  const load = (key: string): Effect.Effect<ReadonlyArray<Row>, SqlError> =>
    sql<Row>`SELECT ${all}, now_at FROM (SELECT ${now} AS now_at) AS clock LEFT JOIN ${table} ON id = ${key}`
      .withoutTransform

  /** Inserts the row or changes it, and returns what it is then. The changes apply in this order on MySQL. */
  const upsert = (
    key: string,
    insert: (end: Fragment) => Statement<Row>
  ): Effect.Effect<ReadonlyArray<Row>, SqlError> =>
    sql.onDialectOrElse({
      mysql: () => inTransaction(sql, Effect.zipRight(insert(sql.literal("")).withoutTransform, load(key))),
      orElse: () => insert(sql`RETURNING ${all}, ${now} AS now_at`).withoutTransform
    })
  const onConflict = sql.onDialectOrElse({
    mysql: () => sql.literal("ON DUPLICATE KEY UPDATE"),
    orElse: () => sql.literal("ON CONFLICT (id) DO UPDATE SET")
  })

  return {
    load,
    swap: (
      key: string,
      generation: number,
      { expiresAt, value }: { readonly value: string; readonly expiresAt: number },
      release: string | undefined
    ) => {
      const expires = Math.ceil(expiresAt)
      const [first, sealed, until] = generation === 0 ? [1, value, expires] : [0, null, 0]
      const isCurrent = sql`${old}.generation = ${generation}`
      return upsert(key, (end) =>
        sql<Row>`
        INSERT INTO ${table} (id, generation, sealed, expires_at, lease_until)
        VALUES (${key}, ${first}, ${sealed}, ${until}, 0)
        ${onConflict}
          sealed = CASE WHEN ${isCurrent} THEN ${value} ELSE ${old}.sealed END,
          expires_at = CASE WHEN ${isCurrent} THEN ${expires} ELSE ${old}.expires_at END,
          lease_until = CASE WHEN ${old}.lease_owner = ${release ?? ""} THEN 0 ELSE ${old}.lease_until END,
          generation = CASE WHEN ${isCurrent} THEN ${generation + 1} ELSE ${old}.generation END
        ${end}`)
    },
    acquire: (key: string, owner: string, life: number) => {
      const isFree = sql`${old}.lease_until <= ${now} OR ${old}.lease_owner = ${owner}`
      const until = sql`${now} + ${sql.literal(String(Math.ceil(life)))}`
      return upsert(key, (end) =>
        sql<Row>`
        INSERT INTO ${table} (id, generation, expires_at, lease_owner, lease_until) VALUES (${key}, 0, 0, ${owner}, ${until})
        ${onConflict}
          lease_owner = CASE WHEN ${isFree} THEN ${owner} ELSE ${old}.lease_owner END,
          lease_until = CASE WHEN ${isFree} THEN ${until} ELSE ${old}.lease_until END
        ${end}`)
    },
    release: (key: string, owner: string): Effect.Effect<unknown, SqlError> =>
      sql`UPDATE ${table} SET lease_until = 0 WHERE id = ${key} AND lease_owner = ${owner}`,
    /** Removes some of what ended long ago. */
    sweep: Effect.suspend((): Effect.Effect<unknown, SqlError> => {
      const past = sql`${now} - ${sql.literal(String(memory))}`
      const ended = sql`expires_at < ${past} AND lease_until < ${past}`
      const limit = sql.literal(`LIMIT ${removedAtOnce}`)
      const some = (lock: string) =>
        sql`DELETE FROM ${table} WHERE ${ended}
          AND id IN (SELECT id FROM ${table} WHERE ${ended} ${limit} ${sql.literal(lock)})`
      return sql.onDialectOrElse({
        pg: () => some("FOR UPDATE SKIP LOCKED"),
        mysql: () => sql`DELETE FROM ${table} WHERE ${ended} ${limit}`,
        orElse: () => some("")
      })
    })
  }
}
