/**
 * The requests that a server received, in order. An entry is added on arrival and completed while the request is handled.
 */
import * as Effect from "effect/Effect"

export interface Entry<A> {
  /** Adds to the entry; visible when the request has ended. */
  readonly note: (more: Partial<A>) => void
  /** Runs the handler, and completes the entry however it ends. */
  readonly complete: <B, E, R>(handler: Effect.Effect<B, E, R>) => Effect.Effect<B, E, R>
}

export interface Journal<A> {
  readonly entries: Effect.Effect<ReadonlyArray<A>>
  readonly add: (arrived: A) => Effect.Effect<Entry<A>>
}

export const make = <A extends object>(): Effect.Effect<Journal<A>> =>
  Effect.sync(() => {
    // An array that grows in place: days of virtual time are tens of thousands of requests.
    const entries: Array<A> = []
    return {
      entries: Effect.sync(() => entries.slice()),
      add: (arrived) =>
        Effect.sync(() => {
          const index = entries.push(arrived) - 1
          let entry = arrived
          return {
            note: (more) => {
              entry = { ...entry, ...more }
            },
            complete: (handler) =>
              Effect.ensuring(
                handler,
                Effect.sync(() => {
                  entries[index] = entry
                })
              )
          }
        })
    }
  })
