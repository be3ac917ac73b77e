/**
 * Measures the cost of a long ledger, and writes it into the page about fleets: `npm run bench:ledger`.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

import * as fleetCurve from "./fleetCurve.js"
import * as ledgerCost from "./ledgerCost.js"

const path = (name: string) => fileURLToPath(new URL(`../${name}`, import.meta.url))

const { empty, entries, filled } = await ledgerCost.measure(ledgerCost.size)
const cost: ledgerCost.Cost = { entries, empty, filled }
process.stdout.write(`${JSON.stringify({ ...cost, ratio: filled / empty })}\n`)
writeFileSync(path("results/ledger.json"), `${JSON.stringify(cost, null, 2)}\n`)
const costs = JSON.parse(readFileSync(path("results/fleets.json"), "utf8")) as ReadonlyArray<fleetCurve.Cost>
writeFileSync(path("FLEETS.md"), fleetCurve.page(costs, cost))
