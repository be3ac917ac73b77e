import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"

import * as lease from "../../src/internal/token/lease.js"

describe("a lease", () => {
  it("is free without an owner, for its owner, and when it has ended", () => {
    const taken = { owner: "one", until: 100 }
    assert.isTrue(lease.isFree(undefined, "two", 0))
    assert.isTrue(lease.isFree(taken, "one", 0))
    assert.isFalse(lease.isFree(taken, "two", 99))
    assert.isTrue(lease.isFree(taken, "two", 100))
  })

  it("of another clock lasts until its end, unless it would last ten times its duration", () => {
    assert.strictEqual(lease.leftOf({ life: 10, until: 100 }, 99), 1)
    assert.strictEqual(lease.leftOf({ life: 10, until: 100 }, 100), 0)
    assert.strictEqual(lease.leftOf({ life: 10, until: 100 }, 101), 0)
    assert.strictEqual(lease.leftOf({ life: 10, until: 100 }, 0), 100)
    assert.strictEqual(lease.leftOf({ life: 10, until: 101 }, 0), 0)
  })

  it("does not let a process load a token that is unusable, to be replaced, or expires before the one that it refreshes", () => {
    const candidate = { isUsable: true, expiresAt: 100, replaces: undefined, isRenewal: false }
    assert.isTrue(lease.isTakenOver(candidate))
    assert.isFalse(lease.isTakenOver({ ...candidate, isUsable: false }))
    for (const isRenewal of [true, false]) {
      assert.isFalse(lease.isTakenOver({ ...candidate, isRenewal, replaces: { isSame: true, expiresAt: 50 } }))
      assert.isTrue(lease.isTakenOver({ ...candidate, isRenewal, replaces: { isSame: false, expiresAt: 99 } }))
      const replaces = { isSame: false, expiresAt: 100 }
      assert.strictEqual(lease.isTakenOver({ ...candidate, isRenewal, replaces }), !isRenewal)
    }
  })

  it.prop(
    "is polled after a pause that varies by a quarter",
    [fc.double({ min: 0, max: 1, noNaN: true })],
    ([random]) => {
      const pause = lease.pollPause(200, 0, random)
      assert.isTrue(pause >= 150 && pause <= 250)
      assert.closeTo(lease.pollPause(200, 0, 1 - random) + pause, 400, 1e-9)
    }
  )

  it("is polled half as often each time, at least every two seconds unless that is too often", () => {
    const pauses = [0, 1, 2, 5, 6, 100].map((looks) => lease.pollPause(200, looks, 0.5))
    assert.deepStrictEqual(pauses, [200, 300, 450, 1518.75, 2000, 2000])
    assert.strictEqual(lease.pollPause(60_000, 3, 0.5), 60_000)
  })
})
