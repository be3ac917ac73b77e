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

it("another runtime replaces all numbers", () => {
  const fresh = results("today", [100, 200], "v22")
  assert.strictEqual(Results.settle(kept, fresh), fresh)
})
