import { assert, it } from "@effect/vitest"

import { textOf } from "../../src/internal/protocol/logText.js"

it("a log line consists of the parts of its message, separated by spaces", () => {
  for (
    const [message, expected] of [
      ["one part", "one part"],
      [["a", "b c", 7, undefined, null, true], "a b c 7 undefined null true"],
      [[], ""],
      [undefined, "undefined"],
      [new Error("failed"), "Error: failed"],
      [{ toString: () => "its own text" }, "its own text"]
    ] as const
  ) {
    assert.strictEqual(textOf(message), expected)
  }
})
