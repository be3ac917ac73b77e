/**
 * The tokens that a client may still request in an hour and a day, as servers with limits count and announce them.
 */
import type { Behavior } from "./behavior.js"
import type { Issued } from "./models.js"

const periods = { hour: 3_600_000, day: 86_400_000 } as const

type Period = keyof typeof periods

/** The tokens that a client may request; undefined for any number. */
export type Limits = { readonly [Name in Period]: number | undefined }

export interface Quota {
  readonly period: Period
  readonly limit: number
  readonly remaining: number
  /** The time until another token may be requested, or the period ends, in milliseconds. */
  readonly resetsIn: number
}

const quotaOf = (
  period: Period,
  limit: number,
  window: Behavior["limitWindow"],
  moments: ReadonlyArray<Issued["issuedAt"]>,
  now: number
): Quota => {
  const length = periods[period]
  const begun = now - now % length
  const [from, resets] = window === "UTC day"
    ? [begun, () => begun + length]
    : [now - length + 1, (first: number) => first + length]
  const recent = moments.filter((moment) => moment >= from)
  return {
    period,
    limit,
    remaining: Math.max(0, limit - recent.length),
    resetsIn: resets(recent[0] ?? now) - now
  }
}

/** Returns the current quotas of a client, the shorter period first. */
export const quotasOf = (
  limits: Limits,
  window: Behavior["limitWindow"],
  moments: ReadonlyArray<Issued["issuedAt"]>,
  now: number
): ReadonlyArray<Quota> =>
  (["hour", "day"] as const).flatMap((period) => {
    const limit = limits[period]
    return limit === undefined ? [] : [quotaOf(period, limit, window, moments, now)]
  })

/** Returns the quotas after one more token. */
export const afterOne = (quotas: ReadonlyArray<Quota>): ReadonlyArray<Quota> =>
  quotas.map((quota) => ({ ...quota, remaining: quota.remaining - 1 }))

/** Returns the quota that rejects tokens for the longest time; undefined if none does. */
export const exhausted = (quotas: ReadonlyArray<Quota>): Quota | undefined =>
  quotas.filter(({ remaining }) => remaining === 0).sort((one, other) => one.resetsIn - other.resetsIn).at(-1)

export const secondsOf = ({ period }: Quota): number => periods[period] / 1000

/** Returns the header of Auth0: limit, remaining requests and seconds to the reset of each bucket. */
export const header = (name: string | undefined, quotas: ReadonlyArray<Quota>): Readonly<Record<string, string>> =>
  name === undefined || quotas.length === 0 ? {} : {
    [name]: quotas.map(({ limit, period, remaining, resetsIn }) =>
      `b=per_${period};q=${limit};r=${remaining};t=${Math.ceil(resetsIn / 1000)}`
    ).join(",")
  }
