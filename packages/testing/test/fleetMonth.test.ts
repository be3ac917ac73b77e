/**
 * A month of virtual time with random faults, checked against a model independent of the library: the tokens that the
 * issuer issued, those that it may have issued, and the times without faults.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Random } from "effect"

import { runs } from "../../client-credentials/test/support/runs.js"
import * as randoms from "../src/internal/seam/randoms.js"
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
    return {
      instances: yield* Random.nextIntBetween(2, 8),
      days,
      callsEvery: "20 minutes",
      restartEvery: (yield* Random.next) < 0.5 ? "17 hours" : undefined,
      requestTimeUpTo: (yield* Random.next) < 0.5 ? "20 seconds" : undefined,
      tokenLife: (yield* Random.next) < 0.5 ? "24 hours" : "8 hours",
      dailyLimit: limit,
      shared: { issuanceBudget: { limit } },
      faults,
      seed
    } as const satisfies simulation.Plan & { readonly faults: ReadonlyArray<Period> }
  }).pipe(Effect.withRandom(randoms.make(seed)))

const isWell = (faults: ReadonlyArray<Period>, at: number): boolean =>
  faults.every(({ from, to }) => at < from || at >= to + recovery)

/** Returns the largest number of these times in any 24 hours. */
const most = (moments: ReadonlyArray<number>): number => {
  let [first, found] = [0, 0]
  moments.forEach((moment, last) => {
    while (moment - (moments[first] ?? 0) >= day) first += 1
    found = Math.max(found, last - first + 1)
  })
  return found
}

/**
 * Returns the requests in the last 24 hours that issued a token or got no response: those that the fleet certainly
 * counts, and those that it may not have counted.
 */
const spentBefore = ({ received }: simulation.History, faults: ReadonlyArray<Period>, at: number) => {
  const all = received.filter((request) =>
    request.at <= at && request.at > at - day && (request.status === undefined || request.status === 200)
  )
  const isCertain = (request: typeof all[number]) => request.status === 200 && isWell(faults, request.at)
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
const days = runs("days of a month of a fleet", { quick: 6, full: 30 })

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
        assert.isAtMost(most(issued.map(({ issuedAt }) => issuedAt)), plan.dailyLimit)
        assert.isEmpty(received.filter(({ status }) => status === 429))
        for (const { at, outcome } of failed) {
          if (!isWell(plan.faults, at)) continue
          const spent = spentBefore(history, plan.faults, at)
          if (at < waitsUntil(plan.dailyLimit, spent) + recovery) continue
          assert.isAtLeast(spent.all, plan.dailyLimit, `${JSON.stringify(outcome)} at ${at}`)
        }
      }))
  }
})
