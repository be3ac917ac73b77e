import { assert, describe, it } from "@effect/vitest"

import { limit, next, none, pauseAt, pauseIndex } from "../../src/internal/token/earlyRejections.js"

const hour = 3_600_000
const day = 24 * hour

describe("rejections of tokens that worked", () => {
  for (
    const [name, age, life, expected] of [
      ["soon", 1000, day, { count: 3, soon: 2 }],
      ["just within an hour", hour - 1, day, { count: 3, soon: 2 }],
      ["after an hour, in the first half of the lifetime", hour, day, { count: 3, soon: 0 }],
      ["just in the first half", day / 2 - 1, day, { count: 3, soon: 0 }],
      ["at half of the lifetime", day / 2, day, none],
      ["near the end", day - 1, day, none],
      ["with more left than clocks differ by", 1000, 11_001, { count: 3, soon: 2 }],
      ["with no more left than clocks differ by", 1000, 11_000, none]
    ] as const
  ) {
    it(`count in a row: ${name}`, () => {
      assert.deepStrictEqual(next({ count: 2, soon: 1 }, { age, life }), expected)
    })
  }

  it("cause a pause from the third one on, each time the next pause", () => {
    assert.strictEqual(limit, 3)
    assert.deepStrictEqual(none, { count: 0, soon: 0 })
    assert.deepStrictEqual([0, 2, 3, 4].map((soon) => pauseIndex({ count: 9, soon })), [undefined, undefined, 0, 1])
  })

  it("repeat the last pause", () => {
    assert.deepStrictEqual([0, 1, 2, 7].map((index) => pauseAt([10, 20, 30], index)), [10, 20, 30, 30])
    assert.strictEqual(pauseAt([10], 3), 10)
  })
})
