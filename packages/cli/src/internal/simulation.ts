/**
 * The tokens that a fleet requests: at a cold start, and on the days after it.
 *
 * Assumptions, which `assumptions` states for the user:
 * - A cold start starts all processes at the same moment. After it, the restarts of a process are equally far apart, and
 *   those of different processes are spread over that time.
 * - Each process requests a token for each audience when it starts, and refreshes it as early as the library does.
 * - The processes beyond the smallest size of the fleet run in half of each day, and are started at the same moment.
 * - With one store for all, the processes share one token for each audience, which outlives them.
 */

import { defaultWindowRules, windows } from "../../../client-credentials/dist/internal/token/windows.js"

export interface Fleet {
  /** Processes that always run. */
  readonly least: number
  /** Processes that run in the busy half of a day. */
  readonly most: number
  /** Of each process, in a day. */
  readonly restarts: number
  /** In milliseconds. */
  readonly tokenLife: number
  /** APIs that each process has tokens for. */
  readonly audiences: number
}

export interface Outcome {
  /** In the first 24 hours after a cold start. */
  readonly coldStart: number
  /** On average, once the fleet has settled. */
  readonly perDay: number
  /** In any 24 hours, at most, once the fleet has settled. */
  readonly steady: number
}

const day = 86_400_000

/** The part of a day in which the largest fleet runs. */
const busy = day / 2

/** The age at which the library refreshes a token that is in use, at the earliest: see `TokenCache.Options`. */
export const renewedAfter = (tokenLife: number): number => {
  const token = { requestedAt: 0, expiresAt: tokenLife }
  return Math.round(windows(defaultWindowRules, token, { wall: 0, steady: 0 }, 0).refreshFrom.steady)
}

/** The time in which a process runs, from its start to its restart or its end. */
export interface Run {
  readonly start: number
  readonly end: number
}

const restartEvery = ({ restarts }: Fleet): number => restarts === 0 ? Infinity : day / restarts

/** The runs of a process from a moment on. Its first restart is at its own place among those of the others. */
const runsOf = (fleet: Fleet, process: number, { end, start }: Run): ReadonlyArray<Run> => {
  const every = restartEvery(fleet)
  const runs: Array<Run> = []
  let from = start
  for (let restart = 0; from < end; restart += 1) {
    const next = start + Math.round((restart + (process + 0.5) / fleet.most) * every)
    const to = Math.min(end, Number.isFinite(every) ? next : end)
    if (to > from) runs.push({ start: from, end: to })
    from = to
  }
  return runs
}

/** The runs of all processes, up to the horizon. */
const runs = (fleet: Fleet, horizon: number): ReadonlyArray<Run> =>
  Array.from({ length: fleet.most }, (_, process) => {
    if (process < fleet.least) return runsOf(fleet, process, { start: 0, end: horizon })
    return Array.from({ length: Math.ceil(horizon / day) }, (_, index) =>
      runsOf(fleet, process, { start: index * day, end: Math.min(horizon, index * day + busy) })).flat()
  }).flat()

/** The fleet has settled when each process has restarted once and each token has been refreshed once. */
const settledAt = (fleet: Fleet): number => {
  const every = restartEvery(fleet)
  return day * Math.ceil(Math.max(Number.isFinite(every) ? every : 0, renewedAfter(fleet.tokenLife), day) / day)
}

/** Until the pattern of a settled fleet has been seen, twice. */
const horizonOf = (fleet: Fleet): number => 3 * settledAt(fleet)

const outcome = (moments: ReadonlyArray<number>, { audiences }: Fleet, settled: number, horizon: number): Outcome => {
  const sorted = [...moments].sort((one, other) => one - other)
  const late = sorted.filter((moment) => moment >= settled)
  let [steady, first] = [0, 0]
  late.forEach((moment, last) => {
    while (moment - (late[first] ?? 0) >= day) first += 1
    steady = Math.max(steady, last - first + 1)
  })
  return {
    coldStart: audiences * sorted.filter((moment) => moment < day).length,
    perDay: audiences * late.length / ((horizon - settled) / day),
    steady: audiences * steady
  }
}

/** Each process requests its own tokens, and loses them when it ends. */
export const separate = (fleet: Fleet): Outcome => {
  const every = renewedAfter(fleet.tokenLife)
  const horizon = horizonOf(fleet)
  const moments = runs(fleet, horizon).flatMap(({ end, start }) =>
    Array.from({ length: Math.ceil((end - start) / every) }, (_, index) => start + index * every)
  )
  return outcome(moments, fleet, settledAt(fleet), horizon)
}

/** All share one token for each audience. It is refreshed while a process runs, or when the next one starts. */
export const shared = (fleet: Fleet): Outcome => {
  const every = renewedAfter(fleet.tokenLife)
  const horizon = horizonOf(fleet)
  const moments: Array<number> = []
  for (let at = 0; at < horizon;) {
    moments.push(at)
    const next = at + every
    const isIdle = fleet.least === 0 && next % day >= busy
    at = isIdle ? day * Math.ceil(next / day) : next
  }
  return outcome(moments, fleet, settledAt(fleet), horizon)
}

/** The number of moments to go through. */
export const size = (fleet: Fleet): number =>
  fleet.most * (horizonOf(fleet) / day) * (fleet.restarts + 1 + day / renewedAfter(fleet.tokenLife))

/** The most tokens of any 24 hours, those after a cold start included. */
export const peak = ({ coldStart, steady }: Outcome): number => Math.max(coldStart, steady)

/** A fleet of another size, with the same part that always runs. */
export const resized = (fleet: Fleet, most: number): Fleet => ({
  ...fleet,
  most,
  least: fleet.least === fleet.most ? most : Math.min(most, Math.round(most * fleet.least / fleet.most))
})

/** The largest fleet that stays within a limit, up to `most`; undefined when even one process does not. */
export const largestWithin = (limit: number, fleet: Fleet, most: number): number | undefined => {
  let [low, high] = [0, most]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (peak(separate(resized(fleet, middle))) <= limit) low = middle
    else high = middle - 1
  }
  return low === 0 ? undefined : low
}

/** The assumptions, as sentences. */
export const assumptions = ({ audiences, least, most, restarts }: Fleet): ReadonlyArray<string> => [
  most === 1
    ? "A cold start is the first 24 hours after the process starts."
    : `A cold start is the first 24 hours after all ${most} processes start at once.`,
  ...(restarts === 0
    ? ["Processes are not restarted after that."]
    : ["Later restarts are spread evenly. A process that restarts loses its tokens."]),
  ...(least === most
    ? []
    : [`${most - least} processes run for 12 hours of each day, and are started at once.`]),
  audiences === 1
    ? "Each process uses its token all the time, so it is refreshed before it expires."
    : `Each process uses a token for each of ${audiences} audiences all the time.`,
  "The limit applies to one client, in any period of 24 hours."
]
