import { assert, describe, it } from "@effect/vitest"

import { after, reached, remaining } from "../../src/internal/token/instant.js"

describe("an instant", () => {
  it("is the same time later on both clocks", () => {
    assert.deepStrictEqual(after({ wall: 1000, steady: 5 }, 250), { wall: 1250, steady: 255 })
  })

  for (
    const [name, now, expected] of [
      ["before both", { wall: 99, steady: 9 }, [false, 1]],
      ["at the wall clock's time", { wall: 100, steady: 9 }, [true, 0]],
      ["at the steady clock's time", { wall: 99, steady: 10 }, [true, 0]],
      ["after a wall clock that was set back", { wall: -1000, steady: 11 }, [true, 0]],
      ["after the machine slept", { wall: 5000, steady: 0 }, [true, 0]],
      ["by the clock on which less time is left", { wall: 40, steady: 3 }, [false, 7]]
    ] as const
  ) {
    it(`has passed or not: ${name}`, () => {
      const at = { wall: 100, steady: 10 }
      assert.deepStrictEqual([reached(at, now), remaining(at, now)], [...expected])
    })
  }
})
