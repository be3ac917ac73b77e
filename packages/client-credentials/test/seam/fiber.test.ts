/** Effects that are interrupted without waiting for them, and the settings of a fiber. */
import { assert, describe, it } from "@effect/vitest"
import { Context, Deferred, Effect, Fiber, TestClock } from "effect"

import { abandonable, valueOf, withFiber } from "../../src/internal/seam/fiber.js"
import { exitOf } from "../support/fibers.js"

class Setting extends Context.Reference<Setting>()("test/FiberSetting", { defaultValue: () => "default" }) {}

/** Runs until every fiber waits. */
const settle = TestClock.adjust(0)

describe("an effect that may be abandoned", () => {
  it.effect("is not waited for when it is interrupted", () =>
    Effect.gen(function*() {
      const gate = yield* Deferred.make<void>()
      const waiting = yield* Effect.fork(abandonable(Effect.uninterruptible(Deferred.await(gate))))
      yield* settle
      const ending = yield* Effect.fork(Fiber.interrupt(waiting))
      yield* settle
      const exit = exitOf(ending)
      yield* Deferred.succeed(gate, undefined)
      assert.isDefined(exit)
    }))

  it.effect("is interrupted nevertheless, and otherwise returns its result", () =>
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

describe("a setting of a fiber", () => {
  it.effect("is the one that the caller provides, or its default", () =>
    Effect.gen(function*() {
      const value = withFiber((fiber) => Effect.succeed(valueOf(fiber, Setting)))
      assert.strictEqual(yield* value, "default")
      assert.strictEqual(yield* Effect.provideService(value, Setting, "provided"), "provided")
    }))
})
