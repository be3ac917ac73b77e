/**
 * Streams whose beginning is read before the rest.
 */
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

/** Effect that returns the next elements; none when the stream has ended. */
export type Next<A, E> = Effect.Effect<ReadonlyArray<A>, E>

/** Starts to read a stream, which ends with the scope. */
export const pull = <A, E>(stream: Stream.Stream<A, E>, scope: Scope.Scope): Effect.Effect<Next<A, E>> =>
  Effect.map(
    Scope.provide(Stream.toPull(stream), scope),
    (next): Next<A, E> =>
      Pull.catchDone(Effect.map(next, (chunk): ReadonlyArray<A> => chunk), () => Effect.succeed([])) as Next<A, E>
  )

/** Returns the rest of a stream that was partly read. */
export const rest = <A, E>(next: Next<A, E>): Stream.Stream<A, E> =>
  Stream.flattenIterable(Stream.takeUntil(Stream.fromEffectRepeat(next), (some) => some.length === 0))

/** Runs an effect with the exit of the stream when it ends. */
export const onExit = Stream.onExit
