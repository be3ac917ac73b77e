/**
 * Fleets that share a token, in virtual time: each fault costs the documented number of tokens, operations and seconds.
 */
import { assert, describe, it } from "@effect/vitest"
import { Fleet } from "@effect-oauth/testing"
import { Effect } from "effect"

import { runs, sample } from "../../client-credentials/test/support/runs.js"
import * as simulation from "../src/internal/simulation.js"

const second = 1000
const minute = 60 * second

/** Returns a part of a day. */
const minutes = (count: number) => count / 1440

const shared = { issuanceBudget: { limit: 50 } }

/** A plan in which all instances send one call at the same time. */
const cold = (instances: number, plan: Partial<simulation.Plan> = {}) =>
  Fleet.simulate({
    instances,
    days: minutes(1),
    callsEvery: "1 hour",
    startWithin: 0,
    requestTime: "500 millis",
    dailyLimit: 50,
    shared,
    ...plan
  })

/** Two lifetimes of a token, with a call of each instance every two minutes. */
const renewing = (instances: number, plan: Partial<simulation.Plan> = {}) =>
  Fleet.simulate({
    instances,
    days: minutes(90),
    callsEvery: "2 minutes",
    tokenLife: "1 hour",
    requestTime: "500 millis",
    dailyLimit: 50,
    shared,
    ...plan
  })

const sizes = (name: string, all: ReadonlyArray<number>, quick: number) => {
  const count = runs(name, { quick, full: all.length })
  return all.slice(0, count)
}

describe("a fleet that shares a token", () => {
  for (const instances of sizes("cold fleets of more instances", [10, 100, 1000, 10_000], 1)) {
    it.live(`costs at most 6 store operations for each of ${instances} cold instances, and one token`, () =>
      Effect.gen(function*() {
        const report = yield* cold(instances)
        assert.strictEqual(report.failedCalls, 0)
        assert.deepStrictEqual(report.reasons, { cold: 1 })
        assert.isAtMost(report.storeOperations, 6 * instances)
        // The request, and at most half as long again, for a process that waits.
        assert.isAtMost(report.longestWait, 2 * second)
      }))
  }

  for (const instances of sizes("fleets of more instances that refresh", [10, 100, 1000, 10_000], 1)) {
    it.live(`costs at most 6 store operations for each of ${instances} instances and lifetime of a token`, () =>
      Effect.gen(function*() {
        const report = yield* renewing(instances)
        assert.strictEqual(report.failedCalls, 0)
        assert.deepStrictEqual(report.reasons, { cold: 1, renewal: 1 })
        assert.isAtMost(report.storeOperations, 2 * 6 * instances)
      }))
  }

  for (const roundTrip of ["2 millis", "20 millis"] as const) {
    for (const instances of sizes(`cold fleets at ${roundTrip} whose issuer is unavailable`, [10, 100, 300, 1000], 1)) {
      it.live(`fails ${instances} cold calls within 5 seconds, a request and a pause while the issuer is unavailable, ${roundTrip} away`, () =>
        Effect.gen(function*() {
          const report = yield* cold(instances, {
            shared: { ...shared, roundTrip },
            faults: [{ from: 0, to: "1 hour", issuer: "unavailable" }]
          })
          assert.strictEqual(report.failedCalls, instances)
          // The time within which a call is retried, a request that was sent before its end, and the pause until a
          // process that waits for the outcome reads the store: the 6.2 seconds of the guides.
          assert.isAtMost(report.longestWait, 6.2 * second)
        }))
    }
  }

  for (const store of sample("parts of the operations that fail", [0.2, 0.05, 0.01], 1)) {
    it.live(`requests one token while ${store * 100} % of the store operations fail`, () =>
      Effect.gen(function*() {
        const started = yield* cold(100, { faults: [{ from: 0, to: "1 hour", store }] })
        assert.strictEqual(started.failedCalls, 0)
        assert.deepStrictEqual(started.reasons, { cold: 1 })
        const renewed = yield* renewing(20, { faults: [{ from: "30 minutes", to: "2 hours", store }] })
        assert.strictEqual(renewed.failedCalls, 0)
        assert.deepStrictEqual(renewed.reasons, { cold: 1, renewal: 1 })
      }))
  }

  it.live("waits for the lease of an instance that was killed, with at most 20 store operations each", () =>
    Effect.gen(function*() {
      const report = yield* cold(100, {
        requestTime: "3 seconds",
        faults: [{ from: "1 second", to: "1 hour", killed: 1 }]
      })
      assert.strictEqual(report.failedCalls, 0)
      assert.deepStrictEqual(report.reasons, { cold: 1 })
      assert.isAtMost(report.storeOperations, 20 * 100)
      // The rest of the lease, a request, and the longest pause of those that wait.
      assert.isAtMost(report.longestWait, 16 * second)
    }))
})

describe("the store is unavailable while tokens are refreshed", () => {
  for (const [instances, away] of sample("outages of the store", [[20, 0.5], [200, 1], [200, 4]] as const, 1)) {
    it.live(`for ${away} min: ${instances} instances keep their token and request one after the outage`, () =>
      Effect.gen(function*() {
        // The refresh window is that of the last 5 minutes.
        const report = yield* renewing(instances, {
          faults: [{ from: "55 minutes", to: (55 + away) * minute, store: "unreachable" }]
        })
        assert.strictEqual(report.failedCalls, 0)
        assert.deepStrictEqual(report.reasons, { cold: 1, renewal: 1 })
      }))
  }

  it.live("until a minute before the token expires, and no call fails", () =>
    Effect.gen(function*() {
      const report = yield* renewing(20, {
        callsEvery: "10 seconds",
        faults: [{ from: "55 minutes", to: "59 minutes", store: "unreachable" }]
      })
      assert.strictEqual(report.failedCalls, 0)
      assert.deepStrictEqual(report.reasons, { cold: 1, renewal: 1 })
    }))

  it.live("and does not respond: the result is the same", () =>
    Effect.gen(function*() {
      const report = yield* renewing(20, { faults: [{ from: "55 minutes", to: "57 minutes", store: "silent" }] })
      assert.strictEqual(report.failedCalls, 0)
      assert.deepStrictEqual(report.reasons, { cold: 1, renewal: 1 })
    }))
})

describe("the issuer is unavailable while tokens are refreshed", () => {
  it.live("until 15 seconds before the token expires, and no call fails: the pause ends with the token", () =>
    Effect.gen(function*() {
      const report = yield* renewing(20, {
        callsEvery: "5 seconds",
        tokenCache: { expiryBuffer: "10 seconds" },
        faults: [{ from: "55 minutes", to: 59.75 * minute, issuer: "unavailable" }]
      })
      assert.strictEqual(report.failedCalls, 0)
    }))
})

describe("the store is unavailable while instances start", () => {
  const instances = runs("instances that start while the store is unavailable", { quick: 3, full: 60 })
  for (const store of ["unreachable", "silent"] as const) {
    it.live(`${store}: never more tokens than the limit`, () =>
      Effect.gen(function*() {
        const report = yield* Fleet.simulate({
          instances,
          days: minutes(300),
          callsEvery: "5 minutes",
          restartEvery: "1 hour",
          dailyLimit: 15,
          shared: { issuanceBudget: { limit: 15 } },
          faults: [{ from: "1 hour", to: "3 hours", store }]
        })
        assert.isUndefined(report.limitReachedAt)
        assert.isAtMost(report.tokensPerDay.reduce((sum, one) => sum + one, 0), 15)
      }))
  }
})

describe("the store is unavailable for longer than a token lasts, and each of 20 instances may request its own", () => {
  const cases = [
    ["at most its part of those that are left: the limit is kept", { tokens: 3, fraction: 1 / 20 }, false],
    ["whatever is left: the limit is exceeded", 3, true]
  ] as const
  for (const [name, withoutStore, exceeds] of cases) {
    it.live(name, () =>
      Effect.gen(function*() {
        const report = yield* Fleet.simulate({
          instances: 20,
          days: minutes(300),
          callsEvery: "25 minutes",
          tokenLife: "1 hour",
          dailyLimit: 30,
          shared: { issuanceBudget: { limit: 30, withoutStore } },
          faults: [{ from: "30 minutes", to: "4 hours", store: "unreachable" }]
        })
        assert.strictEqual(report.limitReachedAt !== undefined, exceeds)
        // One token before the outage, one of each instance, one after it, and its refresh.
        const sum = report.tokensPerDay.reduce((one, other) => one + other, 0)
        assert.strictEqual(sum, exceeds ? 30 : 1 + 20 + 2)
      }))
  }
})

describe("the store loses the count of the budget every hour", () => {
  const cases = [[3, "30 minutes"], [10, "5 hours"], [1, "1 hour"]] as const
  for (const [instances, restartEvery] of sample("fleets whose store loses its counts", cases, 1)) {
    it.live(`${instances} instances, restarted every ${restartEvery}: never more tokens than the limit`, () =>
      Effect.gen(function*() {
        const report = yield* Fleet.simulate({
          instances,
          days: 2,
          callsEvery: "10 minutes",
          restartEvery,
          tokenLife: "1 hour",
          dailyLimit: 5,
          shared: { issuanceBudget: { limit: 5 } },
          faults: Array.from({ length: 47 }, (_, hour) => ({
            from: (hour + 1) * 60 * minute,
            to: (hour + 1) * 60 * minute,
            storeLoses: "budgets"
          }))
        })
        assert.isUndefined(report.limitReachedAt)
        assert.deepStrictEqual(report.tokensPerDay, [5, 5])
      }))
  }
})

describe("the API rejects every token for a day", () => {
  const cases = [
    [20, "1 hour"],
    [20, undefined],
    [100, undefined],
    [1, undefined],
    [100, "30 minutes"],
    [20, "5 minutes"]
  ] as const
  for (const [instances, restartEvery] of sample("fleets that are rejected", cases, 1)) {
    it.live(`${instances} instances, restarted ${restartEvery ?? "never"}, cost 6 tokens`, () =>
      Effect.gen(function*() {
        const report = yield* Fleet.simulate({
          instances,
          days: 1,
          callsEvery: "10 minutes",
          restartEvery,
          dailyLimit: 50,
          shared,
          faults: [{ from: 0, to: "24 hours", rejecting: true }]
        })
        assert.strictEqual(report.failedCalls, 0)
        assert.isAtMost(report.tokensPerDay[0] ?? 0, 6)
      }))
  }
})

describe("the issuer is unavailable for an hour", () => {
  const conditions = ["unavailable", "unauthorized", "lost", "dropped", "unreachable", "silent"] as const
  for (const issuer of sample("outages of the issuer", conditions, 2)) {
    for (const instances of sizes(`fleets while the issuer is ${issuer}`, [3, 20, 1], 1)) {
      // The budget has to assume that a request without a response issued a token. With a limit of 50, its pauses are a
      // fifth of the time since the first one.
      const mayHaveIssued = issuer === "lost" || issuer === "dropped" || issuer === "silent"
      const [within, pause] = mayHaveIssued ? ["a quarter of it", 13] : ["the back-off", 0]
      it.live(`${issuer}: ${instances} instances have a token within ${within} after it`, () =>
        Effect.gen(function*() {
          let [succeededAt, failedAt] = [Infinity, 0]
          const { issued, received } = yield* simulation.run({
            instances,
            days: minutes(90),
            callsEvery: "1 minute",
            dailyLimit: 50,
            shared,
            faults: [{ from: 0, to: "1 hour", issuer }]
          }, {
            observe: ({ at, outcome, waited }) => {
              if (outcome === "accepted") succeededAt = Math.min(succeededAt, at + waited)
              else failedAt = Math.max(failedAt, at)
            }
          })
          assert.isEmpty(received.filter(({ status }) => status === 429))
          assert.isAtMost(issued.length, 50)
          // The longest pause is a minute, a fifth more; a request that was sent before may take half a minute.
          assert.isAtMost(succeededAt, (62 + pause) * minute)
          assert.isAtMost(failedAt, (62 + pause) * minute)
        }))
    }
  }
})

describe("token requests take from 0.1 to 20 seconds", () => {
  const windows = [["any 24 hours", undefined], ["a calendar day", { timeZone: "UTC" }]] as const
  for (const [name, window] of windows) {
    it.live(`a fleet that needs more tokens than the limit of ${name} exceeds it by none`, () =>
      Effect.gen(function*() {
        const days = runs(`days of a fleet with the limit of ${name}`, { quick: 1, full: 4 })
        const { issued, received } = yield* simulation.run({
          instances: 5,
          days,
          callsEvery: "5 minutes",
          tokenLife: "1 hour",
          requestTime: "100 millis",
          requestTimeUpTo: "20 seconds",
          dailyLimit: window === undefined ? 20 : undefined,
          shared: { issuanceBudget: { limit: 20, window } }
        }, { observe: () => undefined })
        assert.isEmpty(received.filter(({ status }) => status === 429))
        const perDay = Array.from(
          { length: days },
          (_, day) => issued.filter(({ issuedAt }) => Math.floor(issuedAt / simulation.day) === day).length
        )
        assert.isAtMost(Math.max(...perDay), 20)
        assert.isAtLeast(Math.min(...perDay), 17)
      }))
  }
})

describe("the clock of one instance is wrong", () => {
  const offsets = [["26 hours ahead", 26 * 60], ["3 years ahead", 1095 * 1440], ["26 hours behind", -26 * 60]] as const
  for (const [name, ahead] of sample("wrong clocks", offsets, 2)) {
    it.live(`${name}: no instance waits for it, and no token is wasted`, () =>
      Effect.gen(function*() {
        const report = yield* Fleet.simulate({
          instances: 6,
          days: 3,
          callsEvery: "10 minutes",
          restartEvery: "5 hours",
          dailyLimit: 3,
          shared: { issuanceBudget: { limit: 3 } },
          faults: [{ from: "1 hour", to: "3 days", clockAhead: ahead * minute }]
        })
        assert.strictEqual(report.failedCalls, 0)
        assert.isUndefined(report.limitReachedAt)
        assert.isAtMost(report.tokensPerDay.reduce((sum, one) => sum + one, 0), 4)
      }))
  }
})
