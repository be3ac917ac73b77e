/**
 * The token requests that a budget allows, as a pure function of those made before and of the quotas that the issuer
 * announced.
 */
import type { Quota } from "../protocol/issuerQuota.js"

export type Window =
  /** Any period of so many milliseconds. */
  | { readonly _tag: "Sliding"; readonly millis: number }
  /** From midnight to midnight, in the time zone in which the issuer counts. */
  | { readonly _tag: "Day"; readonly timeZone: string }

export interface Budget {
  readonly limit: number
  readonly window: Window
  /** The fraction of every limit that is reserved for callers without a token. */
  readonly reserveFraction: number
}

/** A counted token request: when it was made, and for which organization if for one. */
export type Spend = number | { readonly at: number; readonly organization: string }

/** A quota that the issuer announced. */
export interface AnnouncedQuota {
  readonly name: string
  /** Whose tokens it counts, empty for those of no organization; absent when it counts all tokens of the client. */
  readonly organization?: string | undefined
  readonly limit: number
  readonly remaining: number
  readonly resetsAt: number
  readonly announcedAt: number
}

/** All times are in milliseconds since the epoch. */
export interface Ledger {
  readonly spent: ReadonlyArray<Spend>
  readonly quotas: ReadonlyArray<AnnouncedQuota>
}

export const empty: Ledger = { spent: [], quotas: [] }

/** The count of a token request at a time. */
export const spendOf = (at: number, organization: string): Spend => organization === "" ? at : { at, organization }

const atOf = (spend: Spend): number => typeof spend === "number" ? spend : spend.at

const organizationOf = (spend: Spend): string => typeof spend === "number" ? "" : spend.organization

const counts = ({ organization }: AnnouncedQuota, wanted: string): boolean =>
  organization === undefined || organization === wanted

/** How many token requests a quota counts since it was announced. */
const countedBy = (quota: AnnouncedQuota, spent: ReadonlyArray<Spend>): number =>
  spent.filter((spend) => atOf(spend) > quota.announcedAt && counts(quota, organizationOf(spend))).length

/** The most announced quotas that are kept; those with the most left are dropped first. */
export const maxQuotas = 200

export interface Exhausted {
  readonly _tag: "Exhausted"
  readonly limit: number
  readonly resetsAt: number
  /** Whether some are left, which are reserved for callers without a token. */
  readonly reserved: boolean
  readonly by: "budget" | "issuer"
}

export interface Granted {
  readonly _tag: "Granted"
  readonly ledger: Ledger
  /** How many token requests count now, including this one. */
  readonly count: number
  /** How many tokens are left, by the tightest limit. */
  readonly left: number
}

export type Verdict = Granted | Exhausted

const hour = 3_600_000

/** The calendar day in a time zone, as a string that is equal for equal days. */
const dayOf = (timeZone: string) => {
  const format = new Intl.DateTimeFormat("en-CA", { timeZone, year: "numeric", month: "2-digit", day: "2-digit" })
  return (at: number): string => format.format(at)
}

/** The start of the next day in a time zone; a day may have 23 or 25 hours. */
const nextDay = (timeZone: string, now: number): number => {
  const day = dayOf(timeZone)
  const today = day(now)
  let [low, high] = [now, now + 26 * hour]
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (day(middle) === today) low = middle
    else high = middle
  }
  return high
}

/** The times of the token requests that still count. */
const countedIn = (window: Window, moments: ReadonlyArray<Spend>, now: number): ReadonlyArray<number> => {
  const spent = moments.map(atOf)
  if (window._tag === "Sliding") return spent.filter((at) => at > now - window.millis)
  const day = dayOf(window.timeZone)
  return spent.filter((at) => day(at) === day(now))
}

/** How long a token request is kept: the window, and an hour by which the clocks of the processes may differ. */
export const keptFor = (window: Window): number => (window._tag === "Sliding" ? window.millis : 25 * hour) + hour

/** When there is room for one more token request, if no more than `allowed` may count. */
const roomAt = (window: Window, counting: ReadonlyArray<number>, allowed: number, now: number): number => {
  if (window._tag === "Day") return nextDay(window.timeZone, now)
  const oldest = [...counting].sort((one, other) => one - other)[counting.length - allowed]
  return (oldest ?? now) + window.millis
}

/** Counts one more token for an organization (empty for none), if every limit that counts it has room for it. */
export const spend = (
  { limit, reserveFraction, window }: Budget,
  { quotas, spent }: Ledger,
  now: number,
  isRenewal: boolean,
  organization: string
): Verdict => {
  const reserve = (of: number) => isRenewal ? Math.floor(of * reserveFraction) : 0
  const counting = countedIn(window, spent, now)
  const live = quotas.filter(({ resetsAt }) => resetsAt > now)
  const limits = [
    {
      limit,
      left: limit - counting.length,
      by: "budget" as const,
      resetsAt: () => roomAt(window, counting, Math.max(1, limit - reserve(limit)), now)
    },
    ...live.filter((quota) => counts(quota, organization)).map((quota) => ({
      limit: quota.limit,
      left: quota.remaining - countedBy(quota, spent),
      by: "issuer" as const,
      resetsAt: () => quota.resetsAt
    }))
  ]
  const [longest] = limits
    .filter((one) => one.left <= reserve(one.limit))
    .map((one): Exhausted => ({
      _tag: "Exhausted",
      limit: one.limit,
      resetsAt: one.resetsAt(),
      reserved: limits.every(({ left }) => left > 0),
      by: one.by
    }))
    .sort((one, other) => other.resetsAt - one.resetsAt)
  if (longest !== undefined) return longest
  // Requests that the budget no longer counts are subtracted from the quotas that still count them.
  const isOld = (spend: Spend) => atOf(spend) <= now - keptFor(window)
  const old = spent.filter(isOld)
  const quotasNow = live.map((quota) => ({ ...quota, remaining: Math.max(0, quota.remaining - countedBy(quota, old)) }))
  return {
    _tag: "Granted",
    ledger: {
      spent: [...spent.filter((spend) => !isOld(spend)), spendOf(now, organization)],
      quotas: quotasNow
    },
    count: counting.length + 1,
    left: Math.max(0, Math.min(...limits.map(({ left }) => left)) - 1)
  }
}

const isSame = (one: Spend, other: Spend): boolean =>
  atOf(one) === atOf(other) && organizationOf(one) === organizationOf(other)

/** The first list without one equal element for each of the second. */
export const without = (all: ReadonlyArray<Spend>, some: ReadonlyArray<Spend>): ReadonlyArray<Spend> => {
  const left = [...some]
  return all.filter((spend) => {
    const index = left.findIndex((other) => isSame(spend, other))
    if (index !== -1) left.splice(index, 1)
    return index === -1
  })
}

/** The ledger as if this request had not been made. */
export const withoutSpend = (ledger: Ledger, spend: Spend): Ledger => ({
  ...ledger,
  spent: without(ledger.spent, [spend])
})

/** The ledger with the quotas of a response, which replace those announced before; per organization where it counts so. */
export const withQuotas = (ledger: Ledger, quotas: ReadonlyArray<Quota>, now: number, organization: string): Ledger => {
  const announced = quotas.map(({ counts, ...quota }): AnnouncedQuota => ({
    ...quota,
    ...(counts === "organization" ? { organization } : {}),
    announcedAt: now
  }))
  const isReplaced = (known: AnnouncedQuota) =>
    announced.some((one) => one.name === known.name && one.organization === known.organization)
  const all = [
    ...ledger.quotas.filter((known) => known.resetsAt > now && !isReplaced(known)),
    ...announced
  ]
  return {
    ...ledger,
    quotas: all.length <= maxQuotas
      ? all
      : [...all].sort((one, other) => one.remaining - other.remaining).slice(0, maxQuotas)
  }
}

/** Until when the store keeps a ledger that was written now. */
export const expiresAt = ({ window }: Budget, { quotas }: Ledger, now: number): number =>
  Math.max(now + keptFor(window), ...quotas.map(({ resetsAt }) => resetsAt))

/** How many tokens are left for an organization (empty for none), by the tightest limit. */
export const left = (budget: Budget, ledger: Ledger, now: number, organization: string): number => {
  const verdict = spend(budget, ledger, now, false, organization)
  return verdict._tag === "Granted" ? verdict.left + 1 : 0
}

/**
 * What a process knows of a ledger that it shares: the ledger with its own changes, and the token requests of its own that
 * the store does not have yet.
 */
export interface Local {
  readonly ledger: Ledger
  readonly owed: ReadonlyArray<Spend>
}

/** After the stored ledger was read; undefined for a store that lost it, which then gets what this process knows. */
export const afterRead = ({ ledger, owed }: Local, stored: Ledger | undefined): Local => ({
  ledger: stored === undefined ? ledger : { quotas: stored.quotas, spent: [...stored.spent, ...owed] },
  owed
})

/** After a ledger was written to the store that has the first so many owed requests in it. */
export const afterWrite = ({ owed }: Local, ledger: Ledger, written: number): Local => ({
  ledger,
  owed: owed.slice(written)
})

/** After a ledger was decided on while the store is unavailable: what was added is owed, what was removed is not. */
export const afterAlone = (local: Local, ledger: Ledger): Local => {
  const added = without(ledger.spent, local.ledger.spent)
  const removed = without(local.ledger.spent, ledger.spent)
  return { ledger, owed: without([...local.owed, ...added], removed) }
}
