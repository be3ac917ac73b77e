/**
 * The token requests that a budget allows, as a pure function of those made before and of the quotas that the issuer
 * announced. All times are in milliseconds since the epoch.
 */
import type { Quota } from "../protocol/issuerQuota.js"
import { endOfOld, keptFor, next, type Window } from "./budgetWindow.js"
import { maxSkew } from "./instant.js"
import * as unanswered from "./unanswered.js"

export interface Limit {
  readonly limit: number
  readonly window: Window
}

export interface Budget {
  /** All of them are kept. There may be none, where only the issuer's quotas limit. */
  readonly limits: ReadonlyArray<Limit>
  /** The fraction of every limit that is reserved for callers without a token. */
  readonly reserveFraction: number
}

/** Who a token is for: the client, empty in a budget of one client, and the organization, empty for none. */
export interface Recipient {
  readonly client: string
  readonly organization: string
}

interface DetailedSpend extends Recipient {
  readonly at: number
  /** Whether it is not known if a token was issued. */
  readonly isUnknown: boolean
}

/** A counted token request: its time alone where there is no more to state, since there may be thousands. */
export type Spend = number | DetailedSpend

/** A quota that the issuer announced to a client. */
export interface AnnouncedQuota {
  readonly name: string
  readonly client: string
  /** Whose tokens it counts, empty for those of no organization; absent when it counts all tokens of the client. */
  readonly organization?: string | undefined
  readonly limit: number
  readonly remaining: number
  readonly resetsAt: number
  readonly announcedAt: number
}

export interface Ledger {
  /** In the order of their times. */
  readonly spent: ReadonlyArray<Spend>
  readonly quotas: ReadonlyArray<AnnouncedQuota>
}

export const empty: Ledger = { spent: [], quotas: [] }

/** A request of a ledger in its shortest form. */
export const spendOf = (at: number, { client, organization }: Recipient, isUnknown = false): Spend =>
  client === "" && organization === "" && !isUnknown ? at : { at, client, organization, isUnknown }

export const detailsOf = (spend: Spend): DetailedSpend =>
  typeof spend === "number" ? { at: spend, client: "", organization: "", isUnknown: false } : spend

const atOf = (spend: Spend): number => typeof spend === "number" ? spend : spend.at

/** The index of the first request after a moment. */
const indexAfter = (spent: ReadonlyArray<Spend>, moment: number): number => {
  let [low, high] = [0, spent.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (atOf(spent[middle] ?? 0) > moment) high = middle
    else low = middle + 1
  }
  return low
}

/** What counts of a limit, or of an announced quota. */
interface Tally {
  /** How many requests issued a token, or are not answered yet. */
  readonly known: number
  /** Of how many requests the outcome is unknown. */
  readonly unknown: number
  /** The last of them in a row, if no request was answered after them. */
  readonly row: unanswered.Row | undefined
}

const tally = (spent: ReadonlyArray<Spend>, from: number, isCounted?: (spend: Spend) => boolean): Tally => {
  let [known, unknown, last] = [0, 0, 0]
  let first: number | undefined
  for (let index = from; index < spent.length; index += 1) {
    const spend = spent[index] ?? 0
    if (isCounted !== undefined && !isCounted(spend)) continue
    if (typeof spend !== "number" && spend.isUnknown) {
      unknown += 1
      first ??= spend.at
      last = spend.at
    } else {
      known += 1
      first = undefined
    }
  }
  return { known, unknown, row: first === undefined ? undefined : { first, last } }
}

/** A limit, or an announced quota, of which some are left, and when the next request may follow the last one. */
interface Rest {
  readonly left: number
  readonly dueAt: number
}

/** `endOf` returns when a request no longer counts. */
const restOf = (remaining: number, { known, row, unknown }: Tally, endOf: (at: number) => number): Rest => ({
  left: remaining - known - unknown,
  dueAt: row === undefined
    ? -Infinity
    : unanswered.dueAt(row, { room: remaining - known, unknown, end: endOf(row.first) })
})

const countsFor = ({ client, organization }: AnnouncedQuota, wanted: Recipient): boolean =>
  client === wanted.client && (organization === undefined || organization === wanted.organization)

const restOfQuota = (quota: AnnouncedQuota, spent: ReadonlyArray<Spend>): Rest =>
  restOf(
    quota.remaining,
    tally(spent, indexAfter(spent, quota.announcedAt), (spend) => countsFor(quota, detailsOf(spend))),
    () => quota.resetsAt
  )

/** The most announced quotas that are kept; those with the most left are dropped first. */
export const maxQuotas = 200

export interface Exhausted {
  readonly _tag: "Exhausted"
  readonly limit: number
  readonly resetsAt: number
  /** Whether a caller without a token would be granted one. */
  readonly reserved: boolean
  /** Whose limit is reached, or that requests before were not answered, so that this one has to wait. */
  readonly by: "budget" | "issuer" | "unanswered"
}

export interface Granted {
  readonly _tag: "Granted"
  readonly spend: Spend
  /** How many token requests count now in the window of each limit, including this one. */
  readonly counts: ReadonlyArray<number>
  /** How many tokens are left, by the tightest limit; infinitely many without one. */
  readonly left: number
}

export type Verdict = Granted | Exhausted

/** A limit of the budget at a moment. */
interface Counted extends Limit, Rest {
  /** The index of the first request that counts. */
  readonly from: number
  readonly tally: Tally
  /** When a request that counts no longer does. */
  readonly endOf: (at: number) => number
}

const countedBy = ({ limit, window }: Limit, spent: ReadonlyArray<Spend>, now: number): Counted => {
  const from = indexAfter(spent, endOfOld(window, now))
  const counted = tally(spent, from)
  let nextPeriod: number | undefined
  const endOf = (at: number) => window._tag === "Sliding" ? at + window.millis : nextPeriod ??= next(window, now)
  return { limit, window, from, tally: counted, endOf, ...restOf(limit, counted, endOf) }
}

/** When more than so many are left of a limit, and the next request may follow. */
const roomAt = (counted: Counted, spent: ReadonlyArray<Spend>, reserve: number, now: number): number => {
  const { endOf, from, limit, tally: { row }, window } = counted
  let [moment, known, unknown] = [now, counted.tally.known, counted.tally.unknown]
  for (let index = from; index < spent.length; index += 1) {
    const { at, isUnknown } = detailsOf(spent[index] ?? 0)
    const end = endOf(at)
    const rest = restOf(limit, { known, unknown, row: row && { ...row, first: Math.max(row.first, at) } }, endOf)
    const due = Math.max(moment, rest.dueAt)
    if (rest.left > reserve && due < end) return due
    moment = end
    // All of a day or month end with it.
    if (window._tag === "Calendar") break
    if (isUnknown) unknown -= 1
    else known -= 1
  }
  return moment
}

/** Whether more than so many are left, and the next request may follow now. */
const isOpen = ({ dueAt, left }: Rest, now: number, reserve = 0): boolean => left > reserve && dueAt <= now

/**
 * Allows one more token request, if every limit that counts it has room for it. The ledger must be that of the moment: see
 * `current`.
 */
export const spend = (
  { limits, reserveFraction }: Budget,
  { quotas, spent }: Ledger,
  now: number,
  isRenewal: boolean,
  recipient: Recipient
): Verdict => {
  const reserveOf = (limit: number) => isRenewal ? Math.floor(limit * reserveFraction) : 0
  const counted = limits.map((limit) => countedBy(limit, spent, now))
  const all = [
    ...counted.map((one) => ({
      limit: one.limit,
      rest: one,
      by: "budget" as const,
      resetsAt: () => roomAt(one, spent, reserveOf(one.limit), now)
    })),
    ...quotas.filter((quota) => countsFor(quota, recipient)).map((quota) => {
      const rest = restOfQuota(quota, spent)
      return {
        limit: quota.limit,
        rest,
        by: "issuer" as const,
        resetsAt: () => rest.left > reserveOf(quota.limit) ? Math.min(rest.dueAt, quota.resetsAt) : quota.resetsAt
      }
    })
  ]
  const [longest] = all
    .filter(({ limit, rest }) => !isOpen(rest, now, reserveOf(limit)))
    .map(({ by, limit, resetsAt, rest }): Exhausted => ({
      _tag: "Exhausted",
      limit,
      resetsAt: resetsAt(),
      reserved: all.every(({ rest }) => isOpen(rest, now)),
      by: rest.left > reserveOf(limit) ? "unanswered" : by
    }))
    .sort((one, other) => other.resetsAt - one.resetsAt)
  return longest ?? {
    _tag: "Granted",
    // While requests are not answered, this one is none that was: others wait for its outcome.
    spend: spendOf(now, recipient, counted.some(({ tally }) => tally.row !== undefined)),
    counts: counted.map(({ left, limit }) => limit - left + 1),
    left: Math.max(0, Math.min(...all.map(({ rest }) => rest.left)) - 1)
  }
}

/** How many tokens are left for a recipient, by the tightest limit; infinitely many without one. */
export const left = ({ limits }: Budget, { quotas, spent }: Ledger, now: number, recipient: Recipient): number =>
  Math.max(
    0,
    Math.min(
      ...limits.map((limit) => countedBy(limit, spent, now).left),
      ...quotas.filter((quota) => countsFor(quota, recipient)).map((quota) => restOfQuota(quota, spent).left)
    )
  )

/** A limit, or an announced quota, as it is shown. */
export interface Usage {
  readonly limit: number
  /** How many token requests count. */
  readonly counted: number
  readonly left: number
  /** When one more may be requested. */
  readonly roomAt: number
}

/** What counts at a moment: for each limit of the budget, and for each announced quota. */
export const usage = (
  { limits }: Budget,
  { quotas, spent }: Ledger,
  now: number
): {
  readonly limits: ReadonlyArray<Usage & Limit>
  readonly quotas: ReadonlyArray<
    Usage & Pick<AnnouncedQuota, "name" | "client"> & { readonly organization: string | undefined }
  >
} => ({
  limits: limits.map((one) => {
    const counted = countedBy(one, spent, now)
    const { left } = counted
    return { ...one, counted: one.limit - left, left: Math.max(0, left), roomAt: roomAt(counted, spent, 0, now) }
  }),
  quotas: quotas.map((quota) => {
    const { client, limit, name, organization, resetsAt } = quota
    const { dueAt, left } = restOfQuota(quota, spent)
    const room = left > 0 ? Math.min(Math.max(now, dueAt), resetsAt) : resetsAt
    return { name, client, organization, limit, counted: limit - left, left: Math.max(0, left), roomAt: room }
  })
})

const hour = 3_600_000

/** How long a request is kept: as long as the longest window counts it, and an hour. */
const kept = ({ limits }: Budget): number => Math.max(hour, ...limits.map(({ window }) => keptFor(window)))

/**
 * The ledger of a moment, without what no longer counts, and without what a process wrote whose clock was ahead. Requests
 * that the budget no longer counts are subtracted from the quotas that still count them.
 */
export const current = (budget: Budget, { quotas, spent }: Ledger, now: number): Ledger => {
  const from = indexAfter(spent, now - kept(budget))
  const to = indexAfter(spent, now + maxSkew)
  const old = spent.slice(0, from)
  return {
    spent: from === 0 && to === spent.length ? spent : spent.slice(from, to),
    quotas: quotas
      .filter(({ announcedAt, resetsAt }) => resetsAt > now && announcedAt <= now + maxSkew)
      .map((quota) => ({ ...quota, remaining: Math.max(0, restOfQuota(quota, old).left) }))
  }
}

/** Until when the store keeps a ledger that was written now. */
export const expiresAt = (budget: Budget, { quotas }: Ledger, now: number): number =>
  Math.max(now + kept(budget), ...quotas.map(({ resetsAt }) => resetsAt))

/** What a decision changes. */
export type Change =
  | { readonly _tag: "Spent"; readonly spend: Spend }
  /** The request certainly issued nothing. */
  | { readonly _tag: "GivenBack"; readonly spend: Spend }
  /** It is not known whether the request issued a token. */
  | { readonly _tag: "Unanswered"; readonly spend: Spend }
  /** The request, which followed others that were not answered, issued a token. */
  | { readonly _tag: "Issued"; readonly spend: Spend }
  | { readonly _tag: "Announced"; readonly quotas: ReadonlyArray<AnnouncedQuota> }
  | { readonly _tag: "Reset" }

/** What the outcome of a request changes. Most were counted as what they are. */
export const settled = (spend: Spend, outcome: "issued" | "unknown" | "none"): ReadonlyArray<Change> => {
  if (outcome === "none") return [{ _tag: "GivenBack", spend }]
  if (detailsOf(spend).isUnknown === (outcome === "unknown")) return []
  return [{ _tag: outcome === "unknown" ? "Unanswered" : "Issued", spend }]
}

export const isSame = (one: Spend, other: Spend): boolean => {
  const [left, right] = [detailsOf(one), detailsOf(other)]
  return left.at === right.at && left.client === right.client && left.organization === right.organization &&
    left.isUnknown === right.isUnknown
}

const withSpend = (spent: ReadonlyArray<Spend>, spend: Spend): ReadonlyArray<Spend> => {
  const index = indexAfter(spent, atOf(spend))
  return [...spent.slice(0, index), spend, ...spent.slice(index)]
}

/** The same list, if it has no such element. */
const withoutSpend = (spent: ReadonlyArray<Spend>, spend: Spend): ReadonlyArray<Spend> => {
  // Most are given back soon.
  let index = spent.length - 1
  while (index >= 0 && !isSame(spent[index] ?? 0, spend)) index -= 1
  return index === -1 ? spent : [...spent.slice(0, index), ...spent.slice(index + 1)]
}

/** The announcement of these quotas to a client, per organization where the issuer counts so. */
export const announced = (
  quotas: ReadonlyArray<Quota>,
  now: number,
  { client, organization }: Recipient
): Change => ({
  _tag: "Announced",
  quotas: quotas.map(({ counts, ...quota }): AnnouncedQuota => ({
    ...quota,
    client,
    ...(counts === "organization" ? { organization } : {}),
    announcedAt: now
  }))
})

const isSameQuota = (one: AnnouncedQuota, other: AnnouncedQuota): boolean =>
  one.name === other.name && one.client === other.client && one.organization === other.organization

/** Each announcement replaces those before it. */
const withQuotas = (
  known: ReadonlyArray<AnnouncedQuota>,
  more: ReadonlyArray<AnnouncedQuota>
): ReadonlyArray<AnnouncedQuota> => {
  const all = [...known.filter((one) => !more.some((other) => isSameQuota(one, other))), ...more]
  return all.length <= maxQuotas
    ? all
    : [...all].sort((one, other) => one.remaining - other.remaining).slice(0, maxQuotas)
}

/** The ledger after a change. */
export const apply = (ledger: Ledger, change: Change): Ledger => {
  const { quotas, spent } = ledger
  switch (change._tag) {
    case "Spent":
      return { quotas, spent: withSpend(spent, change.spend) }
    case "GivenBack":
      return { quotas, spent: withoutSpend(spent, change.spend) }
    case "Issued":
    case "Unanswered": {
      const rest = withoutSpend(spent, change.spend)
      const { at, ...recipient } = detailsOf(change.spend)
      return rest === spent
        ? ledger
        : { quotas, spent: withSpend(rest, spendOf(at, recipient, change._tag === "Unanswered")) }
    }
    case "Announced":
      return { spent, quotas: withQuotas(quotas, change.quotas) }
    case "Reset":
      return empty
  }
}

const textOf = (spend: Spend): string => JSON.stringify(spend)

/** A ledger that was lost, as a process knows it, and the one that was begun in its place. */
export const merged = (lost: Ledger, begun: Ledger): Ledger => {
  const times = new Map<string, number>()
  for (const text of begun.spent.map(textOf)) times.set(text, (times.get(text) ?? 0) + 1)
  const missing = lost.spent.filter((spend) => {
    const text = textOf(spend)
    const more = times.get(text) ?? 0
    if (more > 0) times.set(text, more - 1)
    return more === 0
  })
  return {
    spent: [...begun.spent, ...missing].sort((one, other) => atOf(one) - atOf(other)),
    quotas: withQuotas(lost.quotas, begun.quotas)
  }
}
