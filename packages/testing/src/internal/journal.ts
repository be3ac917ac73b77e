/**
 * The requests that a server received, in order. An entry is added on arrival and completed while the request is handled.
 */
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"

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
  Effect.map(Ref.make<ReadonlyArray<A>>([]), (entries) => ({
    entries: Ref.get(entries),
    add: (arrived) =>
      Effect.map(Ref.modify(entries, (all) => [all.length, [...all, arrived]]), (index) => {
        let entry = arrived
        const publish = Effect.suspend(() =>
          Ref.update(entries, (all) => all.map((one, position) => position === index ? entry : one))
        )
        return {
          note: (more) => {
            entry = { ...entry, ...more }
          },
          complete: (handler) => Effect.ensuring(handler, publish)
        }
      })
  }))
