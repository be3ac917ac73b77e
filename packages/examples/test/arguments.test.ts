import { assert, describe, it } from "@effect/vitest"
import { Duration, Either } from "effect"

import * as Arguments from "../src/inventory/arguments.js"
import * as Report from "../src/inventory/report.js"

describe("the arguments of npm start", () => {
  for (
    const [args, environment, expected] of [
      [[], {}, { _tag: "Demonstrate", calls: 1000, concurrency: 100 }],
      [[], { CALLS: "" }, { _tag: "Demonstrate", calls: 1000, concurrency: 100 }],
      [[], { CALLS: "17" }, { _tag: "Demonstrate", calls: 17, concurrency: 100 }],
      [["--calls", "10", "--concurrency=2"], { CALLS: "17" }, { _tag: "Demonstrate", calls: 10, concurrency: 2 }],
      [["GET", "/items"], {}, { _tag: "Call", method: "GET", url: "/items" }],
      [["delete", "/items/1"], {}, { _tag: "Call", method: "DELETE", url: "/items/1" }],
      [["-h"], {}, { _tag: "Help" }]
    ] as const
  ) {
    it(`parse ${JSON.stringify(args)} ${JSON.stringify(environment)}`, () =>
      assert.deepStrictEqual(Either.getOrThrow(Arguments.parse(args, environment)), expected))
  }

  for (const args of [["--calls", "0"], ["--calls", "-1"], ["--calls", "1.5"], ["--calls", "many"], ["--calls"]]) {
    it(`reject ${JSON.stringify(args)}`, () =>
      assert.include(Either.getOrThrow(Either.flip(Arguments.parse(args, {}))), "--calls"))
  }

  for (const args of [["FETCH", "/items"], ["GET"], ["GET", "/items", "/more"], ["--cals", "1"]]) {
    it(`show the usage for ${JSON.stringify(args)}`, () =>
      assert.include(Either.getOrThrow(Either.flip(Arguments.parse(args, {}))), Arguments.usage))
  }
})

it("the report is a table with columns as wide as their widest cell", () => {
  assert.strictEqual(
    Report.table([
      { name: "one", calls: 10_000, tokens: 1, replays: 0, time: Duration.millis(2500) },
      { name: "the other", calls: 1, tokens: 2, replays: 1, time: Duration.zero }
    ]),
    [
      "┌───────────┬────────┬───────────────┬─────────┬────────┬─────────┐",
      "│           │  calls │ tokens so far │ replays │   time │ calls/s │",
      "├───────────┼────────┼───────────────┼─────────┼────────┼─────────┤",
      "│ one       │ 10,000 │             1 │       0 │ 2.50 s │   4,000 │",
      "│ the other │      1 │             2 │       1 │ 0.00 s │   1,000 │",
      "└───────────┴────────┴───────────────┴─────────┴────────┴─────────┘"
    ].join("\n")
  )
})
