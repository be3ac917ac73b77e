import { assert, describe, it } from "@effect/vitest"
import { OAuthError } from "@effect-oauth/client-credentials"
import { Duration, Effect, Schedule, TestClock } from "effect"

import * as backOff from "../../src/internal/process/backOff.js"
import * as pauses from "../../src/internal/seam/pauses.js"
import { hourly } from "../support/schedules.js"

const unavailable = (retryAfter?: Duration.DurationInput) =>
  new OAuthError.TokenEndpointUnavailable({
    endpoint: "https://auth.example.com/token",
    reason: "status",
    detail: "503",
    ...(retryAfter === undefined ? {} : { retryAfter: Duration.decode(retryAfter) })
  })

const doubled = Schedule.exponential("500 millis").pipe(Schedule.either(Schedule.spaced("1 minute")))
const ending = Schedule.exponential("1 second").pipe(Schedule.intersect(Schedule.recurs(2)))
const counts = [1, 2, 3, 4, 8, 9, 100, 1_000_000]

describe("the pauses of a schedule", () => {
  it.effect("are one at a time and start again when the schedule ends", () =>
    Effect.gen(function*() {
      const { next, reset } = pauses.make(ending)
      const all = yield* Effect.replicateEffect(next(undefined), 4)
      assert.deepStrictEqual(all, [1000, 2000, undefined, 1000])
      yield* reset
      assert.strictEqual(yield* next(undefined), 1000)
    }))

  it.effect("depend on the number of consecutive failures when only that number is shared", () =>
    Effect.gen(function*() {
      const nth = yield* Effect.forEach(counts, (count) => pauses.nth(doubled, undefined, count))
      assert.deepStrictEqual(nth, [500, 1000, 2000, 4000, 60_000, 60_000, 60_000, 60_000])
      assert.strictEqual(yield* pauses.nth(doubled, undefined, 0), 0)
    }))

  it.effect("start again after the end of the schedule, and are at most a day", () =>
    Effect.gen(function*() {
      const nth = yield* Effect.forEach([1, 2, 3, 4], (count) => pauses.nth(ending, undefined, count))
      assert.deepStrictEqual(nth, [1000, 2000, 0, 1000])
      assert.strictEqual(yield* pauses.nth(Schedule.exponential("1 second"), undefined, 50), 86_400_000)
    }))
})

describe("the pauses of a schedule of hours", () => {
  it.effect("depend on the time of day, which advances with each pause", () =>
    Effect.gen(function*() {
      const [minute, hour] = [60_000, 3_600_000]
      yield* TestClock.adjust("10 minutes")
      assert.strictEqual(yield* pauses.make(hourly).next(undefined), 50 * minute)
      const nth = yield* Effect.forEach([1, 2, 3], (count) => pauses.nth(hourly, undefined, count))
      assert.deepStrictEqual(nth, [50 * minute, hour, hour])
    }))
})

describe("the back-off", () => {
  it.effect("of one process and of a fleet follow the same rule", () =>
    Effect.gen(function*() {
      const options = { schedule: doubled, maxRetryAfter: 30_000 }
      for (const error of [unavailable(), unavailable("10 seconds"), unavailable("1 hour")]) {
        const own = backOff.make(options)
        const alone = yield* Effect.replicateEffect(own.next(error), 8)
        const shared = yield* Effect.forEach(alone.keys(), (index) => backOff.afterFailures(options)(error, index + 1))
        assert.deepStrictEqual(alone.map(({ pause }) => pause), shared)
      }
      assert.deepStrictEqual(yield* backOff.make(options).next(unavailable("1 hour")), {
        again: true,
        pause: 30_000,
        demanded: 30_000
      })
    }))

  it.effect("is half a second, doubled, up to a minute by default, each a fifth longer or shorter", () =>
    Effect.gen(function*() {
      const after = backOff.afterFailures(backOff.defaultOptions)
      for (const [count, pause] of [[1, 500], [2, 1000], [7, 32_000], [8, 60_000], [200, 60_000]] as const) {
        const found = yield* after(unavailable(), count)
        assert.isAtLeast(found, pause * 0.8, `${count} failures`)
        assert.isAtMost(found, pause * 1.2, `${count} failures`)
      }
    }))
})
