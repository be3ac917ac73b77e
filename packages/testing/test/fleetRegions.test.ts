/**
 * Two regions, each with a separate store and a share of the budget (guides/fleet-topologies.md). They exchange no
 * data, so each is a separate fleet, and the limit of the issuer holds when one of them is cut off.
 */
import { assert, describe, it } from "@effect/vitest"
import { Fleet } from "@effect-oauth/testing"
import { Effect } from "effect"

/** The limit of the issuer in any 24 hours, and the shares of the regions. */
const limit = 10
const shares = [6, 4] as const

/** A plan of a region that needs more tokens than its share: they live an hour. */
const region = (share: number, faults: Parameters<typeof Fleet.simulate>[0]["faults"]) =>
  Fleet.simulate({
    instances: 5,
    days: 1,
    tokenLife: "1 hour",
    shared: { issuanceBudget: { limit: share } },
    faults
  })

describe("two regions with a share of the budget each", () => {
  it.live("never exceed the limit when one of them is cut off", () =>
    Effect.gen(function*() {
      assert.isAtMost(shares[0] + shares[1], limit)
      const well = yield* region(shares[0], [])
      const cutOff = yield* region(shares[1], [
        { from: "90 minutes", to: "3 hours", issuer: "unreachable" },
        { from: "150 minutes", to: "4 hours", store: "unreachable" }
      ])
      const [inOne = 0, inOther = 0] = [well.tokensPerDay[0], cutOff.tokensPerDay[0]]
      // Neither uses the rest of the other one, and the region without faults is not affected.
      assert.strictEqual(inOne, shares[0])
      assert.isAtMost(inOther, shares[1])
      assert.isAtLeast(inOther, 1)
      assert.isAtMost(inOne + inOther, limit)
    }))
})
