/**
 * How many tokens a fleet asks for: each start and each renewal, one after the other, as the library does it.
 */

import { defaultWindowRules, windows } from "../../../client-credentials/dist/internal/token/windows.js"

export interface Fleet {
  /** Processes that run at the same time. */
  readonly processes: number
  /** Of each process, in a day. */
  readonly restarts: number
  /** In milliseconds. */
  readonly tokenLife: number
}

export interface Outcome {
  /** In any 24 hours, at most. */
  readonly peak: number
  /** On the second day, by the hour, from its beginning. */
  readonly byHour: ReadonlyArray<number>
}

const day = 86_400_000

const days = 3

/** The age at which the library refreshes a token that is in use, at the earliest: see `TokenCache.Options`. */
export const renewedAfter = (tokenLife: number): number => {
  const token = { requestedAt: 0, expiresAt: tokenLife }
  return windows(defaultWindowRules, token, { wall: 0, steady: 0 }, 0).refreshFrom.steady
}

/** The tokens of one process that keeps none: one for each start, and those that replace it. */
const alone = (start: number, end: number, every: number): ReadonlyArray<number> => {
  const found: Array<number> = []
  for (let at = start; at < end; at += every) found.push(at)
  return found
}

/** When processes start: their restarts are spread over the day, and so are those of one among those of the others. */
const starts = ({ processes, restarts }: Fleet, process: number): ReadonlyArray<number> =>
  restarts === 0
    ? [0]
    : [
      0,
      ...Array.from(
        { length: Math.ceil(restarts * days) },
        (_, restart) => (restart + (process + 0.5) / processes) * day / restarts
      ).filter((at) => at < days * day)
    ]

const outcome = (moments: ReadonlyArray<number>): Outcome => {
  const sorted = [...moments].sort((one, other) => one - other)
  let [peak, first] = [0, 0]
  sorted.forEach((moment, last) => {
    while (moment - (sorted[first] ?? 0) >= day) first += 1
    peak = Math.max(peak, last - first + 1)
  })
  const byHour = Array.from(
    { length: 24 },
    (_, hour) => sorted.filter((moment) => moment >= day && moment < day + (hour + 1) * 3_600_000).length
  )
  return { peak, byHour }
}

/** Each process asks for its own tokens, and forgets them when it ends. */
export const separate = (fleet: Fleet): Outcome =>
  outcome(
    Array.from({ length: fleet.processes }, (_, process) => {
      const begun = starts(fleet, process)
      return begun.flatMap((start, index) =>
        alone(start, begun[index + 1] ?? days * day, renewedAfter(fleet.tokenLife))
      )
    }).flat()
  )

/** All share one token, which outlives each of them. */
export const shared = ({ tokenLife }: Fleet): Outcome => outcome(alone(0, days * day, renewedAfter(tokenLife)))

/** How many moments there are to go through. */
export const size = ({ processes, restarts, tokenLife }: Fleet): number =>
  processes * days * (restarts + 1 + day / renewedAfter(tokenLife))

/** The largest fleet that stays within a limit, up to `most`; undefined when even one process does not. */
export const largestWithin = (limit: number, fleet: Fleet, most: number): number | undefined => {
  let [low, high] = [0, most]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (separate({ ...fleet, processes: middle }).peak <= limit) low = middle
    else high = middle - 1
  }
  return low === 0 ? undefined : low
}
