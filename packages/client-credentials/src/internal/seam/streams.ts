/**
 * Streams whose beginning is read before the rest.
 */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

/** Effect that returns the next elements; none when the stream has ended. */
export type Pull<A, E> = Effect.Effect<ReadonlyArray<A>, E>

/** Starts to read a stream, which ends with the scope. */
export const pull = <A, E>(stream: Stream.Stream<A, E>, scope: Scope.Scope): Effect.Effect<Pull<A, E>> =>
  Effect.map(Scope.extend(Stream.toPull(stream), scope), (next) =>
    Effect.catchAll(
      Effect.map(next, (chunk): ReadonlyArray<A> => [...chunk]),
      Option.match({ onNone: () => Effect.succeed([]), onSome: (error) => Effect.fail(error) })
    ))

/** Returns a stream that was partly read: the elements that were read, and then the rest. */
export const resumed = <A, E>(first: ReadonlyArray<A>, next: Pull<A, E>): Stream.Stream<A, E> =>
  Stream.suspend(() => {
    let isFirst = first.length > 0
    return Stream.repeatEffectChunkOption(Effect.suspend(() => {
      const read = isFirst ? Effect.succeed(first) : Effect.mapError(next, Option.some)
      isFirst = false
      return Effect.flatMap(read, (some) =>
        some.length === 0 ? Effect.fail(Option.none()) : Effect.succeed(Chunk.fromIterable(some)))
    }))
  })

/** Runs an effect with the exit of the stream when it ends. */
export const onExit = Stream.ensuringWith
