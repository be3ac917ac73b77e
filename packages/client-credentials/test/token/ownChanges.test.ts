import { assert, describe, it } from "@effect/vitest"

import * as ledgers from "../../src/internal/token/ledger.js"
import * as own from "../../src/internal/token/ownChanges.js"

const hour = 3_600_000

const self: ledgers.Recipient = { client: "", organization: "" }
const spent = (spend: ledgers.Spend): ledgers.Change => ({ _tag: "Spent", spend })
const givenBack = (spend: ledgers.Spend): ledgers.Change => ({ _tag: "GivenBack", spend })
const unanswered = (spend: ledgers.Spend): ledgers.Change => ({ _tag: "Unanswered", spend })
const announced = (name: string, remaining: number) =>
  ledgers.announced([{ name, counts: "client", limit: 10, remaining, resetsAt: hour }], 0, self)

describe("the changes that the store does not have", () => {
  it("are applied to the ledger that it has", () => {
    const changes = own.added([], [spent(1), spent(2), spent(3), unanswered(2), givenBack(7)])
    assert.deepStrictEqual(own.appliedTo({ spent: [0, 7], quotas: [] }, changes), {
      spent: [0, 1, ledgers.spendOf(2, self, true), 3],
      quotas: []
    })
  })

  it("are empty for a request that was returned, and one for repeated announcements", () => {
    assert.deepStrictEqual(own.added([spent(1), spent(2)], [givenBack(1)]), [spent(2)])
    assert.deepStrictEqual(own.added([spent(1), spent(1)], [givenBack(1)]), [spent(1)])
    assert.deepStrictEqual(own.added([spent(1)], [givenBack(2)]), [spent(1), givenBack(2)])
    const restored: ledgers.Change = { _tag: "Restored", spend: 1 }
    assert.deepStrictEqual(own.added([restored], [givenBack(1)]), [restored, givenBack(1)])
    assert.deepStrictEqual(own.added([spent(1)], [announced("a", 1)]), [spent(1), announced("a", 1)])
    const [one, ...more] = own.added([announced("a", 1), announced("b", 2)], [announced("a", 3), spent(1)])
    assert.deepStrictEqual(more, [spent(1)])
    assert(one?._tag === "Announced")
    assert.deepStrictEqual(one.quotas.map(({ name, remaining }) => [name, remaining]), [["b", 2], ["a", 3]])
    assert.deepStrictEqual(own.added([spent(1)], [{ _tag: "Reset", at: 2 }]), [{ _tag: "Reset", at: 2 }])
  })
})

describe("a process that cannot count with the others", () => {
  const isAllowed = (tokens: number, owed: ReadonlyArray<ledgers.Change>, fraction = 1, limit = Infinity) =>
    own.isAllowedAlone(
      { tokens, fraction },
      { spent: [0, 0], quotas: [] },
      owed,
      [spent(9)],
      (ledger) => Math.max(0, limit - ledger.spent.length)
    )

  it("may request as many tokens as it is configured to", () => {
    assert.isFalse(isAllowed(0, []))
    assert.isTrue(isAllowed(1, []))
    assert.isFalse(isAllowed(1, [spent(1)]))
    assert.isTrue(isAllowed(3, [spent(1), spent(2)]))
    // A returned request or an announcement of the issuer is not a request.
    assert.isTrue(isAllowed(1, [givenBack(1), announced("a", 1)]))
  })

  it("may request at most the fraction of what the requests of others leave", () => {
    assert.isTrue(isAllowed(9, [spent(1)], 1 / 4, 10))
    assert.isFalse(isAllowed(9, [spent(1), spent(2)], 1 / 4, 10))
    // Requests that were restored are those of others.
    assert.isTrue(isAllowed(9, [], 1 / 4, 6))
    assert.isFalse(isAllowed(9, [{ _tag: "Restored", spend: 1 }], 1 / 4, 6))
    assert.isFalse(isAllowed(9, [], 1, 2))
    for (let left = 1; left < 100; left += 1) assert.isTrue(isAllowed(1, [], 1 / left, left + 2), `1 / ${left}`)
  })
})

describe("a process whose write lost to another", () => {
  it("writes again at once with the latest changes, and otherwise after a random, growing pause", () => {
    const pauses = [1, 2, 3, 4, 5, 6, 7, 8].map((losses) => own.pauseAfter(losses, 1, 1))
    assert.deepStrictEqual(pauses, [0, 64, 0, 128, 0, 256, 0, 512])
    assert.strictEqual(own.pauseAfter(4, 1, 0.5), 64)
    assert.strictEqual(own.pauseAfter(40, 1, 1), 2000)
    assert.strictEqual(own.pauseAfter(2, 0, 1), 0)
  })
})
