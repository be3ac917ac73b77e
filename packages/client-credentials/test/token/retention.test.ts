import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"

import * as retention from "../../src/internal/token/retention.js"

const some = fc.array(
  fc.record({ length: fc.integer({ min: 1, max: 9 }), until: fc.integer({ min: 0, max: 40 }) }),
  { maxLength: 12 }
)

describe("the time for which a ledger keeps requests", () => {
  it("is the longest that a process stated within its length, at each later moment", () => {
    fc.assert(fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 30 })), { maxLength: 20 }),
      fc.integer({ min: 1, max: 9 }),
      (writes, own) => {
        const ordered = [...writes].sort(([, one], [, other]) => one - other)
        const all = ordered.reduce<ReadonlyArray<retention.Retention>>(
          (before, [length, at]) => retention.stated(before, length, at),
          []
        )
        for (let now = ordered.at(-1)?.[1] ?? 0; now < 45; now += 1) {
          const lengths = ordered.filter(([length, at]) => at + length > now).map(([length]) => length)
          assert.strictEqual(retention.longest(all, own, now), Math.max(own, ...lengths))
        }
      }
    ))
  })

  it("needs one entry for each length at most", () => {
    fc.assert(fc.property(some, (all) => {
      const short = retention.compacted(all)
      for (let now = 0; now < 45; now += 1) {
        assert.strictEqual(retention.longest(short, 0, now), retention.longest(all, 0, now))
      }
      const lengths = short.map(({ length }) => length)
      assert.deepStrictEqual(lengths, [...new Set(lengths)])
      assert.deepStrictEqual(retention.compacted(short), short)
    }))
  })

  it("is not stated where a shorter one is, or where only one of several is long enough for long enough", () => {
    const all = [{ length: 9, until: 20 }, { length: 4, until: 40 }]
    assert.isTrue(retention.isStated(all, 9, 10))
    assert.isTrue(retention.isStated(all, 4, 20))
    assert.isFalse(retention.isStated(all, 9, 16))
    assert.isFalse(retention.isStated(all, 10, 0))
    assert.isFalse(retention.isStated([], 1, 0))
  })

  it("has ended at its end", () => {
    assert.deepStrictEqual([19, 20].map((now) => retention.longest([{ length: 9, until: 20 }], 4, now)), [9, 4])
    assert.deepStrictEqual(retention.stated([{ length: 9, until: 20 }], 4, 19), [
      { length: 9, until: 20 },
      { length: 4, until: 23 }
    ])
    assert.deepStrictEqual(retention.stated([{ length: 9, until: 20 }], 4, 20), [{ length: 4, until: 24 }])
    assert.deepStrictEqual(retention.stated([{ length: 9, until: 10 }], 4, 20), [{ length: 4, until: 24 }])
  })

  it("ends as long after the next write as it is, when the clock of the store was set back", () => {
    assert.deepStrictEqual(retention.stated([{ length: 9, until: 500 }], 2, 100), [{ length: 9, until: 109 }])
  })

  it("is stated again after half of it", () => {
    const all = retention.stated([], 10, 100)
    assert.deepStrictEqual([105, 106].map((now) => retention.isStated(all, 10, now)), [true, false])
    assert.deepStrictEqual([4, 11].map((length) => retention.isStated(all, length, 100)), [true, false])
  })
})
