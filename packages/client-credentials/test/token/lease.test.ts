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

  it("of another clock is in force until it ends, unless it would last ten times as long as wanted", () => {
    assert.isTrue(lease.isInForce({ owner: "one", until: 100 }, 99, 10))
    assert.isFalse(lease.isInForce({ owner: "one", until: 100 }, 100, 10))
    assert.isTrue(lease.isInForce({ owner: "one", until: 100 }, 0, 10))
    assert.isFalse(lease.isInForce({ owner: "one", until: 101 }, 0, 10))
  })

  it("does not let a token be taken over that is unusable, to be replaced, or expires before the one it renews", () => {
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

  it.prop("is waited for a quarter more or less", [fc.double({ min: 0, max: 1, noNaN: true })], ([random]) => {
    const pause = lease.pollPause(200, random)
    assert.isTrue(pause >= 150 && pause <= 250)
    assert.closeTo(lease.pollPause(200, 1 - random) + pause, 400, 1e-9)
  })
})
