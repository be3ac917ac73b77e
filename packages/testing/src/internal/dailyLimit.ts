/**
 * How many tokens a client may still request today, as servers with a limit count and announce it.
 */
import type { Behavior } from "./behavior.js"
import type { Issued } from "./models.js"

const day = 86_400_000

export interface Quota {
  readonly limit: number
  readonly remaining: number
  /** When one more may be requested again, or the day ends, in milliseconds from now. */
  readonly resetsIn: number
}

/** The quota of a client now. */
export const quotaOf = (
  limit: number,
  window: Behavior["limitWindow"],
  moments: ReadonlyArray<Issued["issuedAt"]>,
  now: number
): Quota => {
  const today = now - now % day
  const [from, resets] = window === "UTC day"
    ? [today, () => today + day]
    : [now - day + 1, (first: number) => first + day]
  const recent = moments.filter((moment) => moment >= from)
  return {
    limit,
    remaining: Math.max(0, limit - recent.length),
    resetsIn: resets(recent[0] ?? now) - now
  }
}

/** The header of Auth0: limit, remaining requests and seconds to the reset of each bucket. */
export const header = (name: string | undefined, { limit, remaining, resetsIn }: Quota) =>
  name === undefined ? {} : { [name]: `b=per_day;q=${limit};r=${remaining};t=${Math.ceil(resetsIn / 1000)}` }
