/**
 * The part of a budget that processes use while its store is unavailable, against an independent count.
 */
import { assert, describe, it } from "@effect/vitest"
import { OAuthError, TokenStore } from "@effect-oauth/client-credentials"
import { VirtualClock } from "@effect-oauth/testing"
import { Effect, FastCheck as fc, Fiber, Logger } from "effect"

import { names, process } from "./support/budgetProcess.js"
import { parameters } from "./support/seeded.js"

const plans = fc.record({
  limit: fc.integer({ min: 1, max: 60 }),
  tokens: fc.integer({ min: 0, max: 12 }),
  /** The fraction is 1 divided by this. */
  parts: fc.integer({ min: 1, max: 9 }),
  /** Processes that request a token each, in this order, before the outage. */
  before: fc.array(fc.nat({ max: 3 }), { maxLength: 40 }),
  /** Processes that read the count at the end of these. */
  reading: fc.uniqueArray(fc.nat({ max: 3 }), { maxLength: 4 }),
  /** Requests during the outage. */
  during: fc.array(fc.nat({ max: 3 }), { maxLength: 40 }),
  isShort: fc.boolean()
})

type Plan = typeof plans extends fc.Arbitrary<infer A> ? A : never

/** Returns the number of tokens of each process before and during the outage, and what was left when each last read the count. */
const simulated = ({ before, during, isShort, limit, parts, reading, tokens }: Plan) =>
  Effect.gen(function*() {
    const time = VirtualClock.make()
    const memory = yield* Effect.provide(TokenStore.TokenStore, TokenStore.layerMemory)
    let isAway = false
    const reached = <A>(
      operation: OAuthError.TokenStoreError["operation"],
      effect: Effect.Effect<A, OAuthError.TokenStoreError>
    ) => Effect.suspend(() => isAway ? new OAuthError.TokenStoreError({ operation, problem: "ECONNREFUSED" }) : effect)
    const store: TokenStore.TokenStore = {
      load: (key) => reached("load", memory.load(key)),
      swap: (...parameters) => reached("swap", memory.swap(...parameters)),
      acquire: (...parameters) => reached("acquire", memory.acquire(...parameters)),
      release: (...parameters) => reached("release", memory.release(...parameters))
    }
    const withoutStore = isShort && parts === 1 ? tokens : { tokens, fraction: 1 / parts }
    const all = yield* Effect.replicateEffect(process(store, { limit, withoutStore }, { time }), 4)
    const at = (index: number) => all[index] ?? assert.fail()
    const inTime = <A, E>(effect: Effect.Effect<A, E>) =>
      Effect.gen(function*() {
        const fiber = yield* Effect.fork(effect)
        yield* time.advance("20 seconds")
        return yield* Fiber.join(fiber)
      })
    const issuedTo = (index: number) => Effect.map(inTime(at(index).ask), (outcome) => names([outcome])[0] === "token")
    let issued = 0
    const left = [limit, limit, limit, limit]
    for (const index of before) {
      if (yield* issuedTo(index)) issued += 1
      left[index] = limit - issued
    }
    for (const index of reading) {
      yield* inTime(at(index).inTime(at(index).budget.ledger))
      left[index] = limit - issued
    }
    isAway = true
    const alone = [0, 0, 0, 0]
    for (const index of during) if (yield* issuedTo(index)) alone[index] = (alone[index] ?? 0) + 1
    isAway = false
    for (const index of [0, 1, 2, 3]) yield* inTime(at(index).ask)
    const { limits } = yield* inTime(at(0).inTime(at(0).budget.ledger))
    return { alone, issued, left, recorded: limits[0]?.counted ?? 0 }
  }).pipe(Effect.scoped, Effect.provide(Logger.remove(Logger.defaultLogger)))

describe("while the store is unavailable, a process", () => {
  it("requests exactly its fraction of what was left when it last read the count, and at most its number", () =>
    fc.assert(
      fc.asyncProperty(plans, async (plan) => {
        const { alone, issued, left, recorded } = await Effect.runPromise(simulated(plan))
        const asked = [0, 1, 2, 3].map((index) => plan.during.filter((one) => one === index).length)
        assert.deepStrictEqual(
          alone,
          left.map((count, index) => Math.min(asked[index] ?? 0, plan.tokens, Math.floor(count / plan.parts)))
        )
        const sum = alone.reduce((one, other) => one + other, issued)
        if (plan.parts >= 4) {
          // The limit is exceeded at most by the requests that the oldest copy lacks.
          assert.isAtMost(sum, plan.limit + Math.max(...left) - (plan.limit - issued))
        }
        assert.isAtLeast(recorded, Math.min(sum, plan.limit))
      }),
      parameters("budgets whose store is unavailable", { quick: 40, full: 1000 })
    ))
})
