/**
 * The bytes that a call with a cached token allocates beyond a call of the bare `HttpClient`: a count, which is the
 * same on a busy machine. The code is not optimized (`--no-opt`), because V8 optimizes at times that vary. The number
 * is therefore larger than in the benchmark; the median of five rounds is stable within 100 bytes.
 */
import { assert, describe, it } from "vitest"

import { byName, ours, oursOnEffect3 } from "../src/contenders.js"
import { run } from "../src/freshProcess.js"

const allocated = async (name: string, trace: ReadonlyArray<string>): Promise<number> => {
  const flags = ["--no-opt", "--expose-gc", "--min-semi-space-size=128", "--max-semi-space-size=128"]
  return (await run<"bytes">(flags, ["allocations", name, "200", ...trace])).bytes
}

/**
 * As measured on Node 20. Outside of a trace, a call allocates less than one of the bare client, which creates a span
 * that no program collects. In a trace both create it; the rest is mostly some fifteen steps of the fiber and, on Effect
 * 3, three more `FiberRef`s in each of the copies that the bare client makes of them.
 */
const measured = [
  { name: ours, trace: [], bytes: -2700 },
  { name: ours, trace: ["traced"], bytes: 10_800 },
  { name: oursOnEffect3, trace: [], bytes: -17_700 },
  { name: oursOnEffect3, trace: ["traced"], bytes: 18_900 }
]

/**
 * Tolerance for other versions of Node or Effect. A step of a fiber costs 300 to 800 bytes, a span 10,000 or more, and
 * on Effect 3 a `FiberRef` that is set and restored 6,000.
 */
const tolerance = 1500

describe("the allocations of a call with a cached token, beyond a call of the bare HttpClient, do not grow", () => {
  it.each(measured)("$name $trace", async ({ bytes, name, trace }) => {
    const { baseline = "" } = byName(name)
    const added = await allocated(name, trace) - await allocated(baseline, trace)
    assert.isBelow(added, bytes + tolerance)
  })
})
