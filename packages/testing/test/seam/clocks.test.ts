/** Clocks made of functions. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect } from "effect"

import * as moments from "../../../client-credentials/src/internal/seam/moments.js"
import * as clocks from "../../src/internal/seam/clocks.js"

describe("a clock made of functions", () => {
  it.effect("has the time of day and the time that has passed, and sleeps as it should", () =>
    Effect.gen(function*() {
      const slept: Array<number> = []
      const clock = clocks.make({
        wallMillis: () => 1000,
        steadyNanos: () => 7_000_000n,
        sleep: (duration) => Effect.sync(() => void slept.push(Duration.toMillis(duration)))
      })
      assert.deepStrictEqual(moments.unsafeNow(clock), { wall: 1000, steady: 7 })
      const program = Effect.zipRight(Effect.sleep("3 seconds"), Effect.all([moments.now, Clock.currentTimeMillis]))
      assert.deepStrictEqual(yield* Effect.withClock(program, clock), [{ wall: 1000, steady: 7 }, 1000])
      assert.deepStrictEqual(slept, [3000])
    }))
})
