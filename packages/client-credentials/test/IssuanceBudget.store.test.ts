import { assert, describe, it } from "@effect/vitest"
import { OAuthError, TokenCache, TokenEndpoint, TokenStore } from "@effect-oauth/client-credentials"
import { VirtualClock } from "@effect-oauth/testing"
import { Duration, Effect, Either, Fiber, Logger, Schedule } from "effect"

import { names, process } from "./support/budgetProcess.js"
import { countOf } from "./support/metrics.js"
import { request, type Script } from "./support/tokenEndpoint.js"

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const year = 365 * day

const logged = () => {
  const lines: Array<string> = []
  return {
    lines,
    layer: Logger.replace(Logger.defaultLogger, Logger.make(({ message }) => lines.push(String(message))))
  }
}

const quiet = Logger.remove(Logger.defaultLogger)

const memory = Effect.provide(TokenStore.TokenStore, TokenStore.layerMemory)

/** A store with a separate clock, whose operations take time, are counted, and fail on demand. */
const harness = (delay: Duration.DurationInput = 0) =>
  Effect.gen(function*() {
    const state = { store: yield* memory, operations: 0, fails: undefined as "before" | "after" | undefined }
    const time = VirtualClock.make()
    const run = <A>(
      operation: OAuthError.TokenStoreError["operation"],
      effect: () => Effect.Effect<A, OAuthError.TokenStoreError>
    ) =>
      Effect.gen(function*() {
        state.operations += 1
        const failure = new OAuthError.TokenStoreError({ operation, problem: "ECONNREFUSED" })
        if (Duration.toMillis(delay) > 0) yield* Effect.sleep(delay)
        if (state.fails === "before") return yield* failure
        const result = yield* Effect.withClock(effect(), time.clock)
        return state.fails === "after" ? yield* failure : result
      })
    const store: TokenStore.TokenStore = {
      load: (key) => run("load", () => state.store.load(key)),
      swap: (...parameters) => run("swap", () => state.store.swap(...parameters)),
      acquire: (...parameters) => run("acquire", () => state.store.acquire(...parameters)),
      release: (...parameters) => run("release", () => state.store.release(...parameters))
    }
    return { state, store, time }
  })

type Counted = TokenEndpoint.RequestOptions["counted"]

/** Lets time pass while an effect runs. */
const during = <A, E>(effect: Effect.Effect<A, E>, time: VirtualClock.VirtualClock, duration: Duration.DurationInput) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.fork(effect)
    yield* time.advance(duration)
    return yield* Fiber.join(fiber)
  })

const tally = (outcomes: ReadonlyArray<Either.Either<unknown, { readonly _tag: string }>>) => {
  const all = names(outcomes)
  return Object.fromEntries([...new Set(all)].sort().map((name) => [name, all.filter((one) => one === name).length]))
}

describe("300 token requests at once, with a limit of 40", () => {
  for (const [name, processes, most] of [["300 processes", 300, 5], ["one process", 1, 0.1]] as const) {
    it.scoped(`are counted exactly, with few operations of the store, in ${name}`, () =>
      Effect.gen(function*() {
        const { state, store } = yield* harness("1 millis")
        const time = VirtualClock.make()
        const all = yield* Effect.replicateEffect(process(store, { limit: 40 }, { time }), processes)
        const asking = Array.from({ length: 300 }, (_, index) => (all[index % processes] ?? assert.fail()).ask)
        const outcomes = yield* during(Effect.all(asking, { concurrency: "unbounded" }), time, "1 minute")
        assert.deepStrictEqual(tally(outcomes), { IssuanceBudgetExhausted: 260, token: 40 })
        const each = state.operations / 300
        console.log(`300 at once, limit 40, ${name}: ${each.toFixed(2)} operations each`)
        assert.isAtMost(each, most)
      }))
  }

  it.scoped("cost one operation each, in sequence, when no other process counts", () =>
    Effect.gen(function*() {
      const { state, store } = yield* harness()
      const { ask } = yield* process(store, { limit: 400 })
      yield* Effect.replicateEffect(ask, 300)
      assert.strictEqual(state.operations, 300)
    }))
})

describe("the clock of a process", () => {
  for (const [name, ahead] of [["26 hours", 26 * hour], ["3 years", 3 * year], ["-26 hours", -26 * hour]] as const) {
    it.scoped(`that is ${name} ahead counts like the others and blocks none of them`, () =>
      Effect.gen(function*() {
        const { store, time } = yield* harness()
        time.setWall(50 * year)
        const wrong = VirtualClock.make()
        wrong.setWall(50 * year + ahead)
        const early = yield* process(store, { limit: 6 }, { time: wrong })
        const other = yield* process(store, { limit: 6 }, { time })
        const outcomes = [yield* early.ask, yield* other.ask, yield* early.ask, yield* other.ask]
        yield* time.advance(hour)
        yield* wrong.advance(hour)
        outcomes.push(...(yield* Effect.all([early.ask, other.ask, other.ask, early.ask])))
        assert.deepStrictEqual(tally(outcomes), { IssuanceBudgetExhausted: 2, token: 6 })
        const { resetsAt, retryAfter } = yield* Effect.map(
          early.ask,
          (last) => Either.isLeft(last) && last.left._tag === "IssuanceBudgetExhausted" ? last.left : assert.fail()
        )
        // A token may be issued up to a minute after its request was counted.
        const pause = day - hour + minute
        assert.strictEqual(resetsAt, 50 * year + day + minute)
        assert.strictEqual(Duration.toMillis(retryAfter), pause)
        yield* time.advance(pause)
        yield* wrong.advance(pause)
        assert.deepStrictEqual(names([yield* early.ask, yield* other.ask]), ["token", "token"])
      }))
  }

  it.scoped("that is set writes no ledger by its own time, which would lack the counts of others", () =>
    Effect.gen(function*() {
      const { store, time } = yield* harness()
      const fresh = yield* process(store, { limit: 6 }, { time })
      const counts: Array<number | undefined> = []
      const counted = Effect.map(fresh.inTime(fresh.budget.ledger), ({ limits }) => counts.push(limits[0]?.counted))
      const watched: TokenStore.TokenStore = {
        ...store,
        swap: (...parameters) => Effect.zipLeft(store.swap(...parameters), Effect.orDie(counted))
      }
      const own = VirtualClock.make()
      const one = yield* process(watched, { limit: 6 }, { time: own })
      yield* Effect.replicateEffect(one.ask, 3)
      own.setWall(26 * hour)
      yield* one.ask
      assert.deepStrictEqual(counts, [1, 2, 3, 4])
    }))

  it.scoped("that is set between two token requests counts by the time of the store", () =>
    Effect.gen(function*() {
      const { store, time } = yield* harness()
      time.setWall(50 * year)
      const own = VirtualClock.make()
      own.setWall(50 * year)
      const one = yield* process(store, { limit: 3 }, { time: own })
      assert.deepStrictEqual(names([yield* one.ask, yield* one.ask]), ["token", "token"])
      own.setWall(3 * year)
      assert.deepStrictEqual(names([yield* one.ask, yield* one.ask]), ["token", "IssuanceBudgetExhausted"])
      const { limits, now } = yield* one.inTime(one.budget.ledger)
      assert.deepStrictEqual([now, limits[0]?.counted], [50 * year, 3])
    }))
})

describe("while the store is unavailable", () => {
  it.scoped("a process requests no token, unless it is configured to, and records the requests later", () =>
    Effect.gen(function*() {
      for (
        const [withoutStore, expected] of [[0, { TokenStoreError: 6 }], [4, { TokenStoreError: 2, token: 4 }]] as const
      ) {
        const { state, store } = yield* harness()
        const time = VirtualClock.make()
        const one = yield* process(store, { limit: 50, withoutStore }, { time })
        const other = yield* process(store, { limit: 50, withoutStore }, { time })
        yield* one.ask
        yield* other.ask
        state.fails = "before"
        const asking = Effect.replicateEffect(Effect.timeout(one.ask, "10 seconds"), 6)
        assert.deepStrictEqual(tally(yield* during(asking, time, "1 minute")), expected)
        state.fails = undefined
        yield* one.ask
        const { left, limits } = yield* other.inTime(other.budget.ledger)
        assert.deepStrictEqual([left, limits[0]?.counted], [47 - withoutStore, 3 + withoutStore])
      }
    }).pipe(Effect.provide(quiet)))

  it.scoped("a process that is configured to, and has never read the count, requests as many as the limit", () =>
    Effect.gen(function*() {
      const { state, store } = yield* harness()
      const time = VirtualClock.make()
      const { ask } = yield* process(store, { limit: 50, withoutStore: 1 }, { time })
      state.fails = "before"
      assert.deepStrictEqual(names(yield* during(Effect.replicateEffect(ask, 2), time, "1 minute")), [
        "token",
        "TokenStoreError"
      ])
    }).pipe(Effect.provide(quiet)))

  it.scoped("a process that has never read the count requests none", () =>
    Effect.gen(function*() {
      const { state, store } = yield* harness()
      const time = VirtualClock.make()
      const { ask, budget, count, inTime } = yield* process(store, { limit: 50 }, { time })
      state.fails = "before"
      assert.deepStrictEqual(names([yield* during(ask, time, "1 minute")]), ["TokenStoreError"])
      assert.strictEqual(yield* during(inTime(budget.left), time, "1 minute"), undefined)
      const failed = yield* during(
        inTime(Effect.all([Effect.flip(budget.ledger), Effect.flip(budget.reset)])),
        time,
        "1 minute"
      )
      assert.deepStrictEqual(failed.map(({ _tag }) => _tag), ["TokenStoreError", "TokenStoreError"])
      assert.strictEqual(count.requests, 0)
      state.fails = undefined
      assert.deepStrictEqual(names([yield* ask]), ["token"])
    }).pipe(Effect.provide(quiet)))

  it.scoped("requests that issued no token are returned to the budget, including earlier ones", () =>
    Effect.gen(function*() {
      const { state, store } = yield* harness()
      const time = VirtualClock.make()
      const down = new OAuthError.TokenEndpointUnavailable({
        endpoint: request.endpoint,
        reason: "status",
        detail: "503"
      })
      // In the second case, the store fails while the request is in flight.
      const script: Script = {
        fails: (requests) => {
          if (requests === 2) state.fails = "before"
          return requests > 1 && down
        }
      }
      const one = yield* process(store, { limit: 50, withoutStore: 1 }, { script, time })
      yield* one.ask
      const outcomes = yield* during(Effect.replicateEffect(one.ask, 20), time, "10 minutes")
      assert.deepStrictEqual(tally(outcomes), { TokenEndpointUnavailable: 20 })
      state.fails = undefined
      const { left } = yield* one.inTime(one.budget.ledger)
      assert.strictEqual(left, 49)
    }).pipe(Effect.provide(quiet)))

  it.scoped("a count that was written without a response is counted once", () =>
    Effect.gen(function*() {
      const { state, store } = yield* harness()
      const time = VirtualClock.make()
      const one = yield* process(store, { limit: 50, withoutStore: 1 }, { time })
      yield* one.ask
      state.fails = "after"
      assert.deepStrictEqual(names([yield* during(one.ask, time, "1 minute")]), ["token"])
      state.fails = undefined
      yield* one.ask
      const { limits } = yield* one.inTime(one.budget.ledger)
      assert.strictEqual(limits[0]?.counted, 3)
      const other = yield* process(store, { limit: 50 }, { time })
      assert.strictEqual((yield* other.inTime(other.budget.ledger)).limits[0]?.counted, 3)
    }).pipe(Effect.provide(quiet)))
})

describe("a count that the store lost", () => {
  it.scoped("is written again by a process that has it in memory, with a warning", () =>
    Effect.gen(function*() {
      const { layer, lines } = logged()
      yield* Effect.gen(function*() {
        const { state, store } = yield* harness()
        const one = yield* process(store, { limit: 3 })
        assert.deepStrictEqual(names(yield* Effect.replicateEffect(one.ask, 3)), ["token", "token", "token"])
        const before = yield* countOf("oauth.budget.lost_counts")
        state.store = yield* memory
        assert.deepStrictEqual(names([yield* one.ask]), ["IssuanceBudgetExhausted"])
        assert.lengthOf(lines.filter((line) => /lost the token count.* until 1970-\S+Z, so the issuer/.test(line)), 1)
        assert.strictEqual(yield* countOf("oauth.budget.lost_counts"), before + 1)
        const other = yield* process(store, { limit: 3 })
        assert.deepStrictEqual(names([yield* other.ask]), ["IssuanceBudgetExhausted"])
      }).pipe(Effect.provide(layer))
    }))

  it.scoped("is added to the count that another process started", () =>
    Effect.gen(function*() {
      const { layer, lines } = logged()
      yield* Effect.gen(function*() {
        const { state, store, time } = yield* harness()
        const one = yield* process(store, { limit: 10 }, { time })
        yield* Effect.replicateEffect(one.ask, 4)
        state.store = yield* memory
        yield* time.advance("1 minute")
        const other = yield* process(store, { limit: 10 }, { time })
        yield* Effect.replicateEffect(other.ask, 5)
        assert.deepStrictEqual(names(yield* Effect.replicateEffect(one.ask, 2)), ["token", "IssuanceBudgetExhausted"])
        assert.deepStrictEqual(names([yield* other.ask]), ["IssuanceBudgetExhausted"])
        assert.lengthOf(lines.filter((line) => /lost the token count.* until 1970-\S+Z, so the issuer/.test(line)), 1)
      }).pipe(Effect.provide(layer))
    }))

  it.scoped("is restored from the times that are stored beside the token, with a warning", () =>
    Effect.gen(function*() {
      const { layer, lines } = logged()
      yield* Effect.gen(function*() {
        const { state, store, time } = yield* harness()
        let counted: Counted
        const before = yield* countOf("oauth.budget.lost_counts")
        const started = () => process(store, { limit: 3 }, { time })
        const ask = Effect.flatMap(started(), (one) => one.askWith({ counted })).pipe(
          Effect.tap((outcome) =>
            Effect.sync(() => {
              if (Either.isRight(outcome)) counted = outcome.right.counted
            })
          ),
          Effect.tap(() => time.advance("1 hour"))
        )
        for (let count = 1; count <= 3; count += 1) {
          assert.deepStrictEqual(names([yield* ask]), ["token"])
          assert.lengthOf(counted?.times ?? [], count)
          state.store = yield* memory
        }
        assert.deepStrictEqual(names([yield* ask]), ["IssuanceBudgetExhausted"])
        assert.lengthOf(lines.filter((line) => /lost the token count.* until 1970-\S+Z, so the issuer/.test(line)), 3)
        assert.strictEqual(yield* countOf("oauth.budget.lost_counts"), before + 3)
        // Restored times are in the ledger of the store again.
        assert.strictEqual((yield* Effect.flatMap(started(), ({ budget, inTime }) => inTime(budget.ledger))).left, 0)
        // The first one no longer counts after its window.
        yield* time.advance("20 hours")
        assert.deepStrictEqual(names([yield* ask]), ["IssuanceBudgetExhausted"])
        yield* time.advance("1 minute")
        assert.deepStrictEqual(names([yield* ask]), ["token"])
      }).pipe(Effect.provide(layer))
    }))

  it.scoped("is not restored from times of requests before a reset", () =>
    Effect.gen(function*() {
      const { store, time } = yield* harness()
      const one = yield* process(store, { limit: 1 }, { time })
      const issued = yield* Effect.flatten(one.askWith({}))
      assert.deepStrictEqual(names([yield* one.ask]), ["IssuanceBudgetExhausted"])
      yield* time.advance("1 second")
      yield* one.inTime(one.budget.reset)
      const other = yield* process(store, { limit: 1 }, { time })
      assert.deepStrictEqual(names([yield* other.askWith({ counted: issued.counted })]), ["token"])
    }).pipe(Effect.provide(quiet)))

  it.scoped("is not reported as lost when none of it counts any more", () =>
    Effect.gen(function*() {
      const { layer, lines } = logged()
      yield* Effect.gen(function*() {
        const { state, store, time } = yield* harness()
        const one = yield* process(store, { limit: 3 }, { time })
        yield* one.ask
        yield* time.advance(2 * day)
        state.store = yield* memory
        assert.deepStrictEqual(names([yield* one.ask]), ["token"])
        assert.deepStrictEqual(lines, [])
      }).pipe(Effect.provide(layer))
    }))

  it.scoped("because it cannot be opened is replaced by the count in memory, with a warning", () =>
    Effect.gen(function*() {
      const { layer, lines } = logged()
      yield* Effect.gen(function*() {
        const { store } = yield* harness()
        const keys = new Set<string>()
        const watched: TokenStore.TokenStore = {
          ...store,
          swap: (key, ...more) => Effect.zipRight(Effect.sync(() => keys.add(key)), store.swap(key, ...more))
        }
        const one = yield* process(watched, { limit: 3 })
        yield* Effect.replicateEffect(one.ask, 2)
        const [key = assert.fail()] = keys
        yield* store.swap(key, 2, { value: "of another key", expiresAt: day })
        assert.deepStrictEqual(names(yield* Effect.replicateEffect(one.ask, 2)), ["token", "IssuanceBudgetExhausted"])
        assert.match(
          lines.join(),
          /The token count in the store could not be opened\..* until 1970-\S+Z, so the issuer/
        )
      }).pipe(Effect.provide(layer))
    }))
})

describe("a budget", () => {
  it.scoped("leaves a fifth after hours without a response, and all of it when a request succeeds again", () =>
    Effect.gen(function*() {
      const { store, time } = yield* harness()
      const late = new OAuthError.TokenEndpointUnavailable({
        endpoint: request.endpoint,
        reason: "timeout",
        detail: "30s"
      })
      let isSilent = true
      const script: Script = { fails: () => isSilent && late }
      const { ask, budget, inTime } = yield* process(store, { limit: 50 }, { script, time })
      const eachMinute = (times: number) =>
        Effect.map(Effect.replicateEffect(Effect.zipLeft(ask, time.advance("1 minute")), times), tally)
      // Each may have issued a token, which limits the requests of the following hours.
      assert.deepStrictEqual(yield* eachMinute(20), { TokenEndpointUnavailable: 20 })
      const hours = yield* eachMinute(12 * 60)
      const unanswered = 20 + (hours["TokenEndpointUnavailable"] ?? 0)
      assert.deepStrictEqual(Object.keys(hours).sort(), ["IssuanceBudgetExhausted", "TokenEndpointUnavailable"])
      assert.isAtLeast(unanswered, 35)
      assert.isAtMost(unanswered, 40)
      assert.strictEqual(yield* inTime(budget.left), 50 - unanswered)
      isSilent = false
      // A quarter of the elapsed time.
      while ((yield* ask)._tag !== "Right") yield* time.advance("1 minute")
      assert.isAtMost(time.now().steady, 12.4 * hour * 1.25)
      const left = 50 - unanswered - 1
      assert.deepStrictEqual(tally(yield* Effect.replicateEffect(ask, 20)), {
        IssuanceBudgetExhausted: 20 - left,
        token: left
      })
    }))

  it.scoped("of 10 an hour and 50 a calendar month enforces both", () =>
    Effect.gen(function*() {
      const { store, time } = yield* harness()
      time.setWall(Date.UTC(2026, 1, 27))
      const { ask, budget, inTime } = yield* process(store, {
        limit: 50,
        window: { timeZone: "Europe/Amsterdam", calendar: "month" },
        furtherLimits: [{ limit: 10, window: "1 hour" }]
      }, { time })
      const hours: Array<number> = []
      for (let count = 0; count < 72; count += 1) {
        hours.push(names(yield* Effect.replicateEffect(ask, 11)).filter((name) => name === "token").length)
        yield* time.advance(hour + minute)
      }
      // March begins in Amsterdam at 23:00 UTC of 28 February.
      assert.deepStrictEqual(hours.flatMap((count, index) => count > 0 ? [[index, count]] : []), [
        ...[0, 1, 2, 3, 4].map((index) => [index, 10]),
        ...[47, 48, 49, 50, 51].map((index) => [index, 10])
      ])
      const { limits } = yield* inTime(budget.ledger)
      assert.deepStrictEqual(limits.map(({ counted, left, limit, roomAt }) => ({ counted, left, limit, roomAt })), [
        { limit: 50, counted: 50, left: 0, roomAt: Date.UTC(2026, 2, 31, 22) },
        { limit: 10, counted: 0, left: 10, roomAt: Date.UTC(2026, 2, 2) + 72 * minute }
      ])
      assert.deepStrictEqual(limits.map(({ window }) => window), [
        { timeZone: "Europe/Amsterdam", calendar: "month" },
        Duration.hours(1)
      ])
    }))

  it.scoped("with a name is shared by several clients, each with the quotas that were announced to it", () =>
    Effect.gen(function*() {
      const { store, time } = yield* harness()
      const busy = new OAuthError.TokenEndpointUnavailable({
        endpoint: request.endpoint,
        reason: "status",
        detail: "429",
        retryAfter: Duration.minutes(10)
      })
      const options = { limit: 5, name: "orders" }
      const one = yield* process(store, options, { time, clientId: "one", script: { fails: () => busy } })
      const other = yield* process(store, options, { time, clientId: "other" })
      const apart = yield* process(store, { limit: 5 }, { time, clientId: "one" })
      assert.deepStrictEqual(names(yield* Effect.replicateEffect(one.ask, 2)), [
        "TokenEndpointUnavailable",
        "IssuanceBudgetExhausted"
      ])
      assert.deepStrictEqual(tally(yield* Effect.replicateEffect(other.ask, 6)), {
        IssuanceBudgetExhausted: 1,
        token: 5
      })
      assert.deepStrictEqual(names([yield* apart.ask]), ["token"])
      const { announced, left, limits } = yield* one.inTime(one.budget.ledger)
      assert.deepStrictEqual([left, limits[0]?.counted], [0, 5])
      assert.deepStrictEqual(announced, [{
        name: "retry-after",
        clientId: "one",
        organization: undefined,
        limit: 5,
        counted: 5,
        left: 0,
        roomAt: 10 * 60_000
      }])
    }))

  it.scoped("pauses after 429 by Retry-After, no longer and no shorter than the maxRetryAfter of the cache", () =>
    Effect.gen(function*() {
      const minutes = (count: number) => count * minute
      for (
        const [maxRetryAfter, retryAfter, pause] of [
          ["100 millis", minutes(30), 100],
          [undefined, minutes(30), minutes(30)],
          [undefined, minutes(90), minutes(60)],
          ["2 hours", minutes(90), minutes(90)],
          ["2 hours", minutes(180), minutes(120)]
        ] as const
      ) {
        const { store, time } = yield* harness()
        const busy = new OAuthError.TokenEndpointUnavailable({
          endpoint: request.endpoint,
          reason: "status",
          detail: "429",
          retryAfter: Duration.millis(retryAfter)
        })
        const one = yield* process(store, { limit: 1000 }, { time, script: { fails: (count) => count === 1 && busy } })
        const { get } = yield* TokenCache.make({
          ...maxRetryAfter && { maxRetryAfter },
          backOff: Schedule.spaced("50 millis"),
          retryTimeout: 0
        }).pipe(Effect.provideService(TokenEndpoint.TokenEndpoint, one.endpoint), one.inTime)
        const ask = one.inTime(Effect.either(get))
        assert.deepStrictEqual(names([yield* ask]), ["TokenEndpointUnavailable"])
        yield* time.advance(pause - 1)
        assert.notDeepEqual(names([yield* ask]), ["token"])
        assert.strictEqual(one.count.requests, 1)
        yield* time.advance(1)
        assert.deepStrictEqual(names([yield* ask]), ["token"], `${maxRetryAfter} of ${retryAfter} ms`)
      }
    }))

  it.scoped("reports its ledger, and resets it for all processes", () =>
    Effect.gen(function*() {
      const { store, time } = yield* harness()
      const one = yield* process(store, { limit: 2 }, { time })
      const other = yield* process(store, { limit: 2 }, { time })
      const ledger = (counted: number, roomAt: number) => ({
        now: time.now().wall,
        left: 2 - counted,
        limits: [{ limit: 2, counted, left: 2 - counted, roomAt, window: Duration.days(1) }],
        announced: []
      })
      assert.deepStrictEqual(yield* one.inTime(one.budget.ledger), ledger(0, 0))
      yield* one.ask
      yield* time.advance(hour)
      yield* other.ask
      assert.deepStrictEqual(yield* one.inTime(one.budget.ledger), ledger(2, day + minute))
      assert.deepStrictEqual(names([yield* one.ask, yield* other.ask]), [
        "IssuanceBudgetExhausted",
        "IssuanceBudgetExhausted"
      ])
      yield* one.inTime(one.budget.reset)
      assert.deepStrictEqual(yield* other.inTime(other.budget.ledger), ledger(0, hour))
      assert.deepStrictEqual(names([yield* one.ask, yield* other.ask, yield* one.ask]), [
        "token",
        "token",
        "IssuanceBudgetExhausted"
      ])
    }))

  it.scoped("of a client that was closed fails at once", () =>
    Effect.gen(function*() {
      const { store } = yield* harness()
      const { budget, inTime } = yield* Effect.scoped(process(store, { limit: 2 }))
      assert.deepStrictEqual(
        (yield* inTime(Effect.all([Effect.flip(budget.ledger), Effect.flip(budget.reset)]))).map(({ _tag }) => _tag),
        ["ClientClosed", "ClientClosed"]
      )
      assert.strictEqual(yield* inTime(budget.left), undefined)
    }))
})
