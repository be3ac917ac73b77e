/**
 * The databases beside Postgres: none. `@effect/sql-libsql` and `@effect/sql-mysql2` have no release for Effect 4.
 */
import type { Tested } from "./database.js"

export const others: ReadonlyArray<Tested> = []
