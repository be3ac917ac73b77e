/**
 * Batches the work of one client: items that are added while a batch is being processed form the next batch.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"

import type { ClientClosed } from "../../OAuthError.js"
import type { Lifetime } from "../process/lifetime.js"

/** Batches of one fiber: the one in progress, and the next one. */
interface Line<A> {
  current: ReadonlyArray<A>
  next: Array<A>
}

/**
 * Returns a function that adds work. `process` runs in a fiber of the client's scope, one batch at a time. Items that are not
 * processed when the client is closed are passed to `close`.
 */
export const make = <A>(
  lifetime: Lifetime,
  { close, process }: {
    readonly process: (batch: ReadonlyArray<A>) => Effect.Effect<void>
    readonly close: (one: A) => Effect.Effect<unknown>
  }
): (one: A) => Effect.Effect<void> => {
  // Read and written synchronously, so no other fiber interferes.
  let line: Line<A> | undefined

  const run = (mine: Line<A>): Effect.Effect<void> =>
    Effect.gen(function*() {
      // Items that are added at the same time are processed together.
      yield* Effect.yieldNow()
      while (mine.next.length > 0) {
        mine.current = mine.next
        mine.next = []
        yield* process(mine.current)
      }
      mine.current = []
      line = undefined
    })

  const end = (mine: Line<A>): Effect.Effect<void> =>
    Effect.suspend(() => {
      if (line === mine) line = undefined
      return Effect.forEach([...mine.current, ...mine.next], close, { discard: true })
    })

  return (one) =>
    Effect.suspend(() => {
      if (line !== undefined) {
        line.next.push(one)
        return Effect.void
      }
      const mine: Line<A> = { current: [], next: [one] }
      line = mine
      const ended = Deferred.unsafeMake<void, ClientClosed>(FiberId.none)
      return lifetime.fork(run(mine), { result: ended, onEnd: end(mine) })
    })
}
