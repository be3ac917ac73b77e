/**
 * The tokens that a client may still request in a period, as servers with limits count and announce them.
 */
import type { Behavior } from "./behavior.js"
import type { Issued } from "./models.js"

export const hour = 3_600_000

export const day = 86_400_000

/** The tokens that may be requested in a period of milliseconds. */
export interface Limit {
  readonly tokens: number
  readonly per: number
}

export interface Quota {
  readonly limit: Limit
  readonly remaining: number
  /** The time until another token may be requested, or the period ends, in milliseconds. */
  readonly resetsIn: number
}

const quotaOf = (
  limit: Limit,
  window: Behavior["limitWindow"],
  moments: ReadonlyArray<Issued["issuedAt"]>,
  now: number
): Quota => {
  const { per, tokens } = limit
  const begun = now - now % per
  const [from, resets] = window === "UTC day"
    ? [begun, () => begun + per]
    : [now - per + 1, (first: number) => first + per]
  const recent = moments.filter((moment) => moment >= from)
  return { limit, remaining: Math.max(0, tokens - recent.length), resetsIn: resets(recent[0] ?? now) - now }
}

/** Returns the limits of an hour and a day, as far as they are stated. */
export const limitsOf = (
  stated: { readonly hour?: number | undefined; readonly day?: number | undefined }
): ReadonlyArray<Limit> => [
  ...(stated.hour === undefined ? [] : [{ tokens: stated.hour, per: hour }]),
  ...(stated.day === undefined ? [] : [{ tokens: stated.day, per: day }])
]

/** Returns the current quotas of a client, the shortest period first. */
export const quotasOf = (
  limits: ReadonlyArray<Limit>,
  window: Behavior["limitWindow"],
  moments: ReadonlyArray<Issued["issuedAt"]>,
  now: number
): ReadonlyArray<Quota> =>
  [...limits].sort((one, other) => one.per - other.per).map((limit) => quotaOf(limit, window, moments, now))

/** Returns the quotas after one more token. */
export const afterOne = (quotas: ReadonlyArray<Quota>): ReadonlyArray<Quota> =>
  quotas.map((quota) => ({ ...quota, remaining: Math.max(0, quota.remaining - 1) }))

/** Returns the quota that rejects tokens for the longest time; undefined if none does. */
export const exhausted = (quotas: ReadonlyArray<Quota>): Quota | undefined =>
  quotas.filter(({ remaining }) => remaining === 0).sort((one, other) => one.resetsIn - other.resetsIn).at(-1)

const names: ReadonlyMap<number, string> = new Map([[60_000, "minute"], [hour, "hour"], [day, "day"]])

export const secondsOf = ({ limit }: Quota): number => limit.per / 1000

/** The period in words. */
export const periodOf = (quota: Quota): string => names.get(quota.limit.per) ?? `${secondsOf(quota)} seconds`

/** Returns the header of Auth0: limit, remaining requests and seconds to the reset of each bucket, an hour and a day. */
export const header = (name: string | undefined, quotas: ReadonlyArray<Quota>): Readonly<Record<string, string>> => {
  const announced = quotas.filter(({ limit: { per } }) => per === hour || per === day)
  return name === undefined || announced.length === 0 ? {} : {
    [name]: announced.map((quota) => {
      const { limit, remaining, resetsIn } = quota
      return `b=per_${periodOf(quota)};q=${limit.tokens};r=${remaining};t=${Math.ceil(resetsIn / 1000)}`
    }).join(",")
  }
}
