/** Fibers that belong to no caller, and effects that run with the settings of another moment. */
import { assert, describe, it } from "@effect/vitest"
import { Context, Deferred, Effect, Exit, Fiber, Scope, TestClock } from "effect"

import { type Running, withFiber } from "../../src/internal/seam/fiber.js"
import * as forks from "../../src/internal/seam/forks.js"
import { exitOf } from "../support/fibers.js"

class Setting extends Context.Reference<Setting>()("test/Setting", { defaultValue: () => "default" }) {}

/** Runs until every fiber waits. */
const settle = TestClock.adjust(0)

/** An effect that is over when the gate opens. */
const gated = Effect.gen(function*() {
  const gate = yield* Deferred.make<void>()
  const over = yield* Deferred.make<void>()
  return {
    effect: Effect.zipRight(Deferred.await(gate), Deferred.succeed(over, undefined)),
    isOver: Deferred.isDone(over),
    open: Effect.zipRight(Deferred.succeed(gate, undefined), settle)
  }
})

describe("a fiber that belongs to no caller", () => {
  it.effect("goes on when the caller has ended", () =>
    Effect.gen(function*() {
      const { effect, isOver, open } = yield* gated
      const caller = yield* Effect.fork(forks.uninterruptible(effect))
      yield* settle
      assert.isDefined(exitOf(caller))
      yield* open
      assert.isTrue(yield* isOver)
    }))

  it.effect("is waited for by its scope, which does not interrupt it", () =>
    Effect.gen(function*() {
      const { effect, isOver, open } = yield* gated
      const scope = yield* Scope.make()
      yield* forks.uninterruptible(effect, scope)
      yield* settle
      const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* settle
      assert.isUndefined(exitOf(closing))
      yield* open
      assert.isTrue(yield* isOver)
      assert.isDefined(exitOf(closing))
    }))

  it.effect("cannot be interrupted, in a scope or in none", () =>
    Effect.gen(function*() {
      for (const scope of [undefined, yield* Scope.make()]) {
        const { effect, isOver, open } = yield* gated
        const started = yield* Deferred.make<Running>()
        yield* forks.uninterruptible(
          withFiber((fiber) => Effect.zipRight(Deferred.succeed(started, fiber), effect)),
          scope
        )
        yield* Effect.fork(Fiber.interrupt(yield* Deferred.await(started)))
        yield* settle
        yield* open
        assert.isTrue(yield* isOver)
      }
    }))
})

describe("an effect that runs as another fiber was", () => {
  it.effect("has the settings of that moment", () =>
    Effect.gen(function*() {
      const as = yield* Effect.provideService(forks.asNow, Setting, "then")
      assert.strictEqual(yield* Effect.provideService(as(Setting), Setting, "now"), "then")
      assert.strictEqual(yield* as(Setting), "then")
    }))

  it.effect("is interrupted with the fiber that runs it", () =>
    Effect.gen(function*() {
      const as = yield* forks.asNow
      const gate = yield* Deferred.make<void>()
      const running = yield* Effect.fork(
        Effect.as(Effect.uninterruptible(Effect.zipRight(Deferred.await(gate), as(Effect.void))), "went on")
      )
      yield* settle
      yield* Effect.fork(Fiber.interrupt(running))
      yield* settle
      yield* Deferred.succeed(gate, undefined)
      assert.isTrue(Exit.isInterrupted(yield* Fiber.await(running)))
    }))
})
