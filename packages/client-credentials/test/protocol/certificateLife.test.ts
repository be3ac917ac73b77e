import { assert, describe, it } from "@effect/vitest"

import { phaseOf, shownLeft } from "../../src/internal/protocol/certificateLife.js"

const hour = 3_600_000
const day = 24 * hour

describe("the end of a certificate is near", () => {
  for (
    const [name, life, left, expected] of [
      ["not 15 days before the end of a year", 365 * day, 15 * day, "valid"],
      ["14 days before the end of a year", 365 * day, 14 * day, "ending"],
      ["14 days before the end of 70 days", 70 * day, 14 * day, "ending"],
      ["not 14 days before the end of 69 days", 69 * day, 14 * day, "valid"],
      ["not after four fifths of an hour, less a millisecond", hour, hour / 5 + 1, "valid"],
      ["after four fifths of an hour", hour, hour / 5, "ending"],
      ["a millisecond before it", hour, 1, "ending"]
    ] as const
  ) {
    it(name, () => {
      const notBefore = 1_700_000_000_000
      assert.strictEqual(phaseOf({ notBefore, notAfter: notBefore + life }, notBefore + life - left), expected)
    })
  }

  it("and it is over at its expiry", () => {
    assert.strictEqual(phaseOf({ notBefore: 0, notAfter: hour }, hour), "expired")
    assert.strictEqual(phaseOf({ notBefore: 0, notAfter: hour }, 2 * hour), "expired")
  })

  it("the remaining time is shown in its largest unit, rounded down", () => {
    assert.deepStrictEqual(
      [13.9 * day, day, day - 1, 2 * hour, hour, hour - 1, 60_000, 59_999].map(shownLeft),
      ["13 days", "1 day", "23 hours", "2 hours", "1 hour", "59 minutes", "1 minute", "0 minutes"]
    )
  })
})
