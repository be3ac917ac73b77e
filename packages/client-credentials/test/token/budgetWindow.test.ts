import { assert, describe, it } from "@effect/vitest"

import { endOfOld, endsOf, keptFor, next, type Window } from "../../src/internal/token/budgetWindow.js"

const minute = 60_000
const hour = 60 * minute
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
      assert.strictEqual(endOfOld(hourOf(timeZone), at(moment)), at(begin) - minute - 1)
      assert.strictEqual(next(hourOf(timeZone), at(moment)), at(begin) + hour)
    })
  }

  it("counts a request of its last minute in the next hour too, since its token may be issued then", () => {
    const utc = hourOf("UTC")
    const noon = at("2026-03-04T12:00:00Z")
    const endOf = endsOf(utc, noon - 2 * minute)
    assert.deepStrictEqual([-2 * minute, -minute - 1, -minute, -1].map((before) => endOf(noon + before)), [
      noon,
      noon,
      noon + hour,
      noon + hour
    ])
    assert.strictEqual(endsOf(utc, noon)(noon - minute), noon + hour)
  })

  it("is kept for another hour", () => {
    assert.strictEqual(keptFor(hourOf("UTC")), 2 * hour)
  })
})

describe("a sliding window", () => {
  for (const [millis, delay] of [[24 * hour, minute], [10 * minute, minute], [minute, 6000], [9, 0]] as const) {
    it(`of ${millis} ms counts a request for ${delay} ms more, since its token may be issued later`, () => {
      const window = { _tag: "Sliding", millis } as const
      assert.strictEqual(endOfOld(window, 0), -millis - delay)
      assert.strictEqual(endsOf(window, 0)(5), 5 + millis + delay)
    })
  }
})
