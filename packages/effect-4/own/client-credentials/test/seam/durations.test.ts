/** Durations of unknown values: objects of units, which are durations in Effect 4 only. */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Option } from "effect"

import * as durations from "../../src/internal/seam/durations.js"

const units = {
  weeks: Duration.weeks,
  days: Duration.days,
  hours: Duration.hours,
  minutes: Duration.minutes,
  seconds: Duration.seconds,
  milliseconds: Duration.millis,
  microseconds: (count: number) => Duration.micros(BigInt(count)),
  nanoseconds: (count: number) => Duration.nanos(BigInt(count))
}

describe("an object of units", () => {
  it("is a duration by each unit that Effect has", () => {
    for (const [name, make] of Object.entries(units)) {
      assert.deepStrictEqual(durations.decode({ [name]: 3 }), Option.some(make(3)), name)
    }
  })

  it("is none without a unit, or with one that is misspelled", () => {
    for (const value of [{}, { second: 3 }, { seconds: 3, minute: 1 }]) {
      assert.deepStrictEqual(durations.decode(value), Option.none())
    }
  })
})
