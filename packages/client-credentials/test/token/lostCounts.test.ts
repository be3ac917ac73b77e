import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"

import * as ledgers from "../../src/internal/token/ledger.js"
import * as lost from "../../src/internal/token/lostCounts.js"

const hour = 3_600_000
const day = 24 * hour

const unknown = (at: number): ledgers.Spend => ledgers.spendOf(at, { client: "", organization: "" }, true)

const ledger = (...spent: ReadonlyArray<ledgers.Spend>): ledgers.Ledger => ({ spent, quotas: [] })

const spend = fc.record({ at: fc.integer({ min: 0, max: 20 }), organization: fc.constantFrom("", "a", "b") }).map(
  ({ at, organization }) => ledgers.spendOf(at, { client: "", organization })
)
const some = fc.array(spend, { maxLength: 30 }).map((spent): ledgers.Ledger => ({
  spent: [...spent].sort((one, other) => ledgers.detailsOf(one).at - ledgers.detailsOf(other).at),
  quotas: []
}))

/** Returns how often each request occurs. */
const times = ({ spent }: Pick<ledgers.Ledger, "spent">) => {
  const counts = new Map<string, number>()
  for (const text of spent.map((one) => JSON.stringify(one))) counts.set(text, (counts.get(text) ?? 0) + 1)
  return counts
}

describe("the counts that a store lost", () => {
  it("are those that occur less often in its ledger, and are added to it once", () => {
    fc.assert(fc.property(some, some, (known, stored) => {
      const [before, found] = [times(known), times(stored)]
      const missing = times({ spent: lost.missing(known, stored) })
      const merged = lost.merged(known, stored)
      for (const one of new Set([...before.keys(), ...found.keys()])) {
        const [mine, theirs] = [before.get(one) ?? 0, found.get(one) ?? 0]
        assert.strictEqual(missing.get(one) ?? 0, Math.max(0, mine - theirs))
        assert.strictEqual(times(merged).get(one), Math.max(mine, theirs))
      }
      const order = merged.spent.map((one) => ledgers.detailsOf(one).at)
      assert.deepStrictEqual(order, [...order].sort((one, other) => one - other))
      assert.deepStrictEqual(lost.missing(known, merged), [])
      assert.strictEqual(lost.merged(known, merged), merged)
    }))
  })

  it("include no request whose outcome became known meanwhile", () => {
    assert.deepStrictEqual(lost.merged(ledger(1, unknown(2), 2), ledger(2, 2)), ledger(1, 2, 2))
  })

  it("are of the same client and organization, at the same moment", () => {
    const by = (at: number, client: string, organization: string) => ledgers.spendOf(at, { client, organization })
    const all = ["a", "b"].flatMap((client) => ["", "o", "p"].map((organization) => by(3, client, organization)))
    for (const one of all) {
      assert.deepStrictEqual(lost.missing(ledger(...all), ledger(2, one, 4)), all.filter((other) => other !== one))
      assert.deepStrictEqual(lost.missing(ledger(one), ledger(...all)), [])
      assert.deepStrictEqual(lost.missing(ledger(one), ledger(3, by(4, "a", "o"))), [one])
    }
  })

  it("are merged only where a ledger lacks something of the known one", () => {
    const retentions = [{ length: day, until: 2 * day }]
    const stored = { ...ledger(1, 2), retentions }
    assert.strictEqual(lost.merged(ledger(1), stored), stored)
    assert.deepStrictEqual(lost.merged({ ...ledger(1), resetAt: 0 }, stored), { ...stored, resetAt: 0 })
    assert.deepStrictEqual(lost.merged({ ...ledger(), resetAt: 1 }, stored), { ...stored, spent: [2], resetAt: 1 })
    assert.deepStrictEqual(lost.merged(ledger(3), stored), { ...stored, spent: [1, 2, 3] })
    assert.deepStrictEqual(lost.merged(stored, ledger(1, 2)), stored)
    const longer = [{ length: 2 * day, until: day }]
    assert.deepStrictEqual(lost.merged({ ...ledger(1), retentions: longer }, stored).retentions, [
      ...longer,
      ...retentions
    ])
    const quota = { name: "b", client: "", limit: 10, remaining: 3, resetsAt: day, announcedAt: 0 }
    const quotas = [quota]
    // A process that has a quota and states a time adds both, although no request is missing.
    assert.deepStrictEqual(lost.merged({ ...stored, quotas }, ledger(1, 2)), { ...stored, quotas })
    assert.deepStrictEqual(lost.merged({ ...ledger(5), quotas, retentions }, ledger(5)), {
      ...ledger(5),
      quotas,
      retentions
    })
    assert.notProperty(lost.merged(ledger(3), ledger(1)), "retentions")
    assert.notProperty(lost.merged(ledger(3), ledger(1)), "resetAt")
  })

  it("include no request before the last reset, in whichever ledger it is", () => {
    const after = { ...ledger(5, 9), resetAt: 5 }
    assert.deepStrictEqual(lost.missing(ledger(1, 5, 6), after), [6])
    assert.deepStrictEqual(lost.merged(ledger(1, 5, 6), after), { ...ledger(5, 6, 9), resetAt: 5 })
    assert.deepStrictEqual(lost.merged(after, ledger(1, 5, 6)), { ...ledger(5, 6, 9), resetAt: 5 })
  })

  it("include the quotas that were not announced again", () => {
    const quota = { name: "b", client: "", limit: 10, remaining: 3, resetsAt: day, announcedAt: 0 }
    assert.deepStrictEqual(
      lost.merged(
        { spent: [1, 2, 2, unknown(3)], quotas: [quota, { ...quota, name: "c" }] },
        { spent: [2, 4], quotas: [{ ...quota, remaining: 1 }] }
      ),
      { spent: [1, 2, 2, unknown(3), 4], quotas: [{ ...quota, name: "c" }, { ...quota, remaining: 1 }] }
    )
  })

  it("are expected while they count, and not when another process may have removed them", () => {
    const budget: ledgers.Budget = {
      limits: [{ limit: 9, window: { _tag: "Sliding", millis: day } }],
      reserveFraction: 0
    }
    const changes: ReadonlyArray<ledgers.Change> = [
      { _tag: "Spent", spend: 7 * hour },
      {
        _tag: "Announced",
        quotas: [{ name: "b", client: "", limit: 9, remaining: 3, resetsAt: 9 * day, announcedAt: 0 }]
      },
      { _tag: "GivenBack", spend: 6 * hour }
    ]
    const own = ledger(hour, 5 * hour, 6 * hour)
    assert.deepStrictEqual(lost.expected(budget, own, changes, day), ledger(hour, 5 * hour, 7 * hour))
    assert.deepStrictEqual(lost.expected(budget, own, [], day + 2 * hour), ledger(5 * hour, 6 * hour))
  })

  const limits = [{ limit: 9, window: { _tag: "Sliding" as const, millis: day } }]
  const budget: ledgers.Budget = { limits, reserveFraction: 0 }

  it("are restored from the times beside the token of the same recipient, while they count", () => {
    const recipient = { client: "one", organization: "a" }
    const [first, second] = [ledgers.spendOf(2 * hour, recipient), ledgers.spendOf(3 * hour, recipient)]
    const restored = (now: number, ...spent: ReadonlyArray<ledgers.Spend>) =>
      lost.restored(budget, [2 * hour, 3 * hour], recipient, ledger(...spent), now)
    assert.deepStrictEqual(restored(4 * hour, first, second), [])
    assert.deepStrictEqual(restored(4 * hour, second), [{ _tag: "Restored", spend: first }])
    // Those of other recipients are other requests.
    assert.lengthOf(restored(4 * hour, 2 * hour, 3 * hour), 2)
    assert.deepStrictEqual(restored(day + 2.6 * hour), [{ _tag: "Restored", spend: second }])
    assert.deepStrictEqual(restored(2 * day), [])
    assert.deepStrictEqual(lost.restored(budget, [], recipient, ledger(), 0), [])
    const [change = assert.fail()] = restored(4 * hour, second)
    assert.deepStrictEqual(ledgers.apply(ledger(second), change), ledger(first, second))
  })

  it("are at most 200 times beside a token, the last ones that count, in order", () => {
    assert.deepStrictEqual(lost.withTime(budget, [], 7), { times: [7], until: 7 + 25 * hour })
    assert.deepStrictEqual(lost.withTime(budget, [hour, 3 * hour], 2 * hour).times, [hour, 2 * hour, 3 * hour])
    assert.deepStrictEqual(lost.withTime(budget, [hour, 2 * hour], day + 2.5 * hour).times, [
      2 * hour,
      day + 2.5 * hour
    ])
    const times = Array.from({ length: 200 }, (_, index) => index)
    assert.deepStrictEqual(lost.withTime(budget, times, 200).times, [...times.slice(1), 200])
  })
})
