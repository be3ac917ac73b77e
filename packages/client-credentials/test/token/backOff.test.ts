import { assert, describe, it } from "@effect/vitest"

import { defaults, pauseOf } from "../../src/internal/token/backOff.js"

describe("the pause after a failed request", () => {
  for (
    const [name, planned, retryAfter, expected] of [
      ["as planned", 500, undefined, 500],
      ["as scheduled, when the server requires less", 500, 200, 500],
      ["as the server requires", 500, 2000, 2000],
      ["up to the limit", 500, 9000, 3000],
      ["as scheduled, when that is longer than the limit", 4000, 9000, 4000]
    ] as const
  ) {
    it(`is ${name}`, () => {
      assert.strictEqual(pauseOf({ planned, retryAfter, maxRetryAfter: 3000 }), expected)
    })
  }

  it("has the documented defaults", () => {
    assert.deepStrictEqual(defaults, { first: 500, factor: 2, longest: 60_000 })
  })
})
