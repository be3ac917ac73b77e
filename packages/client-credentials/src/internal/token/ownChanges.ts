/**
 * The changes of a process to a ledger that the store does not have yet, and how many tokens a process may request that
 * cannot count with the others. All times are in milliseconds since the epoch.
 */
import * as ledgers from "./ledger.js"

const isSpent = (spend: ledgers.Spend) => (one: ledgers.Change): boolean =>
  one._tag === "Spent" && ledgers.isSame(one.spend, spend)

const plus = (all: ReadonlyArray<ledgers.Change>, change: ledgers.Change): ReadonlyArray<ledgers.Change> => {
  switch (change._tag) {
    case "Reset":
      return [change]
    case "GivenBack": {
      const index = all.findIndex(isSpent(change.spend))
      return index === -1 ? [...all, change] : all.filter((_, other) => other !== index)
    }
    case "Announced": {
      const before = all.flatMap((one) => one._tag === "Announced" ? one.quotas : [])
      const { quotas } = ledgers.apply({ spent: [], quotas: before }, change)
      return [...all.filter(({ _tag }) => _tag !== "Announced"), { _tag: "Announced", quotas }]
    }
    default:
      return [...all, change]
  }
}

/**
 * The changes with further ones, in so few that a store which is away for long costs no memory: a request that is given back
 * before the store learned of it leaves nothing behind, and there is one announcement.
 */
export const added = (
  changes: ReadonlyArray<ledgers.Change>,
  more: ReadonlyArray<ledgers.Change>
): ReadonlyArray<ledgers.Change> => more.reduce(plus, changes)

/** A ledger with these changes. */
export const appliedTo = (ledger: ledgers.Ledger, changes: ReadonlyArray<ledgers.Change>): ledgers.Ledger =>
  changes.reduce(ledgers.apply, ledger)

/** Whether a process that cannot count with the others may request a token, if it may request so many in an outage. */
export const isAllowedAlone = (withoutStore: number, changes: ReadonlyArray<ledgers.Change>): boolean =>
  changes.filter(({ _tag }) => _tag === "Spent").length < withoutStore

/** The longest pause of a process that wrote at the same time as others, in milliseconds. */
const longestPause = 2000

/** The first pause, as a multiple of the time in which the store answers. */
const firstPause = 64

/**
 * How long a process waits that lost to others so many times in a row, in milliseconds: a random time that grows. After each
 * pause the ledger that it knows is an old one, as it is in the beginning, so every other attempt follows at once, by the
 * ledger that the store returned. The random number is from 0 to 1.
 */
export const pauseAfter = (losses: number, answeredIn: number, random: number): number =>
  losses % 2 === 1 ? 0 : random * Math.min(longestPause, firstPause * answeredIn * 2 ** (losses / 2 - 1))
