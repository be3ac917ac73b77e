/** The cost of a fleet for its store: the numbers of guides/fleet-operations.md. */
import { assert, describe, it } from "@effect/vitest"
import { Fleet } from "@effect-oauth/testing"
import { Effect } from "effect"

const total = (tokensPerDay: ReadonlyArray<number>): number => tokensPerDay.reduce((sum, one) => sum + one, 0)

describe("the operations of a fleet on its store", () => {
  for (const [name, shared, more] of [["without", {}, 2], ["with", { issuanceBudget: { limit: 50 } }, 4]] as const) {
    it.live(`${name} a budget are one per process and token, and ${more} per token`, () =>
      Effect.gen(function*() {
        const instances = 20
        const { storeOperations, tokensPerDay } = yield* Fleet.simulate({ instances, days: 2, shared })
        assert.strictEqual(total(tokensPerDay), 3)
        assert.isAtMost(storeOperations, total(tokensPerDay) * (instances + more))
      }))
  }

  for (const [roundTrip, wait] of [[200, 2200], [1000, 6300], [1900, 11_000]] as const) {
    it.live(`of a cold token are 3 in turn, 4 with a budget, where each takes ${roundTrip} ms`, () =>
      Effect.gen(function*() {
        const simulated = (instances: number, more: object = { issuanceBudget: { limit: 50 } }) =>
          Fleet.simulate({
            instances,
            days: 1 / 1440,
            startWithin: "1 millis",
            requestTime: "500 millis",
            shared: { roundTrip, ...more }
          })
        const one = yield* simulated(1)
        assert.deepStrictEqual([one.storeOperations, one.longestWait], [4, 500 + 4 * roundTrip])
        const unlimited = yield* simulated(1, {})
        assert.deepStrictEqual([unlimited.storeOperations, unlimited.longestWait], [3, 500 + 3 * roundTrip])
        const many = yield* simulated(50)
        assert.strictEqual(total(many.tokensPerDay), 1)
        assert.isAtMost(many.longestWait, wait)
      }))
  }

  for (const [requestTime, operations, wait] of [["200 millis", 4, 800], ["1 second", 6, 2000]] as const) {
    it.live(`of a hundred that start together are ${operations} per process with a request of ${requestTime}`, () =>
      Effect.gen(function*() {
        const instances = 100
        const { longestWait, storeOperations, tokensPerDay } = yield* Fleet.simulate({
          instances,
          days: 1 / 1440,
          startWithin: "1 millis",
          requestTime,
          shared: true
        })
        assert.strictEqual(total(tokensPerDay), 1)
        assert.isAtMost(storeOperations, instances * operations)
        assert.isAtMost(longestWait, wait)
      }))
  }
})
