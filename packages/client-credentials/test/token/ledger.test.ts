import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"

import * as budgets from "../../src/internal/token/ledger.js"

const hour = 3_600_000
const day = 24 * hour

describe("a ledger", () => {
  const window = fc.oneof(
    fc.record<budgets.Window>({ _tag: fc.constant("Sliding" as const), millis: fc.integer({ min: 1, max: 2 * day }) }),
    fc.record<budgets.Window>({
      _tag: fc.constant("Day" as const),
      timeZone: fc.constantFrom("UTC", "Europe/Amsterdam", "America/Sao_Paulo", "Asia/Kolkata", "Pacific/Apia")
    })
  )

  it.prop(
    "is never exceeded, and has room when it says so",
    [
      window,
      fc.integer({ min: 1, max: 5 }),
      fc.array(fc.tuple(fc.integer({ min: 0, max: day / 2 }), fc.boolean()), { maxLength: 30 })
    ],
    ([window, limit, requests]) => {
      const budget = { limit, window, reserveFraction: 1 / 3 }
      let ledger = budgets.empty
      const granted: Array<number> = []
      let now = Date.UTC(2026, 9, 24)
      for (const [wait, isRenewal] of requests) {
        now += wait
        const verdict = budgets.spend(budget, ledger, now, isRenewal, "")
        if (verdict._tag === "Granted") {
          ledger = verdict.ledger
          granted.push(now)
          continue
        }
        assert.isAbove(verdict.resetsAt, now)
        assert.strictEqual(budgets.spend(budget, ledger, verdict.resetsAt, isRenewal, "")._tag, "Granted")
        assert.strictEqual(budgets.spend(budget, ledger, verdict.resetsAt - 1, isRenewal, "")._tag, "Exhausted")
        if (verdict.reserved) assert.strictEqual(budgets.spend(budget, ledger, now, false, "")._tag, "Granted")
      }
      const inOne = (at: number, other: number) =>
        window._tag === "Sliding"
          ? other <= at && other > at - window.millis
          : new Date(at).toLocaleDateString("en", { timeZone: window.timeZone }) ===
            new Date(other).toLocaleDateString("en", { timeZone: window.timeZone })
      for (const at of granted) assert.isAtMost(granted.filter((other) => inOne(at, other)).length, limit)
    }
  )

  it.prop(
    "is tightened by what the issuer says, until that ends",
    [
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 0, max: 50 }),
      fc.integer({ min: 1, max: day }),
      fc.double({ min: 0, max: 0.9, noNaN: true })
    ],
    ([limit, remaining, life, reserveFraction]) => {
      const budget = { limit: 1000, window: { _tag: "Sliding" as const, millis: day }, reserveFraction }
      const quota = {
        name: "b",
        counts: "client" as const,
        limit: Math.max(limit, remaining),
        remaining,
        resetsAt: life
      }
      const granted = (isRenewal: boolean) => {
        let ledger = budgets.withQuotas(budgets.empty, [quota], 0, "")
        for (let count = 0; count < 200; count += 1) {
          const verdict = budgets.spend(budget, ledger, 1 - 1 / (count + 2), isRenewal, "")
          if (verdict._tag === "Exhausted") {
            assert.deepStrictEqual([verdict.by, verdict.limit, verdict.resetsAt], ["issuer", quota.limit, life])
            assert.strictEqual(budgets.spend(budget, ledger, life, isRenewal, "")._tag, "Granted")
            return count
          }
          ledger = verdict.ledger
        }
        return Infinity
      }
      assert.strictEqual(granted(false), remaining)
      assert.strictEqual(granted(true), Math.max(0, remaining - Math.floor(quota.limit * reserveFraction)))
    }
  )

  it.prop(
    "is not forgotten by one whose clock is ahead",
    [window, fc.integer({ min: 1, max: hour - 1 }), fc.integer({ min: 0, max: 3 * day })],
    ([window, ahead, wait]) => {
      const budget = { limit: 2, window, reserveFraction: 0 }
      const begun = Date.UTC(2026, 9, 23)
      const now = begun + (window._tag === "Sliding" ? wait % window.millis : wait % (20 * hour))
      const first = budgets.spend({ ...budget, limit: 1 }, budgets.empty, begun, false, "")
      assert(first._tag === "Granted")
      const early = budgets.spend(budget, first.ledger, now + ahead, false, "")
      assert(early._tag === "Granted")
      const isCounted = budgets.spend({ ...budget, limit: 1 }, first.ledger, now, false, "")._tag === "Exhausted"
      const verdict = budgets.spend({ ...budget, limit: 1 }, early.ledger, now, false, "")
      if (isCounted) assert.strictEqual(verdict._tag, "Exhausted")
    }
  )

  it.prop(
    "keeps the quotas of each organization apart, and counts all of them for the client",
    [
      fc.array(fc.tuple(fc.constantFrom("", "north", "south"), fc.integer({ min: 0, max: 5 })), { maxLength: 40 }),
      fc.integer({ min: 0, max: 5 })
    ],
    ([requests, perClient]) => {
      const budget = { limit: 100, window: { _tag: "Sliding" as const, millis: day }, reserveFraction: 0 }
      const quota = (counts: "client" | "organization", remaining: number) => ({
        name: counts,
        counts,
        limit: 10,
        remaining,
        resetsAt: day
      })
      let ledger = budgets.withQuotas(budgets.empty, [quota("client", perClient)], 0, "")
      // The model: what is left of each, when it was announced last.
      const left = new Map<string, number>()
      let ofClient = perClient
      for (const [index, [organization, remaining]] of requests.entries()) {
        const now = 2 * index + 1
        const verdict = budgets.spend(budget, ledger, now, false, organization)
        const isAllowed = ofClient > 0 && (left.get(organization) ?? 1) > 0
        assert.strictEqual(verdict._tag, isAllowed ? "Granted" : "Exhausted")
        if (verdict._tag === "Exhausted") continue
        ofClient -= 1
        left.set(organization, remaining)
        ledger = budgets.withQuotas(verdict.ledger, [quota("organization", remaining)], now + 1, organization)
      }
    }
  )

  it("remembers a bounded number of quotas, those with the least left", () => {
    let ledger = budgets.empty
    for (let index = 0; index < 1000; index += 1) {
      const remaining = index % 100
      ledger = budgets.withQuotas(
        ledger,
        [{ name: "per_day", counts: "organization", limit: 100, remaining, resetsAt: day }],
        index,
        `organization-${index}`
      )
    }
    assert.lengthOf(ledger.quotas, budgets.maxQuotas)
    assert.isBelow(Math.max(...ledger.quotas.map(({ remaining }) => remaining)), 100 * budgets.maxQuotas / 1000)
  })

  it("forgets requests that no longer count, and what an announced quota of a month counted of them does not change", () => {
    const budget = { limit: 10, window: { _tag: "Sliding" as const, millis: hour }, reserveFraction: 0 }
    const monthly = { name: "per_month", counts: "client" as const, limit: 100, remaining: 50, resetsAt: 31 * day }
    let ledger = budgets.withQuotas(budgets.empty, [monthly], 0, "")
    for (let count = 1; count <= 50; count += 1) {
      const verdict = budgets.spend(budget, ledger, count * hour, false, "")
      assert(verdict._tag === "Granted")
      assert.strictEqual(verdict.left, Math.min(10 - 1, 50 - count))
      ledger = verdict.ledger
      assert.isAtMost(ledger.spent.length, 3)
    }
    const verdict = budgets.spend(budget, ledger, 51 * hour, false, "")
    assert(verdict._tag === "Exhausted")
    assert.deepStrictEqual([verdict.by, verdict.resetsAt], ["issuer", 31 * day])
  })
})

describe("the ledger that processes share", () => {
  const spent = (...at: ReadonlyArray<budgets.Spend>): budgets.Ledger => ({ spent: at, quotas: [] })
  const quota = { name: "b", limit: 10, remaining: 3, resetsAt: 100 * day, announcedAt: 0 }

  it("adds what the store does not have yet to what it has, and is kept where the store lost it", () => {
    const local = { ledger: spent(1, 2, 3), owed: [2, 3] }
    assert.deepStrictEqual(budgets.afterRead(local, { spent: [1, 5], quotas: [quota] }), {
      ledger: { spent: [1, 5, 2, 3], quotas: [quota] },
      owed: [2, 3]
    })
    assert.deepStrictEqual(budgets.afterRead(local, undefined), local)
  })

  it("owes no longer what was written, and still what came since", () => {
    const local = { ledger: spent(1), owed: [1, 2, 3] }
    assert.deepStrictEqual(budgets.afterWrite(local, spent(1, 2), 2), { ledger: spent(1, 2), owed: [3] })
  })

  it("owes what was added without the store, and not what was given back", () => {
    const added = budgets.afterAlone({ ledger: spent(1), owed: [] }, spent(1, 2, { at: 2, organization: "north" }))
    assert.deepStrictEqual(added.owed, [2, { at: 2, organization: "north" }])
    const removed = budgets.afterAlone(added, budgets.withoutSpend(added.ledger, 2))
    assert.deepStrictEqual(removed, {
      ledger: spent(1, { at: 2, organization: "north" }),
      owed: [{ at: 2, organization: "north" }]
    })
    // One of two equal requests is given back.
    assert.deepStrictEqual(budgets.withoutSpend(spent(1, 1), 1), spent(1))
    assert.deepStrictEqual(budgets.withoutSpend(spent(1), { at: 1, organization: "north" }), spent(1))
  })

  it("is kept for its window and an hour, and as long as a quota counts", () => {
    const sliding = { limit: 1, window: { _tag: "Sliding" as const, millis: 2 * hour }, reserveFraction: 0 }
    const daily = { ...sliding, window: { _tag: "Day" as const, timeZone: "UTC" } }
    assert.strictEqual(budgets.expiresAt(sliding, budgets.empty, day), day + 3 * hour)
    assert.strictEqual(budgets.expiresAt(daily, budgets.empty, day), day + 26 * hour)
    assert.strictEqual(budgets.expiresAt(sliding, { spent: [], quotas: [quota] }, day), 100 * day)
  })

  it("has as many tokens left as can be requested", () => {
    const budget = { limit: 2, window: { _tag: "Sliding" as const, millis: hour }, reserveFraction: 0 }
    assert.strictEqual(budgets.left(budget, budgets.empty, 0, ""), 2)
    assert.strictEqual(budgets.left(budget, spent(0), 1, ""), 1)
    assert.strictEqual(budgets.left(budget, spent(0, { at: 0, organization: "north" }), 1, ""), 0)
  })
})

describe("the limits of a budget", () => {
  const sliding = { limit: 10, window: { _tag: "Sliding" as const, millis: hour }, reserveFraction: 0 }
  const announced = (remaining: number, resetsAt = day, name = "b") => ({
    name,
    limit: 10,
    remaining,
    resetsAt,
    announcedAt: 5
  })
  const north = { ...announced(1), organization: "north" }

  it("count requests by organization, and those of none as their time", () => {
    assert.strictEqual(budgets.spendOf(1, ""), 1)
    assert.deepStrictEqual(budgets.spendOf(1, "north"), { at: 1, organization: "north" })
    const ledger = (spend: budgets.Spend, organization: string) => ({
      spent: [spend],
      quotas: [{ ...announced(3), organization }]
    })
    for (
      const [spend, organization, expected] of [
        [6, "", 2],
        // An announcement counts the requests before it, and those of its moment.
        [5, "", 3],
        [{ at: 6, organization: "north" }, "north", 2],
        [{ at: 6, organization: "south" }, "north", 3],
        [6, "north", 3]
      ] as const
    ) {
      assert.strictEqual(budgets.left(sliding, ledger(spend, organization), 7, organization), expected)
    }
  })

  it("have room again when the oldest request no longer counts, in whatever order they are known", () => {
    const verdict = budgets.spend({ ...sliding, limit: 3 }, { spent: [30, 10, 20], quotas: [] }, 40, false, "")
    assert.deepInclude(verdict, { _tag: "Exhausted", resetsAt: 10 + hour, limit: 3, by: "budget" })
  })

  for (
    const [name, quotas, isRenewal, expected] of [
      ["the last that ends", [announced(0, 100), announced(0, 300, "c"), announced(0, 200, "d")], false, {
        resetsAt: 300,
        reserved: false
      }],
      ["a reserve", [announced(2)], true, { resetsAt: day, reserved: true }],
      ["a reserve, beside a quota that is used up", [announced(2), announced(0, 9, "c")], true, {
        resetsAt: day,
        reserved: false
      }]
    ] as const
  ) {
    it(`are reported, if several are reached: ${name}`, () => {
      const budget = { ...sliding, limit: 1000, reserveFraction: 0.5 }
      const verdict = budgets.spend(budget, { spent: [], quotas }, 8, isRenewal, "")
      assert.deepInclude(verdict, { _tag: "Exhausted", by: "issuer", limit: 10, ...expected })
    })
  }

  it("leave as many tokens as a caller without one can request, the reserve included", () => {
    const ledger = { spent: [1, 2, 3, 4, 5, 6], quotas: [] }
    assert.strictEqual(budgets.left({ ...sliding, reserveFraction: 0.5 }, ledger, 7, ""), 4)
  })

  it("count this request too, and forget those that are older than the window and an hour", () => {
    const verdict = budgets.spend(sliding, { spent: [0, 1, 2 * hour], quotas: [] }, 2 * hour, false, "")
    assert.deepInclude(verdict, { _tag: "Granted", count: 2, left: 8 })
    assert(verdict._tag === "Granted")
    assert.deepStrictEqual(verdict.ledger.spent, [1, 2 * hour, 2 * hour])
  })

  it("are replaced by those that are announced under their names, and end when they say", () => {
    const quota = (name: string, counts: "client" | "organization" = "client") => ({
      name,
      counts,
      limit: 10,
      remaining: 9,
      resetsAt: day
    })
    const known = { spent: [], quotas: [announced(1), announced(2, day, "kept"), announced(3, 7, "ended"), north] }
    const { quotas } = budgets.withQuotas(known, [quota("b"), quota("new")], 7, "north")
    assert.deepStrictEqual(quotas, [
      announced(2, day, "kept"),
      north,
      { ...announced(9), announcedAt: 7 },
      { ...announced(9, day, "new"), announcedAt: 7 }
    ])
    const { quotas: ofNorth } = budgets.withQuotas(known, [quota("b", "organization")], 7, "north")
    assert.deepStrictEqual(ofNorth, [
      announced(1),
      announced(2, day, "kept"),
      { ...north, remaining: 9, announcedAt: 7 }
    ])
  })

  it("stay in their order as long as all are kept", () => {
    const many = Array.from({ length: budgets.maxQuotas }, (_, index) => announced(1000 - index, day, `q${index}`))
    const { quotas } = budgets.withQuotas({ spent: [], quotas: many }, [], 7, "")
    assert.deepStrictEqual(quotas, many)
  })
})
