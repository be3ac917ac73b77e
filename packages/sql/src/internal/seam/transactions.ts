/**
 * The transaction of the program.
 */
import * as SqlClient from "@effect/sql/SqlClient"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

/** Runs statements of a client outside of any transaction. */
export const outside = (_: SqlClient.SqlClient) => <A, E>(statement: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.mapInputContext(
    statement,
    (context: Context.Context<never>) => Context.omit(SqlClient.TransactionConnection)(context)
  )
