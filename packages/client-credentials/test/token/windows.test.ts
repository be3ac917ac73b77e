import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"

import * as module from "../../src/internal/token/windows.js"
import { rules, token } from "./support.js"

const windows = (life: number, jitter = 0) => module.windows(rules, token(1, 0, life), { wall: 0, steady: 500 }, jitter)

describe("the windows of a token's lifetime", () => {
  it("are by default a fifth of it or five minutes, and a tenth or ten seconds", () => {
    assert.deepStrictEqual(module.defaultWindowRules, {
      refreshBefore: 300_000,
      refreshFraction: 0.2,
      expiryBuffer: 10_000,
      expiryBufferFraction: 0.1
    })
  })

  it("are limited for long lifetimes and fractions of short ones", () => {
    for (
      const [life, refreshFrom, usableUntil] of [
        [86_400_000, 86_400_000 - 300_000, 86_400_000 - 10_000],
        [3_600_000, 3_600_000 - 300_000, 3_600_000 - 10_000],
        [45_000, 36_000, 40_500],
        [0, 0, 0]
      ] as const
    ) {
      const { refreshFrom: renew, usableUntil: stop } = windows(life)
      assert.deepStrictEqual([renew.wall, stop.wall], [refreshFrom, usableUntil])
      assert.deepStrictEqual([renew.steady, stop.steady], [refreshFrom + 500, usableUntil + 500])
    }
  })

  it.prop(
    "end where the rule for tokens from a store ends, for all settings",
    [
      fc.integer({ min: 0, max: 2_592_000_000 }),
      fc.integer({ min: 0, max: 2_592_000_000 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true })
    ],
    ([life, expiryBuffer, expiryBufferFraction, at]) => {
      const set = { ...rules, expiryBuffer, expiryBufferFraction }
      const one = token(1, 0, life)
      const { usableUntil } = module.windows(set, one, { wall: 0, steady: 0 }, 0)
      for (const now of [at * life, usableUntil.wall, usableUntil.wall - 1]) {
        assert.strictEqual(now < module.usableUntil(set)(one), now < usableUntil.wall)
      }
    }
  )

  it.prop(
    "follow each other, for every lifetime and jitter",
    [fc.integer({ min: 0, max: 2_592_000_000 }), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })],
    ([life, jitter]) => {
      const { expires, refreshFrom, usableUntil } = windows(life, jitter)
      assert.isAtMost(refreshFrom.wall, usableUntil.wall)
      assert.isAtMost(usableUntil.wall, expires.wall)
      // A refresh has at least half of the window before a caller has to wait for it.
      const { refreshFrom: earliest } = windows(life, 0)
      assert.isAtLeast(usableUntil.wall - refreshFrom.wall, (usableUntil.wall - earliest.wall) / 2 - 1e-6)
    }
  )

  it("move with the jitter, up to the middle of the refresh window", () => {
    for (const [jitter, refreshFrom] of [[0, 80_000], [0.5, 82_500], [1, 85_000]] as const) {
      assert.strictEqual(windows(100_000, jitter).refreshFrom.wall, refreshFrom)
    }
  })

  it("start at the time of the request in the process that sent it", () => {
    const { expires, life } = module.windows(rules, token(1, 1000, 50_000), { wall: 11_000, steady: 500 }, 0)
    assert.deepStrictEqual([life, expires], [50_000, { wall: 51_000, steady: 40_500 }])
    // The clock of the other process is ahead.
    const ahead = module.windows(rules, token(1, 12_000, 50_000), { wall: 11_000, steady: 500 }, 0)
    assert.deepStrictEqual(ahead.expires, { wall: 62_000, steady: 50_500 })
  })

  it("have no length for a token that has expired when it is requested", () => {
    assert.strictEqual(windows(-5).life, 0)
  })

  it("have a documented default for tokens from a store", () => {
    assert.deepStrictEqual(module.defaultExpiryBuffer, { expiryBuffer: 10_000, expiryBufferFraction: 0.1 })
    const usableUntil = module.usableUntil(module.defaultExpiryBuffer)
    assert.deepStrictEqual([100_000, 10].map((life) => usableUntil(token(1, 0, life))), [90_000, 9])
  })
})
