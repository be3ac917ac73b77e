/**
 * Changes of this process to a ledger that are not in the store yet, and the limit for a process that cannot reach the
 * store. All times are in milliseconds since the epoch.
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
      const quotas = ledgers.withQuotas(before, change.quotas)
      return [...all.filter(({ _tag }) => _tag !== "Announced"), { _tag: "Announced", quotas }]
    }
    default:
      return [...all, change]
  }
}

/**
 * Adds changes to a list, compacted so that a long outage of the store does not use up memory: a request that is given back
 * before it was written is removed, and only the last announcement of quotas is kept.
 */
export const added = (
  changes: ReadonlyArray<ledgers.Change>,
  more: ReadonlyArray<ledgers.Change>
): ReadonlyArray<ledgers.Change> => more.reduce(plus, changes)

/** Returns a ledger with these changes. */
export const appliedTo = (ledger: ledgers.Ledger, changes: ReadonlyArray<ledgers.Change>): ledgers.Ledger =>
  changes.reduce(ledgers.apply, ledger)

/** Number of tokens that a process may request while the store is unavailable. */
export interface Allowance {
  /** Maximum number of tokens. */
  readonly tokens: number
  /** Maximum fraction of the tokens that are left by the count that the process has. */
  readonly fraction: number
}

/**
 * Returns whether a process may make changes during an outage of the store, given those that the store does not have yet.
 * `left` returns how many tokens are left by a ledger. The fraction is of what the others leave, so the requests of this
 * process during the outage do not make it smaller.
 */
export const isAllowedAlone = (
  { fraction, tokens }: Allowance,
  known: ledgers.Ledger,
  owed: ReadonlyArray<ledgers.Change>,
  more: ReadonlyArray<ledgers.Change>,
  left: (ledger: ledgers.Ledger) => number
): boolean => {
  const changes = [...owed, ...more]
  const others = changes.filter(({ _tag }) => _tag !== "Spent")
  // 1/49 of 49 is one token, although the product of the two is less than 1.
  const part = Math.floor(fraction * left(appliedTo(known, others)) + 1e-9)
  return changes.length - others.length <= Math.min(tokens, part)
}

/** Maximum pause after a write that conflicted with those of other processes, in milliseconds. */
const longestPause = 2000

/** First pause, as a multiple of the response time of the store. */
const firstPause = 64

/**
 * Returns the pause in milliseconds after this many consecutive write conflicts: a random time that grows. After each pause
 * the known ledger is outdated, as it is at the start, so every other attempt follows immediately, based on the ledger that
 * the store returned. The random number is from 0 to 1.
 */
export const pauseAfter = (losses: number, answeredIn: number, random: number): number =>
  losses % 2 === 1 ? 0 : random * Math.min(longestPause, firstPause * answeredIn * 2 ** (losses / 2 - 1))
