/**
 * The windows in which a budget counts, as pure functions of the time. All times are in milliseconds since the epoch.
 */

export type Window =
  /** A sliding period of `millis` milliseconds. */
  | { readonly _tag: "Sliding"; readonly millis: number }
  /** A calendar hour, day or month in the time zone in which the issuer counts. */
  | { readonly _tag: "Calendar"; readonly unit: "hour" | "day" | "month"; readonly timeZone: string }

const hour = 3_600_000

/** The longest possible hour, day and month; a day on which clocks are set back has 25 hours. */
const longest = { hour, day: 25 * hour, month: (31 * 24 + 1) * hour }

/** Returns a string that identifies the calendar hour, day or month of a moment in a time zone. */
const nameOf = ({ timeZone, unit }: Extract<Window, { _tag: "Calendar" }>) => {
  const format = new Intl.DateTimeFormat("en-CA", {
    timeZone,
    year: "numeric",
    month: "2-digit",
    ...(unit === "month" ? {} : { day: "2-digit" }),
    // The hour in which clocks are set back occurs twice, with different offsets.
    ...(unit === "hour" ? { hour: "2-digit", hourCycle: "h23", timeZoneName: "longOffset" } : {})
  })
  return (at: number): string => format.format(at)
}

/** Returns the first moment after the end of the period, given one moment within the period and one after it. */
const border = (from: number, to: number, isBefore: (at: number) => boolean): number => {
  let [low, high] = [from, to]
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (isBefore(middle)) low = middle
    else high = middle
  }
  return high
}

const lengthOf = (window: Window): number => window._tag === "Sliding" ? window.millis : longest[window.unit]

/**
 * Returns the time for which a token request counts in addition to its window. A request is counted before it is sent, while
 * the issuer counts when it issues the token, which may be later, and in the next window.
 */
export const delayOf = (window: Window): number => Math.min(60_000, Math.floor(lengthOf(window) / 10))

/** Returns the last moment whose token requests no longer count. */
export const endOfOld = (window: Window, now: number): number => {
  const delay = delayOf(window)
  if (window._tag === "Sliding") return now - window.millis - delay
  const name = nameOf(window)
  const current = name(now)
  return border(now - longest[window.unit], now + 1, (at) => name(at) !== current) - 1 - delay
}

/** Returns the start of the next hour, day or month. */
export const next = (window: Extract<Window, { _tag: "Calendar" }>, now: number): number => {
  const name = nameOf(window)
  const current = name(now)
  return border(now, now + longest[window.unit] + 1, (at) => name(at) === current)
}

/** Returns a function of the moment of a token request that returns when it no longer counts. */
export const endsOf = (window: Window, now: number): (at: number) => number => {
  const delay = delayOf(window)
  if (window._tag === "Sliding") return (at) => at + window.millis + delay
  const periods: Array<number> = []
  return (at) => {
    const end = periods[0] ??= next(window, now)
    return at < end - delay ? end : periods[1] ??= next(window, end)
  }
}

/** Returns the time for which a token request is kept: as long as it may count, plus one hour. */
export const keptFor = (window: Window): number => lengthOf(window) + hour
