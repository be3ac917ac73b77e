import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"

import { maxSkew } from "../../src/internal/token/instant.js"
import { estimate } from "../../src/internal/token/storeTime.js"

const span = fc.integer({ min: 0, max: 1e9 })

describe("the time of the store", () => {
  const last = { now: 5_000_000, at: { wall: 1_000_000, steady: 300 } }

  it("is that of the wall clock before the first response", () => {
    assert.deepStrictEqual(estimate(undefined, { wall: 7.5, steady: 1 }), { now: 7, isCertain: true })
  })

  it("is that of the last response and the time since", () => {
    fc.assert(fc.property(span, (since) => {
      const now = { wall: 1_000_000 + since, steady: 300 + since }
      assert.deepStrictEqual(estimate(last, now), { now: 5_000_000 + since, isCertain: true })
    }))
  })

  it("is uncertain, and not later than it is, after a clock was set or stopped", () => {
    fc.assert(fc.property(span, fc.integer({ min: -1e12, max: 1e12 }), (since, set) => {
      const { isCertain, now } = estimate(last, { wall: 1_000_000 + since + set, steady: 300 + since })
      assert.strictEqual(isCertain, Math.abs(set) <= maxSkew)
      assert.isAtMost(now, 5_000_000 + since)
      assert.isAtLeast(now, 5_000_000)
    }))
    for (
      const [set, isCertain] of [[maxSkew, true], [-maxSkew, true], [maxSkew + 1, false], [
        -maxSkew - 1,
        false
      ]] as const
    ) {
      assert.strictEqual(estimate(last, { wall: 1_000_000 + set, steady: 300 }).isCertain, isCertain)
    }
    // The steady clock stopped while the machine slept.
    const asleep = estimate(last, { wall: 1_000_000 + 8 * 3_600_000, steady: 400 })
    assert.deepStrictEqual(asleep, { now: 5_000_100, isCertain: false })
  })
})
