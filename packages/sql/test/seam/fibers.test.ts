/** Effects that are not awaited when they are interrupted. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, TestClock } from "effect"

import { abandonable } from "../../src/internal/seam/fibers.js"

/** Runs until every fiber waits. */
const settle = TestClock.adjust(0)

describe("an effect that may be abandoned", () => {
  it.effect("is not waited for when it is interrupted", () =>
    Effect.gen(function*() {
      const gate = yield* Deferred.make<void>()
      const waiting = yield* Effect.fork(abandonable(Effect.uninterruptible(Deferred.await(gate))))
      yield* settle
      let isOver = false
      yield* Effect.fork(Effect.map(Fiber.interrupt(waiting), () => void (isOver = true)))
      yield* settle
      const wasOver = isOver
      yield* Deferred.succeed(gate, undefined)
      assert.isTrue(wasOver)
    }))

  it.effect("is interrupted all the same, and else returns what it returns", () =>
    Effect.gen(function*() {
      const interrupted = yield* Deferred.make<void>()
      const effect = Effect.onInterrupt(Effect.never, () => Deferred.succeed(interrupted, undefined))
      const waiting = yield* Effect.fork(abandonable(effect))
      yield* settle
      yield* Fiber.interrupt(waiting)
      yield* settle
      assert.isTrue(yield* Deferred.isDone(interrupted))
      assert.strictEqual(yield* abandonable(Effect.succeed(1)), 1)
      assert.strictEqual(yield* Effect.flip(abandonable(Effect.fail(2))), 2)
    }))
})
