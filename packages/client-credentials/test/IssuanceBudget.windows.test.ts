import { assert, describe, it } from "@effect/vitest"
import { type IssuanceBudget, TokenStore } from "@effect-oauth/client-credentials"
import { VirtualClock } from "@effect-oauth/testing"
import { Effect, Either, Logger } from "effect"

import * as storedLedger from "../src/internal/fleet/storedLedger.js"
import { process } from "./support/budgetProcess.js"
import { runs } from "./support/runs.js"

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

const hourly: IssuanceBudget.Options = { limit: 4, window: "1 hour" }
const daily: IssuanceBudget.Options = { limit: 9, window: "24 hours" }
const monthly: IssuanceBudget.Options = { limit: 30, window: { timeZone: "UTC", calendar: "month" } }

/** A store in virtual time whose times are those of the processes. */
const shared = Effect.gen(function*() {
  const time = VirtualClock.make()
  time.setWall(Date.UTC(2026, 0, 5))
  const memory = yield* Effect.provide(TokenStore.TokenStore, TokenStore.layerMemory)
  const values: Array<string> = []
  const store: TokenStore.TokenStore = {
    load: (key) => Effect.withClock(memory.load(key), time.clock),
    swap: (key, generation, entry, release) => {
      values.push(entry.value)
      return Effect.withClock(memory.swap(key, generation, entry, release), time.clock)
    },
    acquire: (...parameters) => Effect.withClock(memory.acquire(...parameters), time.clock),
    release: (...parameters) => Effect.withClock(memory.release(...parameters), time.clock)
  }
  /** Requests tokens in a process that has just started, and returns how many it got. */
  const ask = (options: IssuanceBudget.Options, times: number) =>
    Effect.scoped(Effect.gen(function*() {
      const one = yield* process(store, options, { time })
      const outcomes = yield* Effect.replicateEffect(one.ask, times)
      return outcomes.filter(Either.isRight).length
    }))
  return { time, store, values, ask }
})

describe("processes with different windows on one ledger", () => {
  it.scoped("keep each limit in its own window, although each restarts for each request", () =>
    Effect.gen(function*() {
      const { ask, time } = yield* shared
      const rounds = runs("rounds of processes with different windows", { quick: 48, full: 480 })
      // A month ends in the middle.
      yield* time.advance(Date.UTC(2026, 1) - rounds * hour - time.now().wall)
      const granted: Array<number> = []
      const since = (at: number) => granted.filter((one) => one > at).length
      const took = { hourly: 0, daily: 0, monthly: 0 }
      for (let count = 0; count < rounds; count += 1) {
        const now = time.now().wall
        const starts = [
          ["monthly", monthly, Date.UTC(2026, new Date(now).getUTCMonth()), 30],
          ["daily", daily, now - day, 9],
          ...(count % 24 < 12 ? [] : [["hourly", hourly, now - hour, 4] as const])
        ] as const
        for (const [name, options, from, limit] of starts) {
          const tokens = yield* ask(options, 1)
          granted.push(...Array.from({ length: tokens }, () => now))
          took[name] += tokens
          if (tokens > 0) assert.isAtMost(since(from - 1), limit, `${name} at ${new Date(now).toISOString()}`)
        }
        yield* time.advance("2 hours")
      }
      assert.isAbove(Math.min(...Object.values(took)), 0)
    }).pipe(Effect.provide(Logger.remove(Logger.defaultLogger))))

  for (const [name, options, limit, pause] of [["day", daily, 9, 4 * hour], ["month", monthly, 30, 3 * day]] as const) {
    it.scoped(`do not delete the counts of a ${name} by a window of an hour`, () =>
      Effect.gen(function*() {
        const { ask, time } = yield* shared
        assert.strictEqual(yield* ask(options, limit + 1), limit)
        yield* time.advance(pause)
        assert.strictEqual(yield* ask(hourly, 1), 1)
        assert.strictEqual(yield* ask(options, 1), 0)
      }))
  }

  it.scoped("read a ledger of an earlier version, which states no window", () =>
    Effect.gen(function*() {
      const { ask, store, time, values } = yield* shared
      assert.strictEqual(yield* ask(daily, 8), 8)
      const last = storedLedger.decode(values.at(-1) ?? "") ?? assert.fail()
      assert.lengthOf(last.ledger.retentions ?? [], 1)
      const { retentions: _, ...before } = last.ledger
      const value = storedLedger.encode({ ...last, ledger: before }, 1)
      assert.isFalse(value.includes("retentions"))
      const expiresAt = time.now().wall + day
      const keys = new Set<string>()
      const watched = { ...store, load: (key: string) => (keys.add(key), store.load(key)) }
      yield* Effect.scoped(
        Effect.flatMap(process(watched, daily, { time }), ({ budget, inTime }) => inTime(budget.left))
      )
      const [key = assert.fail()] = keys
      const { entry } = yield* store.load(key)
      assert.isTrue(
        (yield* store.swap(key, entry._tag === "Some" ? entry.value.generation : 0, { value, expiresAt })).done
      )
      // A process that only reads the count states its window.
      yield* Effect.scoped(Effect.flatMap(process(store, daily, { time }), ({ budget, inTime }) => inTime(budget.left)))
      yield* time.advance("3 hours")
      assert.strictEqual(yield* ask(hourly, 1), 1)
      assert.strictEqual(yield* ask(daily, 2), 0)
    }))
})
