/**
 * Streams whose beginning is read before the rest.
 */
import * as Array from "effect/Array"
import * as Cause from "effect/Cause"
import * as Channel from "effect/Channel"
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

/** Effect that returns the next elements; none when the stream has ended. */
export type Next<A, E> = Effect.Effect<ReadonlyArray<A>, E>

/** Starts to read a stream, which ends with the scope. */
export const pull = <A, E>(stream: Stream.Stream<A, E>, scope: Scope.Scope): Effect.Effect<Next<A, E>> =>
  Effect.map(
    Channel.toPullScoped(Stream.toChannel(stream), scope),
    (next): Next<A, E> =>
      Pull.catchDone(Effect.map(next, (chunk): ReadonlyArray<A> => chunk), () => Effect.succeed([])) as Next<A, E>
  )

/** Returns a stream that was partly read: the elements that were read, and then the rest. */
export const resumed = <A, E>(first: ReadonlyArray<A>, next: Next<A, E>): Stream.Stream<A, E> =>
  Stream.fromPull(Effect.sync(() => {
    let isFirst = first.length > 0
    return Effect.suspend(() => {
      const read = isFirst ? Effect.succeed(first) : next
      isFirst = false
      return Effect.flatMap(read, (some) => Array.isReadonlyArrayNonEmpty(some) ? Effect.succeed(some) : Cause.done())
    })
  }))

/** Runs an effect with the exit of the stream when it ends. */
export const onExit = Stream.onExit
