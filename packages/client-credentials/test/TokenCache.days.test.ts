/**
 * Token requests and failed calls of a client, over days of virtual time.
 */
import { assert, describe, it } from "@effect/vitest"
import type { AccessToken } from "@effect-oauth/client-credentials"
import { ApiClient, OAuthError, TokenCache } from "@effect-oauth/client-credentials"
import { OAuthTest, TestApi, TestAuthorizationServer } from "@effect-oauth/testing"
import { VirtualClock } from "@effect-oauth/testing"
import { Duration, Effect, Either, Fiber, Random, Schedule } from "effect"

import { exitOf } from "./support/fibers.js"
import { runs } from "./support/runs.js"
import {
  day,
  make as endpoint,
  request,
  type Script,
  unavailable,
  value,
  wrongSecret
} from "./support/tokenEndpoint.js"

const second = 1000
const minute = 60 * second
const hour = 60 * minute

/** A cache in virtual time; every run is the same. */
const start = (script: Script = {}, options: TokenCache.Options = {}) =>
  Effect.gen(function*() {
    const time = VirtualClock.make()
    const { asked, count, layer } = endpoint(script)
    const inTime = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.withClock(effect, time.clock)
    const cache = yield* inTime(Effect.withRandom(Effect.provide(TokenCache.make(options), layer), Random.make("seed")))
    /** Returns the outcome of one call that does not wait. */
    const call = Effect.gen(function*() {
      const caller = yield* Effect.fork(inTime(Effect.either(cache.get)))
      yield* time.settle
      return exitOf(caller) === undefined ? "waits" as const : yield* Fiber.join(caller)
    })
    const reasons = () => {
      const found: Record<string, number> = {}
      for (const { reason } of asked) found[String(reason)] = (found[String(reason)] ?? 0) + 1
      return found
    }
    return { asked, cache, call, count, inTime, reasons, time }
  })

const token = (outcome: "waits" | Either.Either<AccessToken.AccessToken, OAuthError.TokenError>): string =>
  outcome === "waits" ? "waits" : Either.match(outcome, { onLeft: ({ _tag }) => _tag, onRight: value })

describe("over time", () => {
  it.scoped("a token of a day is requested about once a day", () =>
    Effect.gen(function*() {
      const { call, count, reasons, time } = yield* start()
      const days = runs("days with a call every minute", { quick: 2, full: 30 })
      let waited = 0
      for (let minutes = 0; minutes < days * 24 * 60; minutes += 1) {
        if ((yield* call) === "waits") waited += 1
        yield* time.advance(minute)
      }
      console.log(`${days} days, a call every minute: ${count.requests} tokens`, reasons())
      assert.isAtMost(count.requests, days + 1)
      assert.deepStrictEqual(reasons(), { cold: 1, renewal: count.requests - 1 })
      assert.strictEqual(waited, 0)
    }))

  it.scoped("a token of 45 seconds is reused, and refreshed before a caller waits for it", () =>
    Effect.gen(function*() {
      const { asked, call, reasons, time } = yield* start({ life: 45 * second })
      for (let seconds = 0; seconds < 3600; seconds += 1) {
        assert.match(token(yield* call), /^token-/)
        yield* time.advance(second)
      }
      const gaps = asked.slice(1).map(({ at }, index) => at - (asked[index]?.at ?? 0))
      assert.isAtLeast(Math.min(...gaps), 36 * second)
      assert.deepStrictEqual(reasons(), { cold: 1, renewal: asked.length - 1 })
    }))

  it.scoped("each token has a separate jitter, the same in every run", () =>
    Effect.gen(function*() {
      const times = Effect.gen(function*() {
        const { asked, call, time } = yield* start({ life: hour })
        for (let seconds = 0; seconds < 5 * 3600; seconds += 5) {
          yield* call
          yield* time.advance(5 * second)
        }
        return asked.map(({ at }, index) => at - (asked[index - 1]?.at ?? 0))
      })
      const [first, ...gaps] = yield* times
      assert.strictEqual(first, 0)
      assert.isAbove(new Set(gaps).size, 1)
      for (const gap of gaps) {
        assert.isAtLeast(gap, 55 * minute)
        assert.isAtMost(gap, 55 * minute + 145 * second + 5 * second)
      }
      assert.deepStrictEqual(yield* times, [0, ...gaps])
    }))

  it.scoped(
    "an outage in the last hour of a token fails no call before its expiry and causes few requests",
    () =>
      Effect.gen(function*() {
        const { asked, call, time } = yield* start({
          fails: (_, now) => now >= day - hour && now < day + hour && unavailable
        })
        yield* call
        yield* time.advance(day - hour)
        for (let now = day - hour; now < day - 10 * second; now += second) {
          assert.strictEqual(token(yield* call), "token-1", `at ${now}`)
          yield* time.advance(second)
        }
        const before = asked.length - 1
        const outcomes = new Set<string>()
        for (let now = day - 10 * second; now < day + hour; now += second) {
          outcomes.add(token(yield* call))
          yield* time.advance(second)
        }
        const during = asked.length - 1 - before
        console.log(
          `an outage of two hours, a call every second: ${before} requests before the token's end, ${during} after`
        )
        assert.isAtMost(before, 15)
        assert.isAtMost(during, 90)
        assert.deepStrictEqual(outcomes, new Set(["waits", "TokenEndpointUnavailable"]))
        yield* time.advance(2 * minute)
        assert.match(token(yield* call), /^token-/)
      }),
    300_000
  )

  it.scoped("an outage of seconds fails no caller without a token", () =>
    Effect.gen(function*() {
      const { cache, count, inTime, time } = yield* start({ fails: (_, now) => now < 3 * second && unavailable })
      const callers = yield* Effect.fork(inTime(Effect.replicateEffect(cache.get, 100, { concurrency: "unbounded" })))
      yield* time.advance(5 * second)
      assert.deepStrictEqual(new Set((yield* Fiber.join(callers)).map(value)), new Set([`token-${count.requests}`]))
      assert.isAtMost(count.requests, 5)
    }))

  it.scoped("the back-off starts from the beginning in a second outage, after a success", () =>
    Effect.gen(function*() {
      const { asked, call, time } = yield* start({
        life: hour,
        fails: (requests) => requests !== 6 && requests < 9 && unavailable
      })
      yield* call
      yield* time.advance(10 * minute)
      yield* call
      yield* time.advance(10 * minute)
      assert.match(token(yield* call), /^token-/)
      const before = asked.length
      yield* time.advance(hour)
      yield* call
      yield* time.advance(5 * second)
      const [one = 0, next = 0] = asked.slice(before).map(({ at }) => at)
      assert.isAbove(next, one)
      assert.isAtMost(next - one, 600)
    }))

  it.scoped("a permanent error fails each call immediately, and retries back off", () =>
    Effect.gen(function*() {
      const { asked, call, time } = yield* start({ fails: () => wrongSecret })
      for (let seconds = 0; seconds < 3600; seconds += 1) {
        assert.strictEqual(token(yield* call), "TokenErrorResponse")
        yield* time.advance(second)
      }
      console.log(`a wrong secret, a call every second for an hour: ${asked.length} requests`)
      assert.isAtMost(asked.length, 90)
      assert.isAbove(asked.length, 40)
    }))

  it.scoped("a Retry-After is respected up to a limit, and reported", () =>
    Effect.gen(function*() {
      const { asked, call, count, time } = yield* start({
        fails: (requests) =>
          requests <= 2 && new OAuthError.TokenErrorResponse({
            endpoint: request.endpoint,
            status: 429,
            error: "slow_down",
            retryAfter: requests === 1 ? Duration.seconds(90) : Duration.hours(20)
          })
      })
      assert.strictEqual(token(yield* call), "TokenErrorResponse")
      yield* time.advance(60 * second)
      const told = yield* call
      assert(told !== "waits" && Either.isLeft(told) && told.left._tag === "TokenErrorResponse")
      assert.deepStrictEqual(told.left.retryAfter, Duration.seconds(30))
      assert.strictEqual(count.requests, 1)
      // The remaining pause is short enough to wait for.
      yield* time.advance(26 * second)
      assert.strictEqual(yield* call, "waits")
      yield* time.advance(hour)
      yield* time.advance(4 * second)
      assert.deepStrictEqual(asked.map(({ at }) => at), [0, 90 * second])
      assert.match(token(yield* call), /^token-3$/)
      assert.deepStrictEqual(asked.map(({ at }) => at), [0, 90 * second, 90 * second + hour])
    }))

  it.scoped("a custom schedule replaces the back-off", () =>
    Effect.gen(function*() {
      const { asked, call, time } = yield* start({ fails: () => unavailable }, {
        retryTimeout: "1 hour",
        backOff: Schedule.spaced("10 seconds").pipe(Schedule.intersect(Schedule.recurs(2)))
      })
      yield* call
      yield* time.advance(minute)
      assert.deepStrictEqual(asked.map(({ at }) => at), [0, 10 * second, 20 * second])
    }))

  it.scoped("a server that issues the same token again is not sent useless requests", () =>
    Effect.gen(function*() {
      // It issues a new token when the old one has expired, and returns the remaining lifetime.
      const hours = runs("hours at a server that issues its token again", { quick: 2, full: 10 })
      const time = { now: 0 }
      const { asked, call, time: clock } = yield* start({
        value: () => `token-${Math.floor(time.now / hour)}`,
        life: () => Math.floor((hour - time.now % hour) / second) * second
      })
      for (; time.now < hours * hour; time.now += second) {
        assert.match(token(yield* call), /^token-/)
        yield* clock.advance(second)
      }
      console.log(`a server that issues its token of an hour again, for ${hours} hours: ${asked.length} requests`)
      assert.isAtMost(asked.length, 2 * hours + 1)
    }))

  it.scoped("new tokens that expire with the old one cause no useless requests", () =>
    Effect.gen(function*() {
      const hours = runs("hours of tokens that end with the old one", { quick: 2, full: 10 })
      const time = { now: 0 }
      const { asked, call, time: clock } = yield* start({ life: () => hour - time.now % hour })
      for (; time.now < hours * hour; time.now += second) {
        assert.match(token(yield* call), /^token-/)
        yield* clock.advance(second)
      }
      assert.isAtMost(asked.length, 2 * hours + 1)
    }))

  it.scoped("a wall clock that is set back does not make a token live longer", () =>
    Effect.gen(function*() {
      const { call, time } = yield* start({ life: hour })
      yield* call
      time.setWall(-12 * hour)
      yield* time.advance(hour - 11 * second)
      assert.strictEqual(token(yield* call), "token-1")
      yield* time.advance(2 * second)
      assert.strictEqual(token(yield* call), "token-2")
    }))

  it.scoped("a wall clock that is set forward costs one token, and setting it back costs none", () =>
    Effect.gen(function*() {
      const { call, count, time } = yield* start({ life: hour })
      yield* call
      time.setWall(12 * hour)
      assert.strictEqual(token(yield* call), "token-2")
      time.setWall(-12 * hour)
      yield* time.advance(30 * minute)
      assert.strictEqual(token(yield* call), "token-2")
      assert.strictEqual(count.requests, 2)
    }))

  it.scoped("a machine that was suspended does not use a token that has expired", () =>
    Effect.gen(function*() {
      const { call, time } = yield* start({ life: hour })
      yield* call
      time.suspend(2 * hour)
      assert.strictEqual(token(yield* call), "token-2")
    }))

  it.scoped("a refresh that hangs blocks no caller with a token, and times out", () =>
    Effect.gen(function*() {
      const { cache, call, count, inTime, time } = yield* start(
        { life: hour, hangs: (request) => request > 1 },
        { requestTimeout: "20 seconds" }
      )
      yield* call
      yield* time.advance(hour - minute)
      for (let seconds = 60; seconds > 10; seconds -= 1) {
        assert.strictEqual(token(yield* call), "token-1")
        yield* time.advance(second)
      }
      const waiting = yield* Effect.fork(inTime(Effect.flip(cache.get)))
      yield* time.advance(minute)
      const told = yield* Fiber.join(waiting)
      assert(told._tag === "TokenEndpointUnavailable")
      assert.deepStrictEqual([told.reason, told.detail], ["timeout", "20s"])
      assert.strictEqual(count.interrupted, count.requests - 1)
      assert.isAtMost(count.requests, 6)
    }))
})

describe("an API that rejects every token", () => {
  for (const every of [minute, hour]) {
    it.effect(`costs a handful of tokens a day, called every ${every / minute} min`, () =>
      Effect.gen(function*() {
        const time = VirtualClock.make()
        const perDay: Array<number> = []
        const days = runs(`days with a rejected call every ${every / minute} min`, { quick: 1, full: 4 })
        yield* Effect.gen(function*() {
          const api = yield* ApiClient.ApiClient
          const { issued } = yield* TestAuthorizationServer.TestAuthorizationServer
          const { reject } = yield* TestApi.TestApi
          yield* reject(() => true)
          for (let started = 0; started < days; started += 1) {
            const before = (yield* issued).length
            for (let now = 0; now < day; now += every) {
              assert.strictEqual((yield* api.get("/items")).status, 401)
              yield* time.advance(every)
            }
            perDay.push((yield* issued).length - before)
          }
        }).pipe(Effect.provide(OAuthTest.layer()), (program) => Effect.withClock(program, time.clock))
        console.log(`an API that rejects every token, a call every ${every / minute} min: tokens per day`, perDay)
        for (const tokens of perDay) assert.isAtMost(tokens, 6)
      }))
  }

  it.effect("an early rejection is followed by a token request while replacements are accepted", () =>
    Effect.gen(function*() {
      const api = yield* ApiClient.ApiClient
      const { revoke } = yield* TestAuthorizationServer.TestAuthorizationServer
      for (let revocations = 1; revocations <= 4; revocations += 1) {
        assert.strictEqual((yield* api.get("/items")).status, 200)
        yield* revoke()
      }
      yield* OAuthTest.expect({ tokensIssued: 4 })
    }).pipe(Effect.provide(OAuthTest.layer())))
})
