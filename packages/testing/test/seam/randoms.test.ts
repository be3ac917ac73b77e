/** Sources of random numbers that depend on their seed only. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Random } from "effect"

import * as randoms from "../../src/internal/seam/randoms.js"

describe("a source of random numbers", () => {
  it.effect("returns the same numbers for the same seed, and other ones for another", () =>
    Effect.gen(function*() {
      const numbers = (seed: string) =>
        Effect.withRandom(Effect.all([Random.next, Random.next, Random.next]), randoms.make(seed))
      const first = yield* numbers("fleet 1")
      assert.deepStrictEqual(yield* numbers("fleet 1"), first)
      assert.lengthOf(new Set([...first, ...yield* numbers("fleet 2")]), 6)
    }))
})
