/**
 * Requests that a store has lost: it evicted the ledger, was restored from a backup, or failed over to a replica that lacked
 * the last writes. All times are in milliseconds since the epoch.
 */
import * as ledgers from "./ledger.js"
import * as retention from "./retention.js"

/**
 * Time in milliseconds by which a process expects its requests for less long than ledgers keep them, so that another process
 * with a faster clock may remove them first.
 */
const margin = 1_800_000

/** Returns the requests of this process that a ledger must have, after changes that the store received. */
export const expected = (
  budget: ledgers.Budget,
  own: ledgers.Ledger,
  changes: ReadonlyArray<ledgers.Change>,
  now: number
): ledgers.Ledger =>
  ledgers.current(
    budget,
    changes.filter(({ _tag }) => _tag !== "Announced").reduce(ledgers.apply, own),
    now + margin
  )

const atOf = (spend: ledgers.Spend): number => ledgers.detailsOf(spend).at

/** Returns the requests of a ledger that the last reset of another one does not cover. */
const since = ({ resetAt: own = -Infinity, spent }: ledgers.Ledger, { resetAt = -Infinity }: ledgers.Ledger) =>
  resetAt > own ? spent.filter((spend) => atOf(spend) > resetAt) : spent

/** Returns the requests of a known ledger that another one should have and does not, whatever became of them meanwhile. */
export const missing = (known: ledgers.Ledger, stored: ledgers.Ledger): ReadonlyArray<ledgers.Spend> => {
  const found = new Set<number>()
  const spent = since(stored, known)
  let from = 0
  return since(known, stored).filter((spend) => {
    const { at, client, organization } = ledgers.detailsOf(spend)
    while (from < spent.length && atOf(spent[from] ?? 0) < at) from += 1
    for (let index = from; index < spent.length; index += 1) {
      const other = ledgers.detailsOf(spent[index] ?? 0)
      if (other.at !== at) return true
      if (found.has(index) || other.client !== client || other.organization !== organization) continue
      found.add(index)
      return false
    }
    return true
  })
}

/** Maximum number of requests that are stored beside a token. */
const maxTimes = 200

/** Returns the times of requests with those that still count, and the moment until which the last one counts. */
export const withTime = (budget: ledgers.Budget, times: ReadonlyArray<number>, at: number) => {
  const all = [...times, at].sort((one, other) => one - other)
  const { spent } = ledgers.current(budget, { ...ledgers.empty, spent: all }, at)
  return {
    times: spent.slice(-maxTimes).map(atOf),
    until: ledgers.expiresAt(budget, ledgers.empty, at)
  }
}

/** Returns the changes that restore requests, of which only the times are known, in a ledger that lacks them. */
export const restored = (
  budget: ledgers.Budget,
  times: ReadonlyArray<number>,
  recipient: ledgers.Recipient,
  ledger: ledgers.Ledger,
  now: number
): ReadonlyArray<ledgers.Change> => {
  const spent = times.map((at) => ledgers.spendOf(at, recipient))
  return missing(expected(budget, { ...ledgers.empty, spent }, [], now), ledger)
    .map((spend) => ({ _tag: "Restored", spend }))
}

/** Adds to a ledger what the store lost of a known one. */
export const merged = (known: ledgers.Ledger, stored: ledgers.Ledger): ledgers.Ledger => {
  const lost = missing(known, stored)
  const kept = since(stored, known)
  const { retentions = [] } = known
  if (lost.length + known.quotas.length + retentions.length === 0 && kept === stored.spent) return stored
  const resetAt = Math.max(known.resetAt ?? -Infinity, stored.resetAt ?? -Infinity)
  return {
    spent: lost.length === 0
      ? kept
      : [...kept, ...lost].sort((one, other) => atOf(one) - atOf(other)),
    quotas: ledgers.withQuotas(known.quotas, stored.quotas),
    ...(resetAt === -Infinity ? {} : { resetAt }),
    ...(retentions.length === 0 && stored.retentions === undefined
      ? {}
      : { retentions: retention.compacted([...retentions, ...stored.retentions ?? []]) })
  }
}
