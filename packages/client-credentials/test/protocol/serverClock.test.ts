import { assert, describe, it } from "@effect/vitest"

import { offset } from "../../src/internal/protocol/serverClock.js"

const now = Date.parse("2026-11-25T12:00:00Z")
const date = (ahead: number) => new Date(now + ahead).toUTCString()

describe("the offset of a server's clock", () => {
  for (
    const [name, headers, used, expected] of [
      ["without a date", {}, 0, undefined],
      ["with a date that is none", { date: "soon" }, 0, undefined],
      ["of the same time", { date: date(0) }, 0, undefined],
      ["just below the tolerance", { date: date(4000) }, 0, undefined],
      ["of the tolerance", { date: date(5000) }, 0, 5000],
      ["behind by a minute", { date: date(-60_000) }, 0, -60_000],
      ["known already", { date: date(60_000) }, 60_000, undefined],
      ["right again", { date: date(1000) }, 60_000, 0],
      ["of a day", { date: date(86_400_000) }, 0, 86_400_000],
      ["beyond a day", { date: date(86_401_000) }, 0, undefined],
      ["beyond a day behind", { date: date(-86_401_000) }, 0, undefined],
      ["from a cache", { date: date(-60_000), age: "90" }, 0, 30_000],
      ["from a cache with an unreadable age", { date: date(-60_000), age: "long" }, 0, -60_000]
    ] as const
  ) {
    it(name, () => assert.strictEqual(offset({ headers, now, used }), expected))
  }
})
