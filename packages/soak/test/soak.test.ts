/**
 * Some seconds of `npm run soak`, which takes more than an hour, and tests that it detects problems.
 */
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"

import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit } from "effect"

import { runs } from "../../client-credentials/test/support/runs.js"
import { hasPassed } from "../src/report.js"
import { grew, growth, type Sample } from "../src/samples.js"
import * as tally from "../src/tally.js"

describe("the soak", () => {
  it("finds no growing resource and no missing call, on both majors", async () => {
    const hours = runs("hours of virtual days", { quick: 2, full: 5 })
    // It fails with the output if the exit status is not 0.
    const { stderr, stdout } = await promisify(execFile)(
      process.execPath,
      ["scripts/soak.mjs", "--days", `${hours / 24}`, "--load-minutes", "0.2", "--callers", "20", "--seed", "test"],
      { cwd: fileURLToPath(new URL("../../..", import.meta.url)) }
    )
    console.log(stdout)
    assert.strictEqual(stderr, "")
    for (
      const [major, ...errors] of [[3, "RequestError", "TimeoutException"], [4, "HttpClientError", "TimeoutError"]]
    ) {
      const lines = stdout.split("\n").filter((line) => line.startsWith(`Effect ${major}: `)).join("\n")
      assert.match(lines, /calls not accounted for +0$/m)
      assert.match(lines, /connections left open +0$/m)
      for (const outcome of ["200", "503", ...errors]) assert.match(lines, new RegExp(`ended with ${outcome} +[1-9]`))
    }
  })

  const steady = (index: number): Sample => ({
    bytes: 50e6 + (index % 3) * 1e5,
    fibers: 3 + index % 2,
    sockets: 40 - index % 4,
    timers: 0
  })
  const watched = (change: (index: number) => Partial<Sample>) =>
    growth(Array.from({ length: 40 }, (_, index) => ({ ...steady(index), ...change(index) })))
      .filter(grew).map(({ resource }) => resource)

  it("accepts noise, and growth while it warms up", () => {
    assert.deepStrictEqual(watched(() => ({})), [])
    assert.deepStrictEqual(watched((index) => ({ bytes: 40e6 + Math.min(index, 10) * 1e6 })), [])
  })

  it("detects each resource that grows", () => {
    assert.deepStrictEqual(watched((index) => ({ bytes: 50e6 + index * 4e5 })), ["bytes"])
    assert.deepStrictEqual(watched((index) => ({ fibers: 3 + Math.floor(index / 4) })), ["fibers"])
    assert.deepStrictEqual(watched((index) => ({ sockets: 4 * index })), ["sockets"])
    assert.deepStrictEqual(watched((index) => ({ timers: Math.floor(index / 4) })), ["timers"])
  })

  it.effect("detects a call that is not accounted for, or only by a defect", () =>
    Effect.gen(function*() {
      const calls = tally.make()
      yield* calls.count(Effect.succeed({ status: 200 }))
      yield* calls.count(Effect.fail({ _tag: "RequestError" }))
      yield* calls.count(Effect.die("defect"))
      assert.strictEqual(tally.missing(calls), 0)
      assert.strictEqual(calls.made(), 3)
      assert.isTrue(hasPassed({ missing: 0, outcomes: { 200: 1, RequestError: 1, interrupted: 1 }, growth: [] }))
      assert.isFalse(hasPassed({ missing: 0, outcomes: Object.fromEntries(calls.outcomes), growth: [] }))
      const lost = { ...calls, outcomes: new Map([...calls.outcomes].slice(1)) }
      assert.strictEqual(tally.missing(lost), 1)
      assert.isFalse(hasPassed({ missing: tally.missing(lost), outcomes: {}, growth: [] }))
      assert.isFalse(hasPassed({ missing: 0, leftOpen: 1, outcomes: {}, growth: [] }))
      assert.isTrue(Exit.isSuccess(yield* Effect.exit(calls.count(Effect.interrupt))))
    }))
})
