/**
 * Writes the page about the cost of a fleet: `npm run bench:fleets`. Arguments are the sizes; default: 10 to 10,000.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

import * as fleetCurve from "./fleetCurve.js"
import type * as ledgerCost from "./ledgerCost.js"

const path = (name: string) => fileURLToPath(new URL(`../${name}`, import.meta.url))

const chosen = process.argv.slice(2).map(Number)
const sizes = chosen.length === 0 ? [10, 100, 1000, 10_000] : chosen

const costs: Array<fleetCurve.Cost> = []
for (const situation of fleetCurve.situations) {
  for (const size of sizes) {
    const cost = await fleetCurve.measure(situation, size)
    process.stderr.write(`${JSON.stringify(cost)}\n`)
    costs.push(cost)
  }
}
writeFileSync(path("results/fleets.json"), `${JSON.stringify(costs, null, 2)}\n`)
const ledger = JSON.parse(readFileSync(path("results/ledger.json"), "utf8")) as ledgerCost.Cost
writeFileSync(path("FLEETS.md"), fleetCurve.page(costs, ledger))
for (const [name, svg] of fleetCurve.pictures(costs)) writeFileSync(path(`results/${name}`), svg)
