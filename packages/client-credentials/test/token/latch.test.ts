import { assert, describe, it } from "@effect/vitest"

import * as latch from "../../src/internal/token/latch.js"

const rejection = { isConfirmed: false, atLeast: 0, pauseAfter: (replaced: number) => 100 * replaced }

describe("the latch of a fleet", () => {
  it("closes after each replacement for a growing pause", () => {
    const first = latch.afterReplacement(undefined, rejection, { life: 1000, now: 5000 })
    assert.deepStrictEqual(first, { replaced: 1, from: 5000, until: 5100, countsUntil: 5600 })
    const second = latch.afterReplacement(first, rejection, { life: 1000, now: 5100 })
    assert.deepStrictEqual(second, { replaced: 2, from: 5100, until: 5300, countsUntil: 5800 })
  })

  it("starts again after a token that was used for half of its lifetime after the pause, or that the API accepted", () => {
    const third = { replaced: 3, from: 1000, until: 1300, countsUntil: 1600 }
    const at = (now: number) => ({ life: 1000, now })
    assert.strictEqual(latch.afterReplacement(third, rejection, at(1599)).replaced, 4)
    assert.strictEqual(latch.afterReplacement(third, rejection, at(1600)).replaced, 1)
    assert.strictEqual(latch.afterReplacement(third, { ...rejection, isConfirmed: true }, at(1300)).replaced, 1)
    assert.deepStrictEqual(latch.counting(third, 1599), third)
    assert.isUndefined(latch.counting(third, 1600))
    assert.isUndefined(latch.counting(undefined, 0))
    const later = { replaced: 1, from: 1e12, until: 1e12 + 100, countsUntil: 1e12 + 200 }
    assert.deepStrictEqual(latch.counting(later, 1e12), later)
  })

  it("starts with a longer pause after early rejections", () => {
    const early = { ...rejection, atLeast: 2 }
    const expected = { replaced: 3, from: 0, until: 300, countsUntil: 350 }
    assert.deepStrictEqual(latch.afterReplacement(undefined, early, { life: 100, now: 0 }), expected)
  })

  it("is in force until its pause has passed, unless the API had accepted the token", () => {
    const closed = { replaced: 1, from: 0, until: 100, countsUntil: 200 }
    assert.isTrue(latch.isInForce(closed, rejection, 99))
    assert.isFalse(latch.isInForce(closed, rejection, 100))
    assert.isFalse(latch.isInForce(closed, { ...rejection, isConfirmed: true }, 99))
    assert.isFalse(latch.isInForce(undefined, rejection, 0))
  })

  it("is ignored if a clock more than a minute ahead set it", () => {
    const ahead = { replaced: 4, from: 60_000, until: 90_000, countsUntil: 100_000 }
    assert.isTrue(latch.isInForce(ahead, rejection, 0))
    assert.isFalse(latch.isInForce({ ...ahead, from: 60_001 }, rejection, 0))
    assert.isUndefined(latch.counting({ ...ahead, from: 60_001 }, 0))
    assert.strictEqual(latch.afterReplacement({ ...ahead, from: 60_001 }, rejection, { life: 1, now: 0 }).replaced, 1)
  })
})
