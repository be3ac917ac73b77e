/** Durations of unknown values. */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Option } from "effect"

import { decode } from "../../src/internal/seam/durations.js"

describe("a duration", () => {
  it("is decoded from every form that Effect has", () => {
    for (const value of [1500, 1_500_000_000n, "1500 millis", [1, 500_000_000], Duration.seconds(1.5)]) {
      assert.deepStrictEqual(Option.map(decode(value), Duration.toMillis), Option.some(1500))
    }
  })

  it("is not decoded from other values", () => {
    for (const value of ["soon", "1500", [1], ["1", "5"], true, null, undefined]) {
      assert.deepStrictEqual(decode(value), Option.none())
    }
  })
})
