/**
 * A month of virtual time with random faults, checked against a model independent of the library: the tokens that the
 * issuer issued, those that it may have issued, the counts that the store lost, and the times without faults.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Random } from "effect"

import { runs } from "../../client-credentials/test/support/runs.js"
import * as randoms from "../src/internal/seam/randoms.js"
import * as simulatedStore from "../src/internal/simulatedStore.js"
import * as simulation from "../src/internal/simulation.js"

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

/**
 * The time after a fault for which its effects may last: the longest pause of the back-off, a fifth more, and a request
 * before it.
 */
const recovery = 3 * minute

interface Period extends simulation.Disturbance {
  readonly from: number
  readonly to: number
}

interface Plan extends simulation.Plan {
  readonly faults: ReadonlyArray<Period>
  readonly limit: number
  /** Time zone of the days in which tokens are counted; undefined for any 24 hours. */
  readonly timeZone: string | undefined
}

const disturbances: ReadonlyArray<Omit<simulation.Disturbance, "from" | "to">> = [
  { issuer: "unavailable" },
  { issuer: "unreachable" },
  { issuer: "unauthorized" },
  { issuer: "silent" },
  { issuer: "lost" },
  { issuer: "dropped" },
  { store: "unreachable" },
  { store: "silent" },
  { store: 0.05 },
  { store: 0.3 },
  { rejecting: true },
  { restartEvery: "10 minutes" },
  { killed: 2 },
  { clockAhead: "26 hours" },
  { clockAhead: -26 * hour }
]

const losses = ["budgets", "all", "lastWrites"] as const

const planOf = (seed: string, days: number) =>
  Effect.gen(function*() {
    const faults: Array<Period> = []
    for (let count = 0; count < days; count += 1) {
      const from = Math.floor((yield* Random.next) * days * day)
      // From a few seconds to half a day, with as many short ones as long ones.
      const length = Math.floor(10_000 * 4000 ** (yield* Random.next))
      faults.push({ from, to: from + length, ...disturbances[yield* Random.nextIntBetween(0, disturbances.length)] })
    }
    const limit = yield* Random.nextIntBetween(5, 30)
    const isLosing = (yield* Random.next) < 0.5
    for (let count = 0; isLosing && count < days / 2; count += 1) {
      const from = Math.floor((yield* Random.next) * days * day)
      faults.push({ from, to: from + 1, storeLoses: losses[yield* Random.nextIntBetween(0, losses.length)] })
    }
    const timeZone = [undefined, "UTC", "America/New_York"][yield* Random.nextIntBetween(0, 3)]
    return {
      instances: yield* Random.nextIntBetween(2, 8),
      days,
      callsEvery: "20 minutes",
      restartEvery: (yield* Random.next) < 0.5 ? "17 hours" : undefined,
      requestTimeUpTo: (yield* Random.next) < 0.5 ? "20 seconds" : undefined,
      // The short ones need more than the limit.
      tokenLife: (["24 hours", "8 hours", "30 minutes"] as const)[yield* Random.nextIntBetween(0, 3)],
      // The issuer has no limit where the fleet may exceed it, so that its tokens show by how much.
      dailyLimit: isLosing || timeZone !== undefined ? undefined : limit,
      shared: { issuanceBudget: { limit, ...(timeZone === undefined ? {} : { window: { timeZone } }) } },
      faults,
      limit,
      timeZone,
      seed
    } as const satisfies Plan
  }).pipe(Effect.withRandom(randoms.make(seed)))

/** Longest time of a token request. */
const requestTime = 20_000

/** Time before a failover in which requests may be affected: the writes that are lost, and a request before them. */
const failover = simulatedStore.replicaLag + requestTime

/** Returns whether no fault affects a request or a call of a moment; one that begins during the call affects it as well. */
const isWell = (faults: ReadonlyArray<Period>, at: number): boolean =>
  faults.every(({ from, to }) => at < from - failover || at >= to + recovery)

/** Returns the moment from which tokens count at a moment: 24 hours before, or the beginning of the day at the issuer. */
const startOf = ({ timeZone }: Plan, at: number): number => {
  if (timeZone === undefined) return at - day
  const format = new Intl.DateTimeFormat("en-GB", { timeZone, timeStyle: "medium" })
  const [hours = 0, minutes = 0, seconds = 0] = format.format(at).split(":").map(Number)
  // Days of 24 hours, as no clock is set in January 1970.
  return Math.floor(at / 1000) * 1000 - (hours * 3600 + minutes * 60 + seconds) * 1000 - 1
}

/** Returns whether a fault or a restart may have prevented that a token was recorded beside the others. */
const isRecorded = ({ faults, instances, restartEvery }: Plan, at: number): boolean => {
  const pause = restartEvery === undefined ? Infinity : 17 * hour
  const isRestarting = Array.from({ length: instances }, (_, index) => (pause * (index + 1)) / instances).some((
    first
  ) => at >= first - requestTime && (at - first + requestTime) % pause < 2 * requestTime)
  const hinders = ({ clockAhead, issuer, killed, restartEvery, store }: Period) =>
    store !== undefined || killed !== undefined || restartEvery !== undefined || clockAhead !== undefined ||
    issuer === "lost" || issuer === "dropped" || issuer === "silent"
  return !isRestarting &&
    faults.every((fault) => !hinders(fault) || at < fault.from - requestTime || at >= fault.to + recovery)
}

/**
 * Returns the number of earlier tokens that the fleet may not have counted at a moment, since the store lost them: after a
 * loss of all entries, all of them; after a loss of the counts, those that were not recorded beside the token; after a
 * failover, those of its time.
 */
const lostBefore = (plan: Plan, tokens: ReadonlyArray<number>, at: number): number =>
  tokens.filter((token) =>
    plan.faults.some(({ from, storeLoses }) =>
      from <= at && token < from + requestTime && (
        storeLoses === "all" ||
        (storeLoses === "budgets" && !isRecorded(plan, token)) ||
        (storeLoses === "lastWrites" && token > from - failover)
      )
    )
  ).length

/** Fails if a token exceeds the limit by more than what the store had lost. */
const assertKept = (plan: Plan, issued: ReadonlyArray<number>): void =>
  issued.forEach((at, index) => {
    const start = startOf(plan, at)
    const tokens = issued.slice(0, index + 1).filter((token) => token > start)
    const lost = lostBefore(plan, tokens.slice(0, -1), at)
    assert.isAtMost(tokens.length, plan.limit + lost, `at ${at}, with ${lost} lost`)
  })

/**
 * Returns the number of requests before a loss, of those that count, that issued nothing: the copy of a process, which
 * replaces what the store lost, may have them still. `Infinity` if they did not reach the issuer.
 */
const restoredAt = ({ received }: simulation.History, plan: Plan, at: number): number => {
  const start = startOf(plan, at) - minute
  const last = Math.max(
    ...plan.faults.filter(({ storeLoses }) => storeLoses !== undefined).map(({ from }) => from).filter((from) =>
      from > start && from <= at
    )
  )
  const unseen = plan.faults.some(({ from, issuer, to }) => issuer === "unreachable" && from < last && to > start)
  return unseen
    ? Infinity
    : received.filter((request) => request.at > start && request.at < last && request.status !== 200).length
}

/**
 * Returns the requests of the window that issued a token or got no response: those that the fleet certainly
 * counts, and those that it may not have counted.
 */
const spentBefore = ({ received }: simulation.History, plan: Plan, at: number) => {
  const start = startOf(plan, at) - minute
  const all = received.filter((request) =>
    request.at <= at && request.at > start && (request.status === undefined || request.status === 200)
  )
  const isCertain = (request: typeof all[number]) => request.status === 200 && isWell(plan.faults, request.at)
  const certain = all.filter(isCertain)
  return {
    all: all.length,
    certain: certain.length,
    /** The time since the last request that is certainly counted. */
    row: all.filter((request) => request.at > (certain.at(-1)?.at ?? -Infinity)).map((request) => request.at)
  }
}

/**
 * Returns until when a request may have to wait for those before it, by the guide: the budget's pauses fill a day. The fleet
 * may know the outcome of any number of the first ones in the row.
 */
const waitsUntil = (limit: number, { all, certain, row }: ReturnType<typeof spentBefore>): number =>
  Math.max(
    -Infinity,
    ...row.map((first, known) => {
      const last = row.at(-1) ?? first
      const unknown = all - certain - known
      const most = Math.ceil((limit - certain - known) * 4 / 5)
      if (2 * unknown < most) return -Infinity
      const since = Math.max(minute, last - first)
      return last + since * ((day + minute) / since) ** (1 / (1 + Math.max(0, most - unknown))) - since
    })
  )

const count = runs("months of a fleet with random faults", { quick: 1, full: 40 })
const days = runs("days of a month of a fleet", { quick: 3, full: 30 })

describe("a month of a fleet with random faults", () => {
  for (let run = 0; run < count; run += 1) {
    const seed = `${process.env["FC_SEED"] ?? "month"} ${run}`
    it.live(`never exceeds the limit, and is never idle with budget left and without faults (seed ${seed})`, () =>
      Effect.gen(function*() {
        const plan = yield* planOf(seed, days)
        const failed: Array<simulation.Call> = []
        const history = yield* simulation.run(plan, {
          observe: (call) => {
            if (typeof call.outcome !== "string") failed.push(call)
          }
        })
        const { issued, received } = history
        assert.isAbove(issued.length, 0)
        assertKept(plan, issued.map(({ issuedAt }) => issuedAt))
        assert.isEmpty(received.filter(({ status }) => status === 429))
        console.log(`${seed}: ${issued.length} tokens, ${plan.faults.length} faults`)
        for (const { at, outcome } of failed) {
          if (!isWell(plan.faults, at)) continue
          const spent = spentBefore(history, plan, at)
          if (at < waitsUntil(plan.limit, spent) + recovery) continue
          const all = spent.all + restoredAt(history, plan, at)
          assert.isAtLeast(all, plan.limit, `${JSON.stringify(outcome)} at ${at}`)
        }
      }))
  }
})
