import { assert, describe, it } from "@effect/vitest"

import { endOfOld, keptFor, next, type Window } from "../../src/internal/token/budgetWindow.js"

const hour = 3_600_000
const at = (text: string) => Date.parse(text)
const hourOf = (timeZone: string): Extract<Window, { _tag: "Calendar" }> => ({
  _tag: "Calendar",
  unit: "hour",
  timeZone
})

describe("a calendar hour", () => {
  for (
    const [name, timeZone, moment, begin] of [
      ["begins with a full hour of UTC", "UTC", "2026-03-04T10:59:59.999Z", "2026-03-04T10:00:00Z"],
      ["has just begun", "UTC", "2026-03-04T10:00:00Z", "2026-03-04T10:00:00Z"],
      ["begins at midnight", "UTC", "2026-03-04T00:10:00Z", "2026-03-04T00:00:00Z"],
      [
        "begins with a full hour of a zone at half an hour",
        "Asia/Kolkata",
        "2026-03-04T10:10:00Z",
        "2026-03-04T09:30:00Z"
      ],
      [
        "comes twice when clocks are set back: the first",
        "Europe/Berlin",
        "2026-10-25T00:20:00Z",
        "2026-10-25T00:00:00Z"
      ],
      [
        "comes twice when clocks are set back: the second",
        "Europe/Berlin",
        "2026-10-25T01:20:00Z",
        "2026-10-25T01:00:00Z"
      ]
    ] as const
  ) {
    it(name, () => {
      assert.strictEqual(endOfOld(hourOf(timeZone), at(moment)), at(begin) - 1)
      assert.strictEqual(next(hourOf(timeZone), at(moment)), at(begin) + hour)
    })
  }

  it("is kept for another hour", () => {
    assert.strictEqual(keptFor(hourOf("UTC")), 2 * hour)
  })
})
