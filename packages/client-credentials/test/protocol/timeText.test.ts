import { assert, it } from "@effect/vitest"

import * as timeText from "../../src/internal/protocol/timeText.js"

it("shows a moment, and no error for a number that is none", () => {
  assert.strictEqual(timeText.show(0), "1970-01-01T00:00:00.000Z")
  assert.strictEqual(timeText.show(8.64e15), "+275760-09-13T00:00:00.000Z")
  for (const none of [8.64e15 + 1, -8.64e15 - 1, NaN, Infinity]) {
    assert.strictEqual(timeText.show(none), "an unknown time")
  }
})
