/**
 * The bytes that a call with a cached token allocates beyond a call of the bare `HttpClient`: a count, which is the
 * same on a busy machine. The code is not optimized (`--no-opt`), because V8 optimizes at times that vary. The number
 * is therefore larger than in the benchmark; the median of five rounds is stable within 100 bytes.
 */
import { assert, describe, it } from "vitest"

import { byName, ours, oursOnEffect3 } from "../src/contenders.js"
import { run } from "../src/freshProcess.js"

const allocated = async (name: string): Promise<number> => {
  const flags = ["--no-opt", "--expose-gc", "--min-semi-space-size=128", "--max-semi-space-size=128"]
  return (await run<"bytes">(flags, ["allocations", name, "200"])).bytes
}

/**
 * As measured on Node 20, which is 200 to 300 more than on Node 24. On Effect 3, a third is for the `FiberRef`s: the
 * predicate that observes a call is set and restored, each time with a copy of all of them, and each copy of the bare
 * client has two more entries. The rest, on both majors, is mostly some twenty steps of the fiber.
 */
const measured = { [ours]: 11_900, [oursOnEffect3]: 22_000 }

/**
 * Tolerance for other versions of Node or Effect. A step of a fiber costs 300 to 800 bytes, setting a `FiberRef` 3,000.
 */
const tolerance = 2000

describe("the allocations of a call with a cached token, beyond a call of the bare HttpClient, do not grow", () => {
  it.each(Object.entries(measured))("%s", async (name, bytes) => {
    const { baseline = "" } = byName(name)
    const added = await allocated(name) - await allocated(baseline)
    assert.isBelow(added, bytes + tolerance)
  })
})
