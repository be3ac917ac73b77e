import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"

import { next, type Window } from "../../src/internal/token/budgetWindow.js"
import * as budgets from "../../src/internal/token/ledger.js"

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

const self: budgets.Recipient = { client: "", organization: "" }
const of = (organization: string): budgets.Recipient => ({ client: "", organization })

const sliding = (limit: number, millis: number): budgets.Limit => ({ limit, window: { _tag: "Sliding", millis } })
const calendar = (limit: number, unit: "day" | "month", timeZone: string): budgets.Limit => ({
  limit,
  window: { _tag: "Calendar", unit, timeZone }
})

const budget = (first: budgets.Limit, reserveFraction = 0, ...more: ReadonlyArray<budgets.Limit>): budgets.Budget => ({
  limits: [first, ...more],
  reserveFraction
})

const ledger = (...spent: ReadonlyArray<budgets.Spend>): budgets.Ledger => ({ spent, quotas: [] })

const unknown = (at: number): budgets.Spend => budgets.spendOf(at, self, true)

/** Decides by the ledger of the moment, and counts a token that is granted. */
const step = (of: budgets.Budget, before: budgets.Ledger, now: number, isRenewal = false, recipient = self) => {
  const current = budgets.current(of, before, now)
  const verdict = budgets.spend(of, current, now, isRenewal, recipient)
  return {
    verdict,
    ledger: verdict._tag === "Granted" ? budgets.apply(current, { _tag: "Spent", spend: verdict.spend }) : current
  }
}

const timeZones = [
  "UTC",
  "Europe/Amsterdam",
  "America/Sao_Paulo",
  "America/New_York",
  "America/St_Johns",
  "Asia/Kolkata",
  "Asia/Kathmandu",
  "Australia/Lord_Howe",
  "Pacific/Apia",
  "Pacific/Chatham"
]

const window: fc.Arbitrary<Window> = fc.oneof(
  fc.record({ _tag: fc.constant("Sliding" as const), millis: fc.integer({ min: 1, max: 40 * day }) }),
  fc.record({
    _tag: fc.constant("Calendar" as const),
    unit: fc.constantFrom("day" as const, "month" as const),
    timeZone: fc.constantFrom(...timeZones)
  })
)

const limit: fc.Arbitrary<budgets.Limit> = fc.record({ limit: fc.integer({ min: 1, max: 8 }), window })

/** A request of the reference: its time and its outcome. */
interface Made {
  readonly at: number
  readonly outcome: "issued" | "rejected" | "unknown"
}

/** Time after a request in which its token may be issued. */
const delayOf = (window: Window): number =>
  window._tag === "Sliding" ? Math.min(60_000, Math.floor(window.millis / 10)) : 60_000

/** Returns whether a window counts a request at a given time, by the calendar as it is printed. */
const counts = (window: Window, at: number, now: number): boolean => {
  if (window._tag === "Sliding") return at + delayOf(window) > now - window.millis
  const printed = (moment: number) =>
    new Date(moment).toLocaleString("sv-SE", { timeZone: window.timeZone }).slice(0, window.unit === "day" ? 10 : 7)
  return [at, at + delayOf(window)].some((moment) => printed(moment) === printed(now))
}

/** Returns how many tokens of a limit the reference leaves, over all requests ever made. */
const leftOf = ({ limit, window }: budgets.Limit, made: ReadonlyArray<Made>, now: number): number => {
  return limit - made.filter(({ at, outcome }) => outcome !== "rejected" && counts(window, at, now)).length
}

/** Returns whether the reference allows a request after unanswered ones at the end. */
const mayFollow = ({ limit, window }: budgets.Limit, made: ReadonlyArray<Made>, now: number): boolean => {
  const counted = made.filter(({ at, outcome }) => outcome !== "rejected" && counts(window, at, now))
  const row = counted.slice(counted.map(({ outcome }) => outcome).lastIndexOf("issued") + 1)
  const [first, last] = [row.at(0)?.at, row.at(-1)?.at]
  if (first === undefined || last === undefined) return true
  const unknown = counted.filter(({ outcome }) => outcome === "unknown").length
  const most = Math.ceil(0.8 * (limit - counted.length + unknown))
  if (unknown < most / 2) return true
  const late = first + delayOf(window)
  const life = (window._tag === "Sliding" ? late + window.millis : next(window, late)) - first
  const since = Math.max(last - first, life / 1440)
  return now >= last + since * (life / since) ** (1 / (1 + Math.max(0, most - unknown))) - since
}

describe("a ledger", () => {
  it.prop(
    "decides like a reference that counts all requests each time, in days and months of all time zones",
    [
      fc.array(limit, { minLength: 1, maxLength: 3 }),
      fc.date({ min: new Date("2025-01-01"), max: new Date("2027-12-31"), noInvalidDate: true }),
      fc.array(
        fc.record({
          wait: fc.oneof(fc.integer({ min: 0, max: hour }), fc.integer({ min: 0, max: 5 * day })),
          isRenewal: fc.boolean(),
          outcome: fc.constantFrom("issued" as const, "issued" as const, "rejected" as const, "unknown" as const)
        }),
        { maxLength: 40 }
      )
    ],
    ([limits, begun, requests]) => {
      const [first = sliding(1, day), ...more] = limits
      const both = budget(first, 1 / 3, ...more)
      const reference = (now: number, isRenewal: boolean): boolean =>
        limits.every((one) =>
          leftOf(one, made, now) > (isRenewal ? Math.floor(one.limit / 3) : 0) && mayFollow(one, made, now)
        )
      const made: Array<Made> = []
      let known = budgets.empty
      let now = begun.getTime()
      for (const { isRenewal, outcome, wait } of requests) {
        now += wait
        const { ledger, verdict } = step(both, known, now, isRenewal)
        assert.strictEqual(verdict._tag, reference(now, isRenewal) ? "Granted" : "Exhausted")
        if (verdict._tag === "Exhausted") {
          // A refresh waits for the reserve only while a caller without a token waits for nothing.
          const isReserving = isRenewal && verdict.reserved
          // When two limits block requests after unanswered ones, the first may allow them again.
          if (limits.length === 1 || made.every(({ outcome }) => outcome !== "unknown")) {
            assert.isTrue(reference(verdict.resetsAt, isReserving))
          }
          assert.isFalse(reference(verdict.resetsAt - 1, isReserving))
          assert.strictEqual(verdict.reserved, reference(now, false))
          continue
        }
        assert.strictEqual(verdict.left, Math.min(...limits.map((one) => leftOf(one, made, now))) - 1)
        known = budgets.settled(verdict.spend, outcome === "rejected" ? "none" : outcome)
          .reduce(budgets.apply, ledger)
        made.push({ at: now, outcome })
      }
    }
  )

  it.prop(
    "is tightened by an announcement of the issuer, until it expires",
    [
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 0, max: 50 }),
      fc.integer({ min: 2, max: day }),
      fc.double({ min: 0, max: 0.9, noNaN: true })
    ],
    ([limit, remaining, life, reserveFraction]) => {
      const wide = budget(sliding(1000, day), reserveFraction)
      const quota = {
        name: "b",
        counts: "client" as const,
        limit: Math.max(limit, remaining),
        remaining,
        resetsAt: life
      }
      const granted = (isRenewal: boolean) => {
        let ledger = budgets.apply(budgets.empty, budgets.announced([quota], 0, self))
        for (let count = 0; count < 200; count += 1) {
          const next = step(wide, ledger, 1, isRenewal)
          if (next.verdict._tag === "Exhausted") {
            const { by, limit, resetsAt } = next.verdict
            assert.deepStrictEqual([by, limit, resetsAt], ["issuer", quota.limit, life])
            assert.strictEqual(step(wide, ledger, life, isRenewal).verdict._tag, "Granted")
            return count
          }
          ledger = next.ledger
        }
        return Infinity
      }
      assert.strictEqual(granted(false), remaining)
      assert.strictEqual(granted(true), Math.max(0, remaining - Math.floor(quota.limit * reserveFraction)))
    }
  )

  it.prop(
    "keeps the quotas of each client and each organization separate, and counts all requests of a client for the client",
    [
      fc.array(
        fc.tuple(
          fc.constantFrom("", "one", "other"),
          fc.constantFrom("", "north", "south"),
          fc.integer({ min: 0, max: 5 })
        ),
        { maxLength: 40 }
      ),
      fc.integer({ min: 0, max: 5 })
    ],
    ([requests, perClient]) => {
      const wide = budget(sliding(100, day))
      const quota = (counts: "client" | "organization", remaining: number) => ({
        name: counts,
        counts,
        limit: 10,
        remaining,
        resetsAt: day
      })
      let ledger = budgets.apply(
        budgets.empty,
        budgets.announced([quota("client", perClient)], 0, { client: "one", organization: "" })
      )
      // The model: the remaining tokens of each quota, with the time of its last announcement.
      const left = new Map<string, number>()
      let ofClient = perClient
      for (const [index, [client, organization, remaining]] of requests.entries()) {
        const now = 2 * index + 1
        const recipient = { client, organization }
        const key = JSON.stringify(recipient)
        const { ledger: after, verdict } = step(wide, ledger, now, false, recipient)
        const isAllowed = (client !== "one" || ofClient > 0) && (left.get(key) ?? 1) > 0
        assert.strictEqual(verdict._tag, isAllowed ? "Granted" : "Exhausted")
        if (verdict._tag === "Exhausted") continue
        if (client === "one") ofClient -= 1
        left.set(key, remaining)
        ledger = budgets.apply(after, budgets.announced([quota("organization", remaining)], now + 1, recipient))
      }
    }
  )

  it("keeps a bounded number of quotas, those with the least remaining tokens", () => {
    let ledger = budgets.empty
    for (let index = 0; index < 1000; index += 1) {
      const remaining = index % 100
      const quota = { name: "per_day", counts: "organization" as const, limit: 100, remaining, resetsAt: day }
      ledger = budgets.apply(ledger, budgets.announced([quota], index, of(`organization-${index}`)))
    }
    assert.lengthOf(ledger.quotas, budgets.maxQuotas)
    assert.isBelow(Math.max(...ledger.quotas.map(({ remaining }) => remaining)), 100 * budgets.maxQuotas / 1000)
  })

  it("removes requests that no longer count, without changing their count in an announced quota of a month", () => {
    const hourly = budget(sliding(10, hour))
    const monthly = { name: "per_month", counts: "client" as const, limit: 100, remaining: 50, resetsAt: 31 * day }
    let ledger = budgets.apply(budgets.empty, budgets.announced([monthly], 0, self))
    for (let count = 1; count <= 50; count += 1) {
      const next = step(hourly, ledger, count * 1.1 * hour)
      assert(next.verdict._tag === "Granted")
      assert.strictEqual(next.verdict.left, Math.min(10 - 1, 50 - count))
      ledger = next.ledger
      assert.isAtMost(ledger.spent.length, 3)
    }
    const { verdict } = step(hourly, ledger, 51 * 1.1 * hour)
    assert(verdict._tag === "Exhausted")
    assert.deepStrictEqual([verdict.by, verdict.resetsAt], ["issuer", 31 * day])
  })

  it("counts requests of the future, as after the store's clock was set back, but none of a wrong clock", () => {
    const daily = budget(sliding(3, day))
    const made = [day, day + 300_000, 2 * day + hour]
    assert.deepStrictEqual(
      budgets.current(daily, { spent: [...made, 2 * day + hour + 1, 400 * day], quotas: [] }, day),
      ledger(...made)
    )
    const { verdict } = step(daily, ledger(...made), day)
    assert.strictEqual(verdict._tag, "Exhausted")
  })

  it("removes a quota that was announced more than a minute ahead", () => {
    const quota = { name: "b", client: "", limit: 10, remaining: 3, resetsAt: 100 * day, announcedAt: day + 60_000 }
    const daily = budget(sliding(3, day))
    const quotas = [quota, { ...quota, name: "c", announcedAt: day + 60_001 }]
    assert.deepStrictEqual(budgets.current(daily, { spent: [], quotas }, day), { spent: [], quotas: [quota] })
  })
})

describe("a request of unknown outcome", () => {
  /**
   * Returns the times of requests to an issuer that never responds, each at least ninety seconds after the one before.
   */
  const sentTo = (limit: budgets.Limit, until: number) => {
    const one = budget(limit)
    const sent: Array<number> = []
    let known = budgets.empty
    let now = 0
    while (now < until) {
      const { ledger, verdict } = step(one, known, now)
      known = ledger
      if (verdict._tag === "Exhausted") {
        assert.isAbove(verdict.resetsAt, now)
        now = verdict.resetsAt
        continue
      }
      sent.push(now)
      known = budgets.settled(verdict.spend, "unknown").reduce(budgets.apply, known)
      now += 90_000
    }
    return { known, sent }
  }

  for (const limit of [1, 2, 3, 5, 8, 10, 20, 50, 200, 1000]) {
    it(`uses at most four fifths of ${limit} tokens in any day, and there is a next one`, () => {
      const { sent } = sentTo(sliding(limit, day), 3 * day)
      const most = Math.max(...sent.map((at) => sent.filter((one) => one <= at && one > at - day).length))
      assert.strictEqual(most, Math.ceil(limit * 4 / 5))
      assert.isAtLeast(sent.at(-1) ?? 0, 2 * day)
      // Half of them follow by the back-off alone, while the others need not wait longer than that.
      const free = sent.findIndex((at, index) => index > 0 && at - (sent[index - 1] ?? 0) > 90_000)
      assert.isAtLeast(free, Math.ceil(Math.ceil(limit * 4 / 5) / 2))
    })
  }

  for (const [limit, multiple] of [[5, 8.9], [10, 2.3], [20, 0.74], [50, 0.22], [100, 0.15], [1000, 0.15]] as const) {
    it(`is followed after at most ${multiple} of the time since the first, with ${limit} tokens a day`, () => {
      const { sent } = sentTo(sliding(limit, day), day)
      for (const [index, at] of sent.entries()) {
        const before = sent[index - 1] ?? 0
        // Before that, the back-off is longer.
        if (before > 600_000) assert.isAtMost(at, before + multiple * before)
      }
    })
  }

  it("is followed by all remaining ones after one with a response, and after a day without one by the first of the next day", () => {
    const { known, sent } = sentTo(sliding(50, day), 6 * hour)
    const one = budget(sliding(50, day))
    const [last, waits] = [sent.at(-1) ?? 0, step(one, known, (sent.at(-1) ?? 0) + 90_000).verdict]
    assert.deepInclude(waits, { _tag: "Exhausted", by: "unanswered", reserved: false })
    assert(waits._tag === "Exhausted")
    assert.deepInclude(budgets.usage(one, known, last + 1).limits[0], {
      counted: sent.length,
      left: 50 - sent.length,
      roomAt: waits.resetsAt
    })
    const probe = step(one, known, waits.resetsAt)
    assert(probe.verdict._tag === "Granted")
    // While it is in progress, others wait as if it had no response.
    assert.deepInclude(step(one, probe.ledger, waits.resetsAt + 1).verdict, { _tag: "Exhausted", by: "unanswered" })
    const answered = budgets.settled(probe.verdict.spend, "issued").reduce(budgets.apply, probe.ledger)
    assert.strictEqual(step(one, answered, waits.resetsAt + 1).verdict._tag, "Granted")
    const rejected = budgets.settled(probe.verdict.spend, "none").reduce(budgets.apply, probe.ledger)
    assert.deepStrictEqual(rejected, budgets.current(one, known, waits.resetsAt))

    const daily = budget(calendar(10, "day", "UTC"))
    const late = ledger(...[1, 2, 3, 4, 5].map((index) => unknown(23 * hour + index)))
    assert.deepInclude(step(daily, late, 23 * hour + 6).verdict, { _tag: "Exhausted", by: "unanswered" })
    assert.strictEqual(step(daily, late, day).verdict._tag, "Granted")
  })

  it("counts in full in the announcement of the issuer, where the next one waits for at most its end", () => {
    const quota = { name: "b", client: "", limit: 10, remaining: 5, resetsAt: day, announcedAt: 0 }
    const daily = budget(sliding(50, day))
    for (
      const [spent, left] of [[[unknown(1)], 4], [[1, 2, 3].map(unknown), 2], [
        [1, 2, 3, 4, 5].map(unknown),
        0
      ]] as const
    ) {
      assert.strictEqual(budgets.left(daily, { spent, quotas: [quota] }, 10, self), left)
    }
    const { resetsAt, verdict } = {
      resetsAt: budgets.usage(daily, { spent: [1, 2, 3].map(unknown), quotas: [quota] }, 10).quotas[0]?.roomAt ?? 0,
      verdict: budgets.spend(daily, { spent: [1, 2, 3].map(unknown), quotas: [quota] }, 10, false, self)
    }
    assert.deepInclude(verdict, { _tag: "Exhausted", by: "unanswered", limit: 10, resetsAt })
    assert.isBelow(resetsAt, day)
    const answered = { spent: [1, 2, unknown(3), 4], quotas: [quota] }
    assert.strictEqual(budgets.spend(daily, answered, 10, false, self)._tag, "Granted")
  })

  it("frees its token when it no longer counts", () => {
    const one = budget(sliding(5, hour), 0.4)
    const { verdict } = step(one, ledger(10, unknown(20), unknown(30), 40), 50, true)
    assert.deepInclude(verdict, { _tag: "Exhausted", resetsAt: 20 + hour + minute, reserved: true, by: "budget" })
  })
})

describe("the changes of a ledger", () => {
  const north = of("north")

  it("add a request in order, return one, and mark one as unanswered", () => {
    const spent = (spend: budgets.Spend) => ({ _tag: "Spent" as const, spend })
    const added = [30, 10, budgets.spendOf(20, north), 20].map(spent).reduce(budgets.apply, budgets.empty)
    assert.deepStrictEqual(added, ledger(10, budgets.spendOf(20, north), 20, 30))
    const given = budgets.apply(added, { _tag: "GivenBack", spend: budgets.spendOf(20, north) })
    assert.deepStrictEqual(given, ledger(10, 20, 30))
    assert.deepStrictEqual(budgets.apply(given, { _tag: "GivenBack", spend: 40 }), given)
    // One of two equal requests is returned.
    assert.deepStrictEqual(budgets.apply(ledger(1, 1), { _tag: "GivenBack", spend: 1 }), ledger(1))
    assert.deepStrictEqual(
      budgets.apply(added, { _tag: "Unanswered", spend: budgets.spendOf(20, north) }),
      ledger(10, 20, budgets.spendOf(20, north, true), 30)
    )
    assert.deepStrictEqual(budgets.apply(added, { _tag: "Unanswered", spend: 40 }), added)
    assert.deepStrictEqual(
      budgets.apply(ledger(10, unknown(20)), { _tag: "Issued", spend: unknown(20) }),
      ledger(10, 20)
    )
    assert.deepStrictEqual(budgets.apply(added, { _tag: "Reset", at: 3 }), { ...budgets.empty, resetAt: 3 })
  })

  it("replace quotas by announced ones of the same names, client and organization", () => {
    const announced = (remaining: number, name = "b") => ({
      name,
      client: "",
      limit: 10,
      remaining,
      resetsAt: day,
      announcedAt: 5
    })
    const quota = (name: string, counts: "client" | "organization" = "client") => ({
      name,
      counts,
      limit: 10,
      remaining: 9,
      resetsAt: day
    })
    const ofNorth = { ...announced(1), organization: "north" }
    const ofOther = { ...announced(1), client: "other" }
    const known = { spent: [], quotas: [announced(1), announced(2, "kept"), ofNorth, ofOther] }
    assert.deepStrictEqual(
      budgets.apply(known, budgets.announced([quota("b"), quota("new")], 7, north)).quotas,
      [announced(2, "kept"), ofNorth, ofOther, { ...announced(9), announcedAt: 7 }, {
        ...announced(9, "new"),
        announcedAt: 7
      }]
    )
    assert.deepStrictEqual(
      budgets.apply(known, budgets.announced([quota("b", "organization")], 7, north)).quotas,
      [announced(1), announced(2, "kept"), ofOther, { ...ofNorth, remaining: 9, announcedAt: 7 }]
    )
    const many = Array.from({ length: budgets.maxQuotas }, (_, index) => announced(1000 - index, `q${index}`))
    assert.deepStrictEqual(budgets.apply({ spent: [], quotas: many }, budgets.announced([], 7, self)).quotas, many)
  })
})

describe("the limits of a budget", () => {
  const hourly = budget(sliding(10, hour))
  const announced = (remaining: number, resetsAt = day, name = "b") => ({
    name,
    client: "",
    limit: 10,
    remaining,
    resetsAt,
    announcedAt: 5
  })

  it("set the time that the store keeps a ledger: the longest window and an hour, and as long as a quota counts", () => {
    assert.strictEqual(budgets.expiresAt(budget(sliding(1, 2 * hour)), budgets.empty, day), day + 3 * hour)
    const daily = calendar(1, "day", "UTC")
    const monthly = calendar(1, "month", "UTC")
    assert.strictEqual(budgets.expiresAt(budget(daily), budgets.empty, day), day + 26 * hour)
    assert.strictEqual(budgets.expiresAt(budget(daily, 0, monthly), budgets.empty, day), 32 * day + 2 * hour)
    const quotas = [announced(1, 100 * day)]
    assert.strictEqual(budgets.expiresAt(budget(daily), { spent: [], quotas }, day), 100 * day)
  })

  it("count requests by organization, and those without one by their time", () => {
    assert.strictEqual(budgets.spendOf(1, self), 1)
    const detailed = budgets.spendOf(1, of("north"))
    assert.deepStrictEqual(detailed, { at: 1, client: "", organization: "north", isUnknown: false })
    for (
      const [spend, organization, expected] of [
        [6, "", 2],
        // An announcement includes the requests before it, and those of the same time.
        [5, "", 3],
        [budgets.spendOf(6, of("north")), "north", 2],
        [budgets.spendOf(6, of("north")), "south", 3],
        [budgets.spendOf(6, of("north"), true), "north", 2],
        [6, "north", 3]
      ] as const
    ) {
      const current = { spent: [spend], quotas: [{ ...announced(3), organization }] }
      assert.strictEqual(budgets.left(hourly, current, 7, of(organization)), expected)
    }
  })

  for (
    const [name, quotas, isRenewal, expected] of [
      ["the last one to expire", [announced(0, 100), announced(0, 300, "c"), announced(0, 200, "d")], false, {
        resetsAt: 300,
        reserved: false
      }],
      ["a reserve", [announced(2)], true, { resetsAt: day, reserved: true }],
      ["a reserve, beside a quota that is used up", [announced(2), announced(0, 9, "c")], true, {
        resetsAt: 9,
        reserved: false
      }]
    ] as const
  ) {
    it(`are reported, if several are reached: ${name}`, () => {
      const verdict = budgets.spend(budget(sliding(1000, hour), 0.5), { spent: [], quotas }, 8, isRenewal, self)
      assert.deepInclude(verdict, { _tag: "Exhausted", by: "issuer", limit: 10, ...expected })
    })
  }

  it("are enforced together: 10 an hour and 50 a day", () => {
    const both = budget(sliding(50, day), 0, sliding(10, hour))
    let known = budgets.empty
    const granted: Array<number> = []
    const rejected = new Map<number, number>()
    for (let now = 0; now < day; now += hour / 20) {
      const next = step(both, known, now)
      known = next.ledger
      if (next.verdict._tag === "Granted") granted.push(now)
      else rejected.set(next.verdict.limit, (rejected.get(next.verdict.limit) ?? 0) + 1)
    }
    assert.lengthOf(granted, 50)
    assert.deepStrictEqual([...rejected.keys()].sort(), [10, 50])
    assert.deepStrictEqual(budgets.usage(both, known, day - 1).limits, [
      { ...sliding(50, day), counted: 50, left: 0, roomAt: day + minute },
      { ...sliding(10, hour), counted: 0, left: 10, roomAt: day - 1 }
    ])
  })

  it("leave as many tokens as a caller without one can request, the reserve included", () => {
    assert.strictEqual(budgets.left(budget(sliding(10, hour), 0.5), ledger(1, 2, 3, 4, 5, 6), 7, self), 4)
    assert.strictEqual(budgets.left(budget(sliding(2, hour)), budgets.empty, 0, self), 2)
    assert.strictEqual(budgets.left(budget(sliding(2, hour)), ledger(0, budgets.spendOf(0, of("north"))), 1, self), 0)
  })

  it("include the current request, and omit those that are older than the window and an hour", () => {
    const { ledger: after, verdict } = step(hourly, ledger(0, 1, 2 * hour), 2 * hour)
    assert.deepInclude(verdict, { _tag: "Granted", counts: [2], left: 8 })
    assert.deepStrictEqual(after.spent, [1, 2 * hour, 2 * hour])
  })

  it("report the count, the remaining tokens, when a token is available, and the announcements", () => {
    const current = {
      spent: [10, 20, unknown(30)],
      quotas: [announced(1, 500), { ...announced(0), organization: "o" }]
    }
    assert.deepStrictEqual(budgets.usage(budget(sliding(2, hour), 0.5, calendar(1, "month", "UTC")), current, 40), {
      limits: [
        { ...sliding(2, hour), counted: 3, left: 0, roomAt: 20 + hour + minute },
        { ...calendar(1, "month", "UTC"), counted: 3, left: 0, roomAt: 31 * day }
      ],
      quotas: [
        { name: "b", client: "", organization: undefined, limit: 10, counted: 12, left: 0, roomAt: 500 },
        { name: "b", client: "", organization: "o", limit: 10, counted: 10, left: 0, roomAt: day }
      ]
    })
  })
})
