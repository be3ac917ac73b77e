/**
 * Which token requests a budget allows, as a pure function of those made before and of what the issuer said.
 */
import * as Schema from "effect/Schema"

import { Moment } from "../fleet/moment.js"
import type { Quota } from "../protocol/issuerQuota.js"

export type Window =
  /** Any stretch of so many milliseconds. */
  | { readonly _tag: "Sliding"; readonly millis: number }
  /** From midnight to midnight, where the issuer counts. */
  | { readonly _tag: "Day"; readonly timeZone: string }

export interface Budget {
  readonly limit: number
  readonly window: Window
  /** Which part of every limit is kept for those who have no token. */
  readonly reserveFraction: number
}

/** A counted token request: when, in milliseconds since the epoch, and for which organization if for one. */
const Spend = Schema.Union(Moment, Schema.Struct({ at: Moment, organization: Schema.String }))

export type Spend = typeof Spend.Type

/** All moments in milliseconds since the epoch. */
export const Ledger = Schema.Struct({
  spent: Schema.Array(Spend),
  quotas: Schema.Array(Schema.Struct({
    name: Schema.String,
    /** Whose tokens it counts, empty for those of no organization; absent when it counts all of the client's. */
    organization: Schema.optional(Schema.String),
    limit: Schema.Int,
    remaining: Schema.Int,
    resetsAt: Moment,
    heardAt: Moment
  }))
})

export type Ledger = typeof Ledger.Type

type Known = Ledger["quotas"][number]

export const empty: Ledger = { spent: [], quotas: [] }

/** What the request of this moment is counted as. */
export const spendOf = (at: number, organization: string): Spend => organization === "" ? at : { at, organization }

const atOf = (spend: Spend): number => typeof spend === "number" ? spend : spend.at

const organizationOf = (spend: Spend): string => typeof spend === "number" ? "" : spend.organization

const counts = ({ organization }: Known, wanted: string): boolean =>
  organization === undefined || organization === wanted

/** How many of these an announced quota counts since it was announced. */
const countedBy = (quota: Known, spent: ReadonlyArray<Spend>): number =>
  spent.filter((spend) => atOf(spend) > quota.heardAt && counts(quota, organizationOf(spend))).length

/** How many announced quotas are remembered; those with the most left are forgotten first. */
export const maxQuotas = 200

export interface Refused {
  readonly _tag: "Refused"
  readonly limit: number
  readonly resetsAt: number
  /** Whether some are left, for those who have no token. */
  readonly reserved: boolean
  readonly by: "budget" | "issuer"
}

export interface Granted {
  readonly _tag: "Granted"
  readonly ledger: Ledger
  /** How many count now, this one among them. */
  readonly count: number
  /** How many are left, by the tightest limit. */
  readonly left: number
}

export type Verdict = Granted | Refused

const hour = 3_600_000

/** The calendar day there, as a text that is equal for equal days. */
const dayOf = (timeZone: string) => {
  const format = new Intl.DateTimeFormat("en-CA", { timeZone, year: "numeric", month: "2-digit", day: "2-digit" })
  return (at: number): string => format.format(at)
}

/** The first moment of the next day there; a day may have 23 or 25 hours. */
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

/** Those that still count. */
const within = (window: Window, moments: ReadonlyArray<Spend>, now: number): ReadonlyArray<number> => {
  const spent = moments.map(atOf)
  if (window._tag === "Sliding") return spent.filter((at) => at > now - window.millis)
  const day = dayOf(window.timeZone)
  return spent.filter((at) => day(at) === day(now))
}

/** How long a ledger remembers: the window, and an hour by which the clocks of those who share it may differ. */
export const remembered = (window: Window): number => (window._tag === "Sliding" ? window.millis : 25 * hour) + hour

/** When there is room for one more, if so many count and no more than `allowed` may. */
const roomAt = (window: Window, counting: ReadonlyArray<number>, allowed: number, now: number): number => {
  if (window._tag === "Day") return nextDay(window.timeZone, now)
  const oldest = [...counting].sort((one, other) => one - other)[counting.length - allowed]
  return (oldest ?? now) + window.millis
}

/** One more token for an organization (empty for none), if every limit that counts it has room for it. */
export const spend = (
  { limit, reserveFraction, window }: Budget,
  { quotas, spent }: Ledger,
  now: number,
  isRenewal: boolean,
  organization: string
): Verdict => {
  const reserve = (of: number) => isRenewal ? Math.floor(of * reserveFraction) : 0
  const counting = within(window, spent, now)
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
    .map((one): Refused => ({
      _tag: "Refused",
      limit: one.limit,
      resetsAt: one.resetsAt(),
      reserved: limits.every(({ left }) => left > 0),
      by: one.by
    }))
    .sort((one, other) => other.resetsAt - one.resetsAt)
  if (longest !== undefined) return longest
  // What the budget no longer counts is kept as part of the quotas that still do.
  const isOld = (spend: Spend) => atOf(spend) <= now - remembered(window)
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

/** Those of the first that are not matched by one of the second, one by one. */
export const without = (all: ReadonlyArray<Spend>, some: ReadonlyArray<Spend>): ReadonlyArray<Spend> => {
  const left = [...some]
  return all.filter((spend) => {
    const index = left.findIndex((other) => isSame(spend, other))
    if (index !== -1) left.splice(index, 1)
    return index === -1
  })
}

/** As if this request had not been made. */
export const refunded = (ledger: Ledger, spend: Spend): Ledger => ({ ...ledger, spent: without(ledger.spent, [spend]) })

/** What the issuer announced last counts, whatever it announced before; per organization where it counts so. */
export const heard = (ledger: Ledger, changed: ReadonlyArray<Quota>, now: number, organization: string): Ledger => {
  const announced = changed.map(({ counts, ...quota }): Known => ({
    ...quota,
    ...(counts === "organization" ? { organization } : {}),
    heardAt: now
  }))
  const isReplaced = (known: Known) =>
    announced.some((one) => one.name === known.name && one.organization === known.organization)
  const quotas = [
    ...ledger.quotas.filter((known) => known.resetsAt > now && !isReplaced(known)),
    ...announced
  ]
  return {
    ...ledger,
    quotas: quotas.length <= maxQuotas
      ? quotas
      : [...quotas].sort((one, other) => one.remaining - other.remaining).slice(0, maxQuotas)
  }
}
