/**
 * Which token requests a budget allows, as a pure function of those made before.
 */

export type Window =
  /** Any stretch of so many milliseconds. */
  | { readonly _tag: "Sliding"; readonly millis: number }
  /** From midnight to midnight, where the issuer counts. */
  | { readonly _tag: "Day"; readonly timeZone: string }

export interface Budget {
  readonly limit: number
  readonly window: Window
  /** How many of them are kept for those who have no token. */
  readonly reserve: number
}

export type Verdict =
  | { readonly _tag: "Granted"; readonly spent: ReadonlyArray<number> }
  | { readonly _tag: "Refused"; readonly resetsAt: number; readonly reserved: boolean }

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

/** When there is room for one more, if so many count and no more than `allowed` may. */
const roomAt = (window: Window, counting: ReadonlyArray<number>, allowed: number, now: number): number => {
  if (window._tag === "Day") return nextDay(window.timeZone, now)
  const oldest = [...counting].sort((one, other) => one - other)[counting.length - allowed]
  return (oldest ?? now) + window.millis
}

export const spend = (
  { limit, reserve, window }: Budget,
  spent: ReadonlyArray<number>,
  now: number,
  isRenewal: boolean
): Verdict => {
  const counting = within(window, spent, now)
  const allowed = isRenewal ? limit - reserve : limit
  return counting.length < allowed
    ? { _tag: "Granted", spent: [...counting, now] }
    : {
      _tag: "Refused",
      reserved: counting.length < limit,
      resetsAt: roomAt(window, counting, Math.max(1, allowed), now)
    }
}
