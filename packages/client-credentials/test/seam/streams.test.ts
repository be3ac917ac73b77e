/** Streams whose beginning is read before the rest. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Scope, Stream } from "effect"

import * as streams from "../../src/internal/seam/streams.js"

const numbers = Stream.concat(Stream.make(1, 2), Stream.make(3, 4))

const runCollect = <A, E>(stream: Stream.Stream<A, E>) =>
  Effect.map(Stream.runCollect(stream), (all): ReadonlyArray<A> => [...all])

describe("a stream that has been started", () => {
  it.scoped("returns some elements at a time, and none at its end", () =>
    Effect.gen(function*() {
      const next = yield* streams.pull(numbers, yield* Effect.scope)
      assert.deepStrictEqual([yield* next, yield* next, yield* next], [[1, 2], [3, 4], []])
    }))

  it.scoped("fails as the stream does", () =>
    Effect.gen(function*() {
      const failing = Stream.concat(Stream.make(1), Stream.fail("broken"))
      const next = yield* streams.pull(failing, yield* Effect.scope)
      assert.deepStrictEqual(yield* next, [1])
      assert.strictEqual(yield* Effect.flip(next), "broken")
      const again = yield* streams.pull(failing, yield* Effect.scope)
      assert.strictEqual(yield* Effect.flip(runCollect(streams.resumed([], again))), "broken")
    }))

  it.scoped("is resumed with the elements that were read, up to its end", () =>
    Effect.gen(function*() {
      const next = yield* streams.pull(numbers, yield* Effect.scope)
      assert.deepStrictEqual(yield* runCollect(streams.resumed(yield* next, next)), [1, 2, 3, 4])
      const whole = yield* streams.pull(numbers, yield* Effect.scope)
      assert.deepStrictEqual(yield* runCollect(streams.resumed([], whole)), [1, 2, 3, 4])
      const ended = streams.resumed([1, 2], Effect.succeed([]))
      for (let run = 0; run < 2; run += 1) assert.deepStrictEqual(yield* runCollect(ended), [1, 2])
    }))

  it.effect("ends with the scope, not before", () =>
    Effect.gen(function*() {
      const events: Array<string> = []
      const scope = yield* Scope.make()
      const stream = Stream.ensuring(Stream.concat(numbers, Stream.never), Effect.sync(() => void events.push("end")))
      yield* yield* streams.pull(stream, scope)
      assert.deepStrictEqual(events, [])
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(events, ["end"])
    }))

  it.effect("reports how it ended", () =>
    Effect.gen(function*() {
      const exits: Array<boolean> = []
      const observed = streams.onExit((exit: Exit.Exit<unknown, unknown>) =>
        Effect.sync(() => void exits.push(Exit.isSuccess(exit)))
      )
      yield* runCollect(observed(numbers))
      yield* Effect.flip(runCollect(observed(Stream.fail("broken"))))
      assert.deepStrictEqual(exits, [true, false])
    }))
})
