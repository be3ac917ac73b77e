/**
 * Decides which token requests a budget allows, from the previous requests and the quotas that the issuer announced. All times
 * are in milliseconds since the epoch.
 */
import type { Quota } from "../protocol/issuerQuota.js"
import { endOfOld, endsOf, keptFor, type Window } from "./budgetWindow.js"
import { maxSkew } from "./instant.js"
import * as retention from "./retention.js"
import * as unanswered from "./unanswered.js"

export interface Limit {
  readonly limit: number
  readonly window: Window
}

export interface Budget {
  /** Limits that all apply. Empty when only the quotas of the issuer apply. */
  readonly limits: ReadonlyArray<Limit>
  /** The fraction of every limit that is reserved for callers without a token. */
  readonly reserveFraction: number
}

/** Recipient of a token: the client, empty in a budget of one client, and the organization, empty for none. */
export interface Recipient {
  readonly client: string
  readonly organization: string
}

interface DetailedSpend extends Recipient {
  readonly at: number
  /** True if it is unknown whether a token was issued. */
  readonly isUnknown: boolean
}

/** A counted token request: only its time if it has no other details, since there may be thousands. */
export type Spend = number | DetailedSpend

/** A quota that the issuer announced to a client. */
export interface AnnouncedQuota {
  readonly name: string
  readonly client: string
  /** Organization whose tokens it counts, empty for no organization; absent when it counts all tokens of the client. */
  readonly organization?: string | undefined
  readonly limit: number
  readonly remaining: number
  readonly resetsAt: number
  readonly announcedAt: number
}

export interface Ledger {
  /** Counted requests, ordered by time. */
  readonly spent: ReadonlyArray<Spend>
  readonly quotas: ReadonlyArray<AnnouncedQuota>
  /** Moment of the last reset. Requests until then count no longer, also those in the copies of other processes. */
  readonly resetAt?: number | undefined
  /** Times for which the processes that share the ledger keep requests; absent before the first write. */
  readonly retentions?: ReadonlyArray<retention.Retention> | undefined
}

export const empty: Ledger = { spent: [], quotas: [] }

/** Returns a request in its shortest form. */
export const spendOf = (at: number, { client, organization }: Recipient, isUnknown = false): Spend =>
  client === "" && organization === "" && !isUnknown ? at : { at, client, organization, isUnknown }

export const detailsOf = (spend: Spend): DetailedSpend =>
  typeof spend === "number" ? { at: spend, client: "", organization: "", isUnknown: false } : spend

const atOf = (spend: Spend): number => typeof spend === "number" ? spend : spend.at

/** Returns the index of the first request after a moment. */
const indexAfter = (spent: ReadonlyArray<Spend>, moment: number): number => {
  let [low, high] = [0, spent.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (atOf(spent[middle] ?? 0) > moment) high = middle
    else low = middle + 1
  }
  return low
}

/** Requests that count against a limit or an announced quota. */
interface Tally {
  /** Number of requests that issued a token or are in flight. */
  readonly known: number
  /** Number of requests with an unknown outcome. */
  readonly unknown: number
  /** Last consecutive requests with an unknown outcome, if no request got a response after them. */
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

/** Rest of a limit or an announced quota, and the moment from which the next request may follow. */
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

/** Maximum number of announced quotas that are kept. Those with the most tokens left are dropped first. */
export const maxQuotas = 200

export interface Exhausted {
  readonly _tag: "Exhausted"
  readonly limit: number
  readonly resetsAt: number
  /** True if a caller without a token would be granted one. */
  readonly reserved: boolean
  /** Owner of the limit that is reached, or `unanswered` if previous requests without a response delay this one. */
  readonly by: "budget" | "issuer" | "unanswered"
}

export interface Granted {
  readonly _tag: "Granted"
  readonly spend: Spend
  /** Number of token requests in the window of each limit, including this one. */
  readonly counts: ReadonlyArray<number>
  /** Number of tokens left by the tightest limit; `Infinity` without a limit. */
  readonly left: number
}

export type Verdict = Granted | Exhausted

/** A limit of the budget at a moment. */
interface Counted extends Limit, Rest {
  /** Index of the first request that counts. */
  readonly from: number
  readonly tally: Tally
  /** Returns the moment at which a request no longer counts. */
  readonly endOf: (at: number) => number
}

const countedBy = ({ limit, window }: Limit, spent: ReadonlyArray<Spend>, now: number): Counted => {
  const from = indexAfter(spent, endOfOld(window, now))
  const counted = tally(spent, from)
  const endOf = endsOf(window, now)
  return { limit, window, from, tally: counted, endOf, ...restOf(limit, counted, endOf) }
}

/** Returns the moment at which more than `reserve` tokens are left of a limit and the next request may follow. */
const roomAt = (counted: Counted, spent: ReadonlyArray<Spend>, reserve: number, now: number): number => {
  const { endOf, from, limit, tally: { row } } = counted
  let [moment, known, unknown] = [now, counted.tally.known, counted.tally.unknown]
  for (let index = from; index < spent.length; index += 1) {
    const { at, isUnknown } = detailsOf(spent[index] ?? 0)
    const end = endOf(at)
    const rest = restOf(limit, { known, unknown, row: row && { ...row, first: Math.max(row.first, at) } }, endOf)
    const due = Math.max(moment, rest.dueAt)
    if (rest.left > reserve && due < end) return due
    moment = end
    if (isUnknown) unknown -= 1
    else known -= 1
  }
  return moment
}

/** Returns whether more than `reserve` tokens are left and the next request may follow now. */
const isOpen = ({ dueAt, left }: Rest, now: number, reserve = 0): boolean => left > reserve && dueAt <= now

/**
 * Allows one more token request if every limit that counts it has room. The ledger must be that of the present moment: see
 * `current`.
 */
export const spend = (
  { limits, reserveFraction }: Budget,
  { quotas, spent }: Ledger,
  now: number,
  isRenewal: boolean,
  recipient: Recipient
): Verdict => {
  const counted = limits.map((limit) => countedBy(limit, spent, now))
  const quotaRests = quotas.filter((quota) => countsFor(quota, recipient)).map((quota) => ({
    quota,
    rest: restOfQuota(quota, spent)
  }))
  const rests: ReadonlyArray<Rest> = [...counted, ...quotaRests.map(({ rest }) => rest)]
  // The reserve matters only while a caller without a token would be granted one: otherwise all wait, and no longer than it.
  const isReserving = isRenewal && rests.every((rest) => isOpen(rest, now))
  const reserveOf = (limit: number) => isReserving ? Math.floor(limit * reserveFraction) : 0
  const all = [
    ...counted.map((one) => ({
      limit: one.limit,
      rest: one,
      by: "budget" as const,
      resetsAt: () => roomAt(one, spent, reserveOf(one.limit), now)
    })),
    ...quotaRests.map(({ quota, rest }) => ({
      limit: quota.limit,
      rest,
      by: "issuer" as const,
      resetsAt: () => rest.left > reserveOf(quota.limit) ? Math.min(rest.dueAt, quota.resetsAt) : quota.resetsAt
    }))
  ]
  const [longest] = all
    .filter(({ limit, rest }) => !isOpen(rest, now, reserveOf(limit)))
    .map(({ by, limit, resetsAt, rest }): Exhausted => ({
      _tag: "Exhausted",
      limit,
      resetsAt: resetsAt(),
      reserved: isReserving,
      by: rest.left > reserveOf(limit) ? "unanswered" : by
    }))
    .sort((one, other) => other.resetsAt - one.resetsAt)
  return longest ?? {
    _tag: "Granted",
    // After requests without a response, this one counts as unknown until its outcome is known; others wait for it.
    spend: spendOf(now, recipient, counted.some(({ tally }) => tally.row !== undefined)),
    counts: counted.map(({ left, limit }) => limit - left + 1),
    left: Math.max(0, Math.min(...rests.map((rest) => rest.left)) - 1)
  }
}

/** Returns the number of tokens left for a recipient, by the tightest limit; `Infinity` without a limit. */
export const left = ({ limits }: Budget, { quotas, spent }: Ledger, now: number, recipient: Recipient): number =>
  Math.max(
    0,
    Math.min(
      ...limits.map((limit) => countedBy(limit, spent, now).left),
      ...quotas.filter((quota) => countsFor(quota, recipient)).map((quota) => restOfQuota(quota, spent).left)
    )
  )

/** Usage of a limit or an announced quota. */
export interface Usage {
  readonly limit: number
  /** Number of token requests that count. */
  readonly counted: number
  readonly left: number
  /** Moment from which one more token may be requested. */
  readonly roomAt: number
}

/** Returns the usage of each limit of the budget and of each announced quota at a moment. */
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

/** Returns the time for which a budget keeps a request: its longest window, but at least one hour. */
const ownTime = ({ limits }: Budget): number =>
  Math.ceil(Math.max(hour, ...limits.map(({ window }) => keptFor(window))))

/** Returns the time for which a ledger keeps a request: the longest of all processes that share it. */
const kept = (budget: Budget, { retentions = [] }: Ledger, now: number): number =>
  retention.longest(retentions, ownTime(budget), now)

/** Returns the ledger as the budget writes it, with the time for which the budget keeps requests. */
export const stated = (budget: Budget, ledger: Ledger, now: number): Ledger => ({
  ...ledger,
  retentions: retention.stated(ledger.retentions ?? [], ownTime(budget), now)
})

/** Returns whether the other processes that share the ledger keep its requests for as long as the budget needs them. */
export const isStated = (budget: Budget, { retentions = [], spent }: Ledger, now: number): boolean =>
  spent.length === 0 || retention.isStated(retentions, ownTime(budget), now)

/**
 * Returns the ledger at a moment, without requests that no longer count for any process that shares it. Requests of the
 * future count as well, since the clock of the store may have been set back, but not those that are further ahead than a
 * request is kept: these are of a process whose clock was wrong. Requests that the budget no longer counts are subtracted
 * from the quotas that still count them.
 */
export const current = (budget: Budget, ledger: Ledger, now: number): Ledger => {
  const { quotas, spent } = ledger
  const time = kept(budget, ledger, now)
  const from = indexAfter(spent, now - time)
  const to = indexAfter(spent, now + time)
  const old = spent.slice(0, from)
  return {
    ...ledger,
    spent: from === 0 && to === spent.length ? spent : spent.slice(from, to),
    quotas: quotas
      .filter(({ announcedAt, resetsAt }) => resetsAt > now && announcedAt <= now + maxSkew)
      .map((quota) => ({ ...quota, remaining: Math.max(0, restOfQuota(quota, old).left) }))
  }
}

/** Returns the moment until which the store keeps a ledger that is written now. */
export const expiresAt = (budget: Budget, ledger: Ledger, now: number): number =>
  Math.max(now + kept(budget, ledger, now), ...ledger.quotas.map(({ resetsAt }) => resetsAt))

/** Changes that follow from a decision. */
export type Change =
  | { readonly _tag: "Spent"; readonly spend: Spend }
  /** The request was counted earlier, and the store has lost it. */
  | { readonly _tag: "Restored"; readonly spend: Spend }
  /** The request certainly issued nothing. */
  | { readonly _tag: "GivenBack"; readonly spend: Spend }
  /** It is not known whether the request issued a token. */
  | { readonly _tag: "Unanswered"; readonly spend: Spend }
  /** The request, which followed others that were not answered, issued a token. */
  | { readonly _tag: "Issued"; readonly spend: Spend }
  | { readonly _tag: "Announced"; readonly quotas: ReadonlyArray<AnnouncedQuota> }
  | { readonly _tag: "Reset"; readonly at: number }

/** Returns the changes that follow from the outcome of a request: none if it was counted with that outcome. */
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

/** Returns the list without the element, or the identical list if it has no such element. */
const withoutSpend = (spent: ReadonlyArray<Spend>, spend: Spend): ReadonlyArray<Spend> => {
  // Requests are usually given back soon: search from the end.
  let index = spent.length - 1
  while (index >= 0 && !isSame(spent[index] ?? 0, spend)) index -= 1
  return index === -1 ? spent : [...spent.slice(0, index), ...spent.slice(index + 1)]
}

/** Returns the change that announces quotas to a client, per organization where the issuer counts so. */
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

/** Adds announced quotas. Each replaces the previous announcement. */
export const withQuotas = (
  known: ReadonlyArray<AnnouncedQuota>,
  more: ReadonlyArray<AnnouncedQuota>
): ReadonlyArray<AnnouncedQuota> => {
  const all = [...known.filter((one) => !more.some((other) => isSameQuota(one, other))), ...more]
  return all.length <= maxQuotas
    ? all
    : [...all].sort((one, other) => one.remaining - other.remaining).slice(0, maxQuotas)
}

/** Returns the ledger after a change. */
export const apply = (ledger: Ledger, change: Change): Ledger => {
  const { quotas, spent } = ledger
  switch (change._tag) {
    case "Restored":
    case "Spent":
      return { ...ledger, spent: withSpend(spent, change.spend) }
    case "GivenBack":
      return { ...ledger, spent: withoutSpend(spent, change.spend) }
    case "Issued":
    case "Unanswered": {
      const rest = withoutSpend(spent, change.spend)
      const { at, ...recipient } = detailsOf(change.spend)
      return rest === spent
        ? ledger
        : { ...ledger, spent: withSpend(rest, spendOf(at, recipient, change._tag === "Unanswered")) }
    }
    case "Announced":
      return { ...ledger, quotas: withQuotas(quotas, change.quotas) }
    case "Reset":
      return {
        ...empty,
        resetAt: change.at,
        ...(ledger.retentions === undefined ? {} : { retentions: ledger.retentions })
      }
  }
}
