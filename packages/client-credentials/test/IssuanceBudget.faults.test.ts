/**
 * A budget whose store loses writes and has its clock set back, and whose processes have their clocks set, against an
 * independent count of the tokens by the true time.
 */
import { assert, describe, it } from "@effect/vitest"
import type { TokenStore } from "@effect-oauth/client-credentials"
import { VirtualClock } from "@effect-oauth/testing"
import { Effect, FastCheck as fc, Logger, Option } from "effect"

import type { Entry } from "../src/TokenStore/contract.js"
import { names, process } from "./support/budgetProcess.js"
import { runs } from "./support/runs.js"

const second = 1000
const hour = 3600 * second
const day = 24 * hour
const limit = 6

/** A store whose entries can be replaced by those of an earlier moment, and whose clock can be set back. */
const faultyStore = (time: VirtualClock.VirtualClock) => {
  type Entries = ReadonlyMap<string, Entry>
  const state = { entries: new Map() as Entries, past: [new Map() as Entries], behind: 0 }
  const snapshot = (key: string): TokenStore.Snapshot => ({
    entry: Option.fromNullable(state.entries.get(key)),
    leasedFor: 0,
    now: time.now().wall - state.behind
  })
  const store: TokenStore.TokenStore = {
    load: (key) => Effect.sync(() => snapshot(key)),
    swap: (key, generation, entry) =>
      Effect.sync(() => {
        const done = (state.entries.get(key)?.generation ?? 0) === generation
        if (done) {
          state.entries = new Map(state.entries).set(key, { ...entry, generation: generation + 1 })
          state.past.push(state.entries)
        }
        return { ...snapshot(key), done }
      }),
    acquire: (key) => Effect.sync(() => ({ ...snapshot(key), done: true })),
    release: () => Effect.void
  }
  return { state, store }
}

const index = fc.nat({ max: 2 })
const seconds = fc.integer({ min: 1, max: 5 * 3600 }).map((count) => count * second)

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ _tag: fc.constant("request" as const), process: index }) },
  { weight: 2, arbitrary: fc.record({ _tag: fc.constant("pass" as const), time: seconds }) },
  fc.record({ _tag: fc.constant("loseWrites" as const), count: fc.integer({ min: 1, max: 9 }), first: index }),
  fc.record({ _tag: fc.constant("setStore" as const), back: fc.integer({ min: 1, max: 1800 }) }),
  fc.record({
    _tag: fc.constant("setProcess" as const),
    process: index,
    by: fc.integer({ min: -40 * hour, max: 40 * hour })
  }),
  fc.record({ _tag: fc.constant("sleep" as const), process: index, time: seconds })
)

type Step = typeof step extends fc.Arbitrary<infer A> ? A : never

/** Returns the true times of the tokens. */
const issued = (steps: ReadonlyArray<Step>) =>
  Effect.gen(function*() {
    const time = VirtualClock.make()
    time.setWall(100 * day)
    const { state, store } = faultyStore(time)
    const clocks = [0, 1, 2].map(() => VirtualClock.make())
    clocks.forEach((clock) => clock.setWall(100 * day))
    const all = yield* Effect.forEach(clocks, (clock) => process(store, { limit }, { time: clock }))
    const at = (which: number) => all[which] ?? assert.fail()
    const pass = (duration: number, stopped?: number) =>
      Effect.forEach([time, ...clocks], (clock, which) =>
        which - 1 === stopped ? Effect.sync(() => clock.suspend(duration)) : clock.advance(duration))
    const tokens: Array<number> = []
    const request = (which: number) =>
      Effect.map(at(which).ask, (outcome) => {
        if (names([outcome])[0] === "token") {
          tokens.push(time.now().wall)
        }
      })
    for (const one of steps) {
      switch (one._tag) {
        case "request":
          yield* request(one.process)
          yield* pass(second)
          break
        case "pass":
          yield* pass(one.time)
          break
        case "setStore":
          // No two requests have the same time, to a millisecond.
          state.behind += one.back * second + 1
          break
        case "setProcess":
          clocks[one.process]?.setWall(one.by)
          break
        case "sleep":
          yield* pass(one.time, one.process)
          break
        case "loseWrites": {
          state.entries = state.past[Math.max(0, state.past.length - 1 - one.count)] ?? assert.fail()
          // Each process reads the ledger once before the next request.
          for (const which of [0, 1, 2]) {
            yield* at((which + one.first) % 3).inTime(at((which + one.first) % 3).budget.ledger)
          }
        }
      }
    }
    yield* pass(3 * day)
    yield* request(0)
    assert.strictEqual(tokens.at(-1), time.now().wall, "a token after all were counted for a window")
    return tokens
  }).pipe(Effect.scoped, Effect.provide(Logger.remove(Logger.defaultLogger)))

const asked = (process: number): Step => ({ _tag: "request", process })

/** The store loses everything, and the copy of the process that reads last has the same generation as the new entry. */
const lostAtTheSameGeneration: Array<Step> = [
  asked(0),
  asked(0),
  { _tag: "pass", time: 9312 * second },
  asked(1),
  asked(1),
  { _tag: "pass", time: 31_172 * second },
  asked(2),
  { _tag: "sleep", process: 1, time: 4513 * second },
  { _tag: "loseWrites", count: 5, first: 1 },
  ...[0, 0, 0, 0, 0].map(asked),
  { _tag: "loseWrites", count: 1, first: 0 },
  ...[0, 0].map(asked)
]

describe("a limit of 6 a day", () => {
  const numRuns = runs("budgets whose store loses writes and time", { quick: 50, full: 2000 })

  it("is kept through lost writes, a store clock that is set back, and process clocks that are set or stop", () =>
    fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
        const tokens = await Effect.runPromise(issued(steps))
        tokens.forEach((first, index) => {
          const within = tokens.slice(index).filter((at) => at < first + day)
          assert.isAtMost(within.length, limit)
        })
      }),
      { numRuns, examples: [[lostAtTheSameGeneration]] }
    ))
})
