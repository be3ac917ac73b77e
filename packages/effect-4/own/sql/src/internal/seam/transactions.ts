/**
 * Transaction of the program, which belongs to a client in Effect 4.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as SqlClient from "effect/sql/SqlClient"

/** Runs statements of a client outside of any transaction. */
export const outside =
  ({ transactionService }: SqlClient.SqlClient) => <A, E>(statement: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.updateContext(
      statement,
      (context: Context.Context<never>) => Context.omit(transactionService)(context)
    )
