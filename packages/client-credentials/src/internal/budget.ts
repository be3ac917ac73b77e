/**
 * Which token requests a budget allows, as a pure function of those made before and of what the issuer said.
 */
import * as Schema from "effect/Schema"

import type { Quota } from "./issuerQuota.js"
import { Moment } from "./moment.js"

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

/** All moments in milliseconds since the epoch. */
export const Ledger = Schema.Struct({
  /** When tokens were asked for. */
  spent: Schema.Array(Moment),
  quotas: Schema.Array(Schema.Struct({
    name: Schema.String,
    limit: Schema.Int,
    remaining: Schema.Int,
    resetsAt: Moment,
    heardAt: Moment
  }))
})

export type Ledger = typeof Ledger.Type

export const empty: Ledger = { spent: [], quotas: [] }

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
const within = (window: Window, spent: ReadonlyArray<number>, now: number): ReadonlyArray<number> => {
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

/** One more token, if every limit has room for it. */
export const spend = (
  { limit, reserveFraction, window }: Budget,
  { quotas, spent }: Ledger,
  now: number,
  isRenewal: boolean
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
    ...live.map((quota) => ({
      limit: quota.limit,
      left: quota.remaining - spent.filter((at) => at > quota.heardAt).length,
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
  const kept = spent.filter((at) => at > now - remembered(window) || live.some(({ heardAt }) => at > heardAt))
  return {
    _tag: "Granted",
    ledger: { spent: [...kept, now], quotas: live },
    count: counting.length + 1,
    left: Math.max(0, Math.min(...limits.map(({ left }) => left)) - 1)
  }
}

/** The moments of the first that are not matched by one of the second, one by one. */
export const without = (all: ReadonlyArray<number>, some: ReadonlyArray<number>): ReadonlyArray<number> => {
  const left = [...some]
  return all.filter((at) => {
    const index = left.indexOf(at)
    if (index !== -1) left.splice(index, 1)
    return index === -1
  })
}

/** As if the request of that moment had not been made. */
export const refunded = (ledger: Ledger, at: number): Ledger => ({ ...ledger, spent: without(ledger.spent, [at]) })

/** What the issuer said last counts, whatever it said before. */
export const heard = (ledger: Ledger, news: ReadonlyArray<Quota>, now: number): Ledger => ({
  ...ledger,
  quotas: [
    ...ledger.quotas.filter(({ name, resetsAt }) => resetsAt > now && !news.some((one) => one.name === name)),
    ...news.map((one) => ({ ...one, heardAt: now }))
  ]
})
