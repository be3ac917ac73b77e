import { readFileSync } from "node:fs"

import { assert, describe, it } from "vitest"

import * as fleetCurve from "../src/fleetCurve.js"
import * as ledgerCost from "../src/ledgerCost.js"

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), "utf8")

describe("the cost of a fleet", () => {
  it("the stored page and pictures match the results", () => {
    const costs = JSON.parse(read("results/fleets.json")) as ReadonlyArray<fleetCurve.Cost>
    const ledger = JSON.parse(read("results/ledger.json")) as ledgerCost.Cost
    assert.strictEqual(read("FLEETS.md"), fleetCurve.page(costs, ledger))
    for (const [name, svg] of fleetCurve.pictures(costs)) assert.strictEqual(read(`results/${name}`), svg)
  })

  it("each situation costs one token, and calls fail only in an outage of the issuer", async () => {
    for (const situation of fleetCurve.situations) {
      const cost = await fleetCurve.measure(situation, 3)
      const isOutage = situation.name === "Outage of the issuer"
      assert.strictEqual(cost.tokens, isOutage ? 0 : 1, situation.name)
      assert.strictEqual(cost.failedCalls, isOutage ? 3 : 0, situation.name)
    }
  })
})

describe("the cost of a long ledger", () => {
  it("is that of decisions which are all counted", async () => {
    const { counted, empty, filled } = await ledgerCost.measure({ entries: 20, batches: 2, decisions: 3 })
    assert.strictEqual(counted, 26)
    for (const time of [empty, filled]) assert.isAtLeast(time, 0)
  })
})
