/**
 * Conflicts of an operation with the transaction of another session.
 */
import type { SqlClient, SqlError } from "@effect/sql"
import { Deferred, Effect, Fiber } from "effect"

/**
 * Runs an operation while the transaction of another session has locks. When the operation waits for one, the transaction
 * does what is left and commits.
 */
export const conflict = <A, E>(
  sql: SqlClient.SqlClient,
  { last = Effect.void, operation, transaction, untilBlocked }: {
    readonly transaction: Effect.Effect<unknown, SqlError.SqlError>
    readonly last?: Effect.Effect<unknown, SqlError.SqlError>
    readonly operation: Effect.Effect<A, E>
    /** Completes when the operation waits. */
    readonly untilBlocked: Effect.Effect<unknown, SqlError.SqlError>
  }
) =>
  Effect.gen(function*() {
    const hasLocks = yield* Deferred.make<void>()
    const isBlocked = yield* Deferred.make<void>()
    const other = yield* Effect.fork(sql.withTransaction(Effect.gen(function*() {
      yield* transaction
      yield* Deferred.succeed(hasLocks, undefined)
      yield* Deferred.await(isBlocked)
      yield* last
    })))
    yield* Deferred.await(hasLocks)
    const running = yield* Effect.fork(operation)
    // It fails before where it should be repeated and is not.
    yield* Effect.raceFirst(untilBlocked, Fiber.join(running))
    yield* Deferred.succeed(isBlocked, undefined)
    yield* Fiber.join(other)
    return yield* Fiber.join(running)
  })
