/**
 * Work of one client that is done together: what is handed in while a batch is being processed becomes the next batch.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"

import type { ClientClosed } from "../../OAuthError.js"
import type { Lifetime } from "../seam/lifetime.js"

/** The batches of one fiber: the one that it processes, and the one for which it comes back. */
interface Line<A> {
  current: ReadonlyArray<A>
  next: Array<A>
}

/**
 * Returns a function that hands in work. `process` runs in a fiber of the client's scope, one batch at a time; what it did not
 * process when the client was closed is given to `close`.
 */
export const make = <A>(
  lifetime: Lifetime,
  { close, process }: {
    readonly process: (batch: ReadonlyArray<A>) => Effect.Effect<void>
    readonly close: (one: A) => Effect.Effect<unknown>
  }
): (one: A) => Effect.Effect<void> => {
  // Read and written in single steps, which no other fiber interrupts.
  let line: Line<A> | undefined

  const run = (mine: Line<A>): Effect.Effect<void> =>
    Effect.gen(function*() {
      // What is handed in at the same moment is processed together.
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
