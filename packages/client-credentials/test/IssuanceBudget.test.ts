import { assert, describe, it } from "@effect/vitest"
import {
  ClientConfig,
  IssuanceBudget,
  SharedTokens,
  TokenCache,
  type TokenEndpoint,
  TokenSeal,
  TokenStore
} from "@effect-oauth/client-credentials"
import { Duration, Effect, Either, FastCheck as fc, Layer, Logger, Option, Random, Redacted } from "effect"

import * as virtualClock from "../../testing/src/internal/virtualClock.js"
import * as budgets from "../src/internal/budget.js"
import * as scenario from "./support/scenario.js"
import { day, make as endpoint, type Script, value } from "./support/tokenEndpoint.js"

const hour = 3_600_000
const key = Redacted.make(Buffer.alloc(32, 1).toString("base64"))

describe("a budget", () => {
  const window = fc.oneof(
    fc.record<budgets.Window>({ _tag: fc.constant("Sliding" as const), millis: fc.integer({ min: 1, max: 2 * day }) }),
    fc.record<budgets.Window>({
      _tag: fc.constant("Day" as const),
      timeZone: fc.constantFrom("UTC", "Europe/Amsterdam", "America/Sao_Paulo", "Asia/Kolkata", "Pacific/Apia")
    })
  )

  it.prop(
    "is never exceeded, and has room when it says so",
    [
      window,
      fc.integer({ min: 1, max: 5 }),
      fc.array(fc.tuple(fc.integer({ min: 0, max: day / 2 }), fc.boolean()), { maxLength: 30 })
    ],
    ([window, limit, requests]) => {
      const budget = { limit, window, reserve: Math.floor(limit / 3) }
      let spent: ReadonlyArray<number> = []
      const granted: Array<number> = []
      let now = Date.UTC(2026, 9, 24)
      for (const [wait, isRenewal] of requests) {
        now += wait
        const verdict = budgets.spend(budget, spent, now, isRenewal)
        if (verdict._tag === "Granted") {
          spent = verdict.spent
          granted.push(now)
          continue
        }
        assert.isAbove(verdict.resetsAt, now)
        assert.strictEqual(budgets.spend(budget, spent, verdict.resetsAt, isRenewal)._tag, "Granted")
        assert.strictEqual(budgets.spend(budget, spent, verdict.resetsAt - 1, isRenewal)._tag, "Refused")
        if (verdict.reserved) assert.strictEqual(budgets.spend(budget, spent, now, false)._tag, "Granted")
      }
      const inOne = (at: number, other: number) =>
        window._tag === "Sliding"
          ? other <= at && other > at - window.millis
          : new Date(at).toLocaleDateString("en", { timeZone: window.timeZone }) ===
            new Date(other).toLocaleDateString("en", { timeZone: window.timeZone })
      for (const at of granted) assert.isAtMost(granted.filter((other) => inOne(at, other)).length, limit)
    }
  )

  it.effect("is checked", () =>
    Effect.gen(function*() {
      for (
        const [options, setting] of [
          [{ limit: 0 }, "limit"],
          [{ limit: 1.5 }, "limit"],
          [{ limit: 1, reserveFraction: 1 }, "reserveFraction"],
          [{ limit: 1, window: { timeZone: "Atlantis/Capital" } }, "window"]
        ] as const
      ) {
        const error = yield* Effect.flip(
          IssuanceBudget.make(options).pipe(
            Effect.provide([
              endpoint().layer,
              TokenSeal.layer([key]),
              TokenStore.layerMemory
            ])
          )
        )
        assert(error._tag === "InvalidConfig")
        assert.deepStrictEqual(error.problems.map((problem) => problem.setting), [setting])
      }
    }))
})

/** Seals nothing, at once: WebCrypto answers in its own time, which a virtual clock does not wait for. */
const open = Layer.succeed(TokenSeal.TokenSeal, {
  seal: (_, text) => Effect.succeed(text),
  open: (_, text) => Effect.succeed(Option.some(text)),
  name: (text) => Effect.succeed(text)
})

/** A process, with caches of their own for as many scopes as are asked for, in virtual time. */
const process = (
  tokens: Layer.Layer<TokenEndpoint.TokenEndpoint>,
  store: TokenStore.Service,
  budget: IssuanceBudget.Options,
  options: TokenCache.Options = {}
) =>
  TokenCache.make({ patience: 0, ...options }).pipe(
    Effect.provide(
      SharedTokens.layer().pipe(
        Layer.provide(IssuanceBudget.layer(budget)),
        Layer.provide([
          tokens,
          ClientConfig.layer(scenario.options),
          open,
          Layer.succeed(TokenStore.TokenStore, store)
        ])
      )
    ),
    Effect.withRandom(Random.make("seed"))
  )

const start = (script: Script, budget: IssuanceBudget.Options, options?: TokenCache.Options) =>
  Effect.gen(function*() {
    const time = virtualClock.make()
    const inTime = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.withClock(effect, time.clock)
    const store = yield* Effect.provide(TokenStore.TokenStore, TokenStore.layerMemory)
    const { asked, count, layer } = endpoint(script)
    const begin = inTime(process(layer, store, budget, options))
    return { asked, begin, count, inTime, store, time }
  })

const quiet = Logger.remove(Logger.defaultLogger)

describe("the daily limit", () => {
  it.scoped(
    "of 10, with 50 callers who each want a token of their own, over 30 days: never more, a restart each day",
    () =>
      Effect.gen(function*() {
        const { asked, begin, count, inTime, time } = yield* start({ life: hour }, { limit: 10 })
        const outcomes: Record<string, number> = {}
        for (let days = 0; days < 30; days += 1) {
          yield* Effect.scoped(Effect.gen(function*() {
            const cache = yield* begin
            for (let hours = 0; hours < 24; hours += 6) {
              const calls = Array.from({ length: 50 }, (_, index) => cache.withChange({ scope: `scope-${index}` }).get)
              for (const outcome of yield* inTime(Effect.forEach(calls, Effect.either, { concurrency: "unbounded" }))) {
                const name = Either.isRight(outcome) ? "served" : outcome.left._tag
                outcomes[name] = (outcomes[name] ?? 0) + 1
              }
              yield* time.advance(6 * hour)
            }
          }))
        }
        const busiest = Math.max(
          ...asked.map(({ at }) => asked.filter((other) => other.at <= at && other.at > at - day).length)
        )
        console.log(
          `10 a day, 50 callers, 30 days: ${count.requests} tokens, ${busiest} in the busiest 24 hours`,
          outcomes
        )
        assert.strictEqual(busiest, 10)
        assert.isAtMost(count.requests, 300)
        assert.isAtLeast(count.requests, 290)
        assert.deepStrictEqual(Object.keys(outcomes).sort(), ["IssuanceBudgetExhausted", "served"])
      }).pipe(Effect.provide(quiet)),
    60_000
  )

  it.scoped("tells when there is room again, and there is", () =>
    Effect.gen(function*() {
      const { begin, count, inTime, time } = yield* start({}, { limit: 1, window: { timeZone: "Europe/Amsterdam" } })
      const cache = yield* begin
      yield* time.advance(10 * hour)
      yield* inTime(cache.get)
      const other = cache.withChange({ scope: "other" })
      const error = yield* inTime(Effect.flip(other.get))
      assert(error._tag === "IssuanceBudgetExhausted")
      // Midnight in Amsterdam is 23:00 in UTC in winter.
      assert.strictEqual(error.resetsAt, 23 * hour)
      assert.deepStrictEqual(error.retryAfter, Duration.hours(13))
      assert.include(error.message, "until 1970-01-01T23:00:00.000Z")
      assert.strictEqual(count.requests, 1)
      yield* time.advance(13 * hour)
      yield* inTime(other.get)
      assert.strictEqual(count.requests, 2)
    }).pipe(Effect.provide(quiet)))

  it.scoped("keeps the last tokens for real need: they are not spent on early renewals", () =>
    Effect.gen(function*() {
      const { asked, begin, inTime, time } = yield* start({ life: hour }, { limit: 5, reserveFraction: 2 / 5 })
      const cache = yield* begin
      for (let now = 0; now < 4.8 * hour; now += 10_000) {
        assert.match(value(yield* inTime(cache.get)), /^token-/)
        yield* time.advance(10_000)
      }
      assert.deepStrictEqual(asked.map(({ reason }) => reason), ["cold", "renewal", "renewal", "expired", "expired"])
    }).pipe(Effect.provide(quiet)))

  it.scoped("warns before it is reached, and asks without counting when nothing can be counted", () =>
    Effect.gen(function*() {
      const logged: Array<string> = []
      const logger = Logger.replace(Logger.defaultLogger, Logger.make(({ message }) => logged.push(String(message))))
      const { begin, count, inTime, store } = yield* Effect.provide(start({}, { limit: 5 }), logger)
      yield* Effect.gen(function*() {
        const cache = yield* begin
        for (let index = 0; index < 5; index += 1) yield* inTime(cache.withChange({ scope: `scope-${index}` }).get)
        assert.deepStrictEqual(logged, [
          "4 of 5 tokens of the client inventory-sync are spent.",
          "5 of 5 tokens of the client inventory-sync are spent."
        ])
        const { layer } = endpoint()
        const down = {
          ...store,
          load: () => new TokenStore.TokenStoreError({ operation: "load", problem: "ECONNREFUSED" })
        }
        const alone = yield* inTime(process(layer, down, { limit: 1 }))
        yield* inTime(alone.get)
        assert.include(logged.join(), "The token is not counted.")
      }).pipe(Effect.provide(logger))
      assert.strictEqual(count.requests, 5)
    }))
})
