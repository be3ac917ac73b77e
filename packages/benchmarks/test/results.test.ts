import { assert, it } from "@effect/vitest"

import * as Results from "../src/results.js"

const results = (at: string, medians: ReadonlyArray<number>, node = "v20"): Results.Results => ({
  at,
  machine: { processor: "one", cores: 2, memoryGiB: 8, system: "linux", node, load: medians[0] ?? 0 },
  took: 1,
  versions: { effect: "3" },
  measures: medians.map((median, index) => ({
    name: `measure ${index}`,
    title: "title",
    method: "method",
    command: "command",
    tables: [{
      id: "table",
      title: "title",
      unit: "ms",
      better: "lower",
      rows: [{ contender: "a", median, low: median, high: median }, { contender: "b", absent: "reason" }]
    }]
  }))
})

const kept = results("yesterday", [100, 200])

it("a run whose numbers changed only by chance changes nothing", () => {
  assert.strictEqual(Results.settle(kept, results("today", [109, 181])), kept)
})

it("a measure that changed is replaced, and the others are kept", () => {
  const fresh = results("today", [109, 230])
  const settled = Results.settle(kept, fresh)
  assert.deepStrictEqual(settled, { ...fresh, measures: [...kept.measures.slice(0, 1), ...fresh.measures.slice(1)] })
})

it("an exact number is replaced by any other, and kept if it is the same", () => {
  const exact = (median: number): Results.Results => {
    const [first, ...others] = results("today", [median, 200]).measures
    const measures = [first, ...others].flatMap((one) =>
      one === undefined ? [] : [{ ...one, tables: one.tables.map((table) => ({ ...table, isExact: true as const })) }]
    )
    return { ...results("today", [median, 200]), measures }
  }
  const before = exact(100)
  assert.strictEqual(Results.settle(before, exact(100)), before)
  const fresh = exact(99)
  assert.deepStrictEqual(Results.settle(before, fresh).measures[0], fresh.measures[0])
})

it("another runtime replaces all numbers", () => {
  const fresh = results("today", [100, 200], "v22")
  assert.strictEqual(Results.settle(kept, fresh), fresh)
})
