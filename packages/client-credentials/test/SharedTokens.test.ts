import { assert, describe, it } from "@effect/vitest"
import {
  AccessToken,
  ClientConfig,
  OAuthError,
  SharedTokens,
  TokenCache,
  TokenEndpoint,
  TokenRequest,
  TokenSeal,
  TokenStore
} from "@effect-oauth/client-credentials"
import { VirtualClock } from "@effect-oauth/testing"
import {
  Clock,
  Deferred,
  Duration,
  Effect,
  Fiber,
  Layer,
  Logger,
  Option,
  Redacted,
  Schedule,
  type Scope,
  TestClock
} from "effect"

import { exitOf } from "./support/fibers.js"
import { countOf } from "./support/metrics.js"
import { runs } from "./support/runs.js"
import * as scenario from "./support/scenario.js"
import { sealKey } from "./support/sealKey.js"
import { make as endpoint, request, type Script, unavailable, value, wrongSecret } from "./support/tokenEndpoint.js"

const key = sealKey

const config = (secret = "s3cr3t") => ClientConfig.layer({ ...scenario.options, clientSecret: Redacted.make(secret) })

interface Process {
  readonly store: TokenStore.TokenStore
  readonly keys?: ReadonlyArray<Redacted.Redacted<string>>
  readonly secret?: string
  readonly options?: SharedTokens.Options
  readonly cache?: TokenCache.Options
}

/** A separate process: its cache, over the store that it shares with others. */
const process = (
  tokens: Layer.Layer<TokenEndpoint.TokenEndpoint>,
  { cache = {}, keys = [key(1)], options, secret, store }: Process
): Effect.Effect<TokenCache.TokenCache, unknown, Scope.Scope> =>
  // Its parts last as long as the scope of the test, not only while the cache is created.
  Effect.flatMap(
    Layer.build(
      SharedTokens.layer(options).pipe(
        Layer.provide([
          tokens,
          config(secret),
          TokenSeal.layer(keys),
          Layer.succeed(TokenStore.TokenStore, store)
        ])
      )
    ),
    (parts) => Effect.provide(TokenCache.make({ retryTimeout: 0, ...cache }), parts)
  )

const shared = (tokens: Layer.Layer<TokenEndpoint.TokenEndpoint>) =>
  Effect.provide(Effect.flatMap(TokenEndpoint.TokenEndpoint, SharedTokens.decorate), tokens)

const quiet = Logger.remove(Logger.defaultLogger)

const fleet = (size: number, script: Script = {}, more: Partial<Process> = {}) =>
  Effect.gen(function*() {
    const { count, layer } = endpoint(script)
    const store = more.store ?? (yield* Effect.provide(TokenStore.TokenStore, TokenStore.layerMemory))
    const start = process(layer, { ...more, store })
    const processes = yield* Effect.replicateEffect(start, size)
    return { count, layer, processes, start, store }
  })

const values = (tokens: ReadonlyArray<AccessToken.AccessToken>) => new Set(tokens.map(value))

/** WebCrypto takes real time, which no test clock advances. */
const tick = VirtualClock.make().settle

const all = (processes: ReadonlyArray<TokenCache.TokenCache>) =>
  Effect.gen(function*() {
    const calls = yield* Effect.fork(
      Effect.forEach(processes, ({ get }) => get, { concurrency: "unbounded" })
    )
    // Waiting processes read the store again every 200 ms.
    while (exitOf(calls) === undefined) {
      yield* TestClock.adjust("100 millis")
      yield* tick
    }
    return yield* Fiber.join(calls)
  })

describe("a fleet with one store", () => {
  it.scoped("requests one token a day, however many processes start at once", () =>
    Effect.gen(function*() {
      const { count, processes } = yield* fleet(20)
      assert.deepStrictEqual(values(yield* all(processes)), new Set(["token-1"]))
      for (let days = 1; days <= 3; days += 1) {
        yield* TestClock.adjust("1 day")
        yield* all(processes)
        assert.strictEqual(count.requests, days + 1)
      }
    }))

  it.scoped("a restarted process uses the token in the store", () =>
    Effect.gen(function*() {
      const { count, start } = yield* fleet(0)
      const before = yield* countOf("oauth.token.shared")
      for (let starts = 0; starts < 100; starts += 1) {
        yield* Effect.scoped(Effect.gen(function*() {
          const cache = yield* start
          assert.strictEqual(value(yield* cache.get), "token-1")
        }))
      }
      assert.strictEqual(count.requests, 1)
      assert.strictEqual((yield* countOf("oauth.token.shared")) - before, 99)
    }))

  for (
    const [name, cache, minutes, expected] of [
      ["expiryBuffer", { expiryBuffer: "1 hour", expiryBufferFraction: 1, refreshBefore: "2 hours" }, 1410, "token-2"],
      [
        "expiryBuffer, before it begins",
        { expiryBuffer: "1 hour", expiryBufferFraction: 1, refreshBefore: 0 },
        1379,
        "token-1"
      ],
      [
        "expiryBufferFraction",
        { expiryBuffer: "1 day", expiryBufferFraction: 1 / 2, refreshFraction: 1 / 2 },
        721,
        "token-2"
      ],
      ["no buffer at all", { expiryBuffer: 0, refreshBefore: 0 }, 1439.9, "token-1"],
      ["the default", {}, 1439.9, "token-2"]
    ] as const
  ) {
    it.scoped(`does not load a token that the cache would no longer use: ${name}`, () =>
      Effect.gen(function*() {
        const { count, processes: [first = assert.fail()], start } = yield* fleet(1, {}, { cache })
        assert.strictEqual(value(yield* first.get), "token-1")
        yield* TestClock.adjust(Duration.minutes(minutes))
        const late = yield* start
        assert.deepStrictEqual([value(yield* late.get), value(yield* late.get)], [expected, expected])
        assert.strictEqual(value(yield* (yield* start).get), expected)
        assert.strictEqual(`token-${count.requests}`, expected)
      }))
  }

  it.scoped("requests one new token when twenty processes have the same token rejected", () =>
    Effect.gen(function*() {
      const { count, processes } = yield* fleet(20)
      const tokens = yield* all(processes)
      yield* Effect.forEach(processes, ({ invalidate }, index) => invalidate(tokens[index] ?? assert.fail()))
      assert.deepStrictEqual(values(yield* all(processes)), new Set(["token-2"]))
      assert.strictEqual(count.requests, 2)
    }))

  it.scoped("replaces a loaded token that is rejected too, without a pause", () =>
    Effect.gen(function*() {
      const { count, processes: [one = assert.fail(), other = assert.fail()] } = yield* fleet(2)
      const [first = assert.fail()] = yield* all([one, other])
      yield* TestClock.adjust("1 minute")
      yield* one.invalidate(first)
      const [second = assert.fail()] = yield* all([one])
      yield* TestClock.adjust("1 minute")
      // The other process learns of the two rejections in sequence.
      assert.isTrue(yield* other.invalidate(first))
      const [taken = assert.fail()] = yield* all([other])
      assert.strictEqual(value(taken), value(second))
      assert.isTrue(yield* other.invalidate(taken))
      const [third = assert.fail()] = yield* all([other])
      assert.strictEqual(value(third), "token-3")
      assert.isFalse(yield* other.invalidate(third))
      assert.strictEqual(count.requests, 3)
    }))

  it.scoped("continues when the process with the lease dies: its lease expires", () =>
    Effect.gen(function*() {
      const store = yield* Effect.provide(TokenStore.TokenStore, TokenStore.layerMemory)
      const places: Array<string> = []
      let stored = 0
      const noting = {
        ...store,
        load: (place: string) => {
          places.push(place)
          return store.load(place)
        },
        swap: (...all: Parameters<typeof store.swap>) =>
          Effect.zipRight(
            Effect.map(Clock.currentTimeMillis, (now) => {
              stored = now
            }),
            store.swap(...all)
          )
      }
      const { count, processes } = yield* fleet(3, {}, { store: noting, options: { leaseLife: "10 seconds" } })
      const waiting = yield* Effect.fork(all(processes))
      yield* tick
      // An unknown process took the lease before all others and never releases it.
      const other = yield* fleet(1, {}, { store })
      yield* all(other.processes)
      assert.isAbove(places.length, 0)
      yield* Fiber.join(waiting)
      const [place = ""] = places
      assert.isTrue((yield* store.acquire(place, "dead", Duration.seconds(10))).done)
      const tokens = yield* all(processes)
      yield* Effect.forEach(processes, ({ invalidate }, index) => invalidate(tokens[index] ?? assert.fail()))
      const before = yield* Clock.currentTimeMillis
      const requests = count.requests + other.count.requests
      assert.strictEqual(values(yield* all(processes)).size, 1)
      const waited = (yield* Clock.currentTimeMillis) - before
      assert.isAtLeast(stored - before, 9000)
      assert.isAtMost(stored - before, 11_000)
      // A process that read the store just before reads it again two seconds later.
      assert.isAtMost(waited, 13_000)
      assert.strictEqual(count.requests + other.count.requests, requests + 1)
    }))

  it.scoped("reads the store once more after it takes the lease, in case another process was faster", () =>
    Effect.gen(function*() {
      const store = yield* Effect.provide(TokenStore.TokenStore, TokenStore.layerMemory)
      const gate = yield* Deferred.make<void>()
      const paused = yield* Deferred.make<void>()
      const slow: TokenStore.TokenStore = {
        ...store,
        acquire: (place, owner, life) =>
          Effect.zipRight(
            Effect.zipRight(Deferred.succeed(paused, undefined), Deferred.await(gate)),
            store.acquire(place, owner, life)
          )
      }
      const late = yield* fleet(1, { value: () => "late" }, { store: slow })
      const waiting = yield* Effect.fork(late.processes[0]?.get ?? assert.fail())
      yield* Deferred.await(paused)
      const fast = yield* fleet(1, {}, { store })
      yield* all(fast.processes)
      yield* Deferred.succeed(gate, undefined)
      assert.strictEqual(value(yield* Fiber.join(waiting)), "token-1")
      assert.strictEqual(late.count.requests, 0)
    }))

  it.scoped("does not let a paused process overwrite anything", () =>
    Effect.gen(function*() {
      const gate = yield* Deferred.make<void>()
      const store = yield* Effect.provide(TokenStore.TokenStore, TokenStore.layerMemory)
      let leases = 0
      // The process is paused after it takes the lease, and does not renew it.
      const paused: TokenStore.TokenStore = {
        ...store,
        acquire: (key, owner, life) => (leases += 1) === 1 ? store.acquire(key, owner, life) : Effect.never
      }
      const slow = yield* fleet(1, { gate, value: () => "late" }, { store: paused, options: { leaseLife: "1 second" } })
      const fast = yield* fleet(1, { value: () => "in-time" }, { store })
      const waiting = yield* Effect.fork(slow.processes[0]?.get ?? assert.fail())
      while (slow.count.requests === 0) yield* tick
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(values(yield* all(fast.processes)), new Set(["in-time"]))
      yield* Deferred.succeed(gate, undefined)
      assert.strictEqual(value(yield* Fiber.join(waiting)), "late")
      const third = yield* fleet(1, {}, { store })
      assert.deepStrictEqual(values(yield* all(third.processes)), new Set(["in-time"]))
    }))

  it.scoped("shares nothing between different keys, secrets or requests", () =>
    Effect.gen(function*() {
      const { count, layer, processes, store } = yield* fleet(1)
      yield* all(processes)
      for (const other of [{ keys: [key(2)] }, { secret: "another" }]) {
        const before = count.requests
        yield* all([yield* process(layer, { store, ...other })])
        assert.strictEqual(count.requests, before + 1, Object.keys(other).join())
      }
      const before = count.requests
      yield* (processes[0] ?? assert.fail()).withOverrides({ scope: "other" }).get
      assert.strictEqual(count.requests, before + 1)
    }))

  it.scoped("reports invalid settings by name", () =>
    Effect.gen(function*() {
      for (
        const [setting, value] of [["leaseLife", 0], ["pollEvery", "often" as "1 day"], [
          "leaseLife",
          Infinity
        ]] as const
      ) {
        const error = yield* Effect.flip(fleet(1, {}, { options: { [setting]: value } }))
        assert.include(String(error), setting)
        assert.include(String(error), "a finite duration above 0")
      }
    }))

  it.scoped("keeps one token for each of two secrets, however often their processes start", () =>
    Effect.gen(function*() {
      const { count, layer, store } = yield* fleet(0)
      for (let starts = 0; starts < 10; starts += 1) {
        for (const secret of ["one", "other"]) {
          yield* Effect.scoped(Effect.gen(function*() {
            const cache = yield* process(layer, { store, secret })
            assert.strictEqual(value(yield* cache.get), secret === "one" ? "token-1" : "token-2")
          }))
        }
      }
      assert.strictEqual(count.requests, 2)
    }))

  it.scoped("does not store tokens that are bound to a key of the process", () =>
    Effect.gen(function*() {
      const store = yield* Effect.provide(TokenStore.TokenStore, TokenStore.layerMemory)
      const untouched = { ...store, load: () => Effect.die("the store was read") }
      const { requestToken } = yield* shared(endpoint().layer).pipe(Effect.provide([
        config(),
        TokenSeal.layer([key(1)]),
        Layer.succeed(TokenStore.TokenStore, untouched)
      ]))
      const { token } = yield* requestToken(new TokenRequest.TokenRequest({ ...request, dpopThumbprint: "a key" }))
      assert.strictEqual(value(token), "token-1")
    }))

  it.scoped("does not replace a token by one that expires earlier", () =>
    Effect.gen(function*() {
      const { requestToken } = yield* shared(endpoint({ life: 60_000 }).layer).pipe(Effect.provide([
        config(),
        TokenSeal.layer([key(1)]),
        TokenStore.layerMemory
      ]))
      const { token: short } = yield* requestToken(request)
      const long = new AccessToken.AccessToken({ ...short, value: Redacted.make("long"), expiresAt: 100_000 })
      const expired = yield* requestToken(request, { reason: "expired", replaces: long })
      assert.strictEqual(value(expired.token), "token-1")
      const renewed = yield* requestToken(request, { reason: "renewal", replaces: long })
      assert.strictEqual(value(renewed.token), "token-2")
    }))

  it.scoped("ignores entries that others wrote, with a warning", () =>
    Effect.gen(function*() {
      const { count, layer, processes, store } = yield* fleet(1)
      yield* all(processes)
      const keys: Array<string> = []
      const logged: Array<string> = []
      const cut = <A extends TokenStore.Snapshot>(found: A): A => ({
        ...found,
        entry: Option.map(found.entry, (entry) => ({ ...entry, value: entry.value.slice(0, -4) }))
      })
      const tampered: TokenStore.TokenStore = {
        ...store,
        load: (key) => {
          keys.push(key)
          return Effect.map(store.load(key), cut)
        },
        acquire: (key, owner, life) => Effect.map(store.acquire(key, owner, life), cut)
      }
      const logger = Logger.replace(Logger.defaultLogger, Logger.make(({ message }) => logged.push(String(message))))
      const cache = yield* Effect.provide(process(layer, { store: tampered }), logger)
      yield* all([cache])
      assert.strictEqual(count.requests, 2)
      assert.match(logged.join(), /could not be opened\. Its entry expires at 1970-\S+Z\./)
      assert.notInclude(logged.join(), keys[0] ?? "-")
    }))

  for (const operation of ["load", "acquire", "swap"] as const) {
    it.scoped(`continues without the store when it cannot ${operation}`, () =>
      Effect.gen(function*() {
        const store = yield* Effect.provide(TokenStore.TokenStore, TokenStore.layerMemory)
        const failing = {
          ...store,
          [operation]: () => new OAuthError.TokenStoreError({ operation, problem: "ECONNRESET" })
        }
        const failures = countOf("oauth.store.failures", { "oauth.store.operation": operation })
        const before = yield* failures
        const { count, processes } = yield* Effect.provide(fleet(1, {}, { store: failing }), quiet)
        assert.deepStrictEqual(values(yield* all(processes)), new Set(["token-1"]))
        assert.strictEqual(count.requests, 1)
        assert.isAbove(yield* failures, before)
      }))
  }

  for (const operation of ["load", "acquire", "swap"] as const) {
    it.scoped(`blocks no caller when its store never responds to ${operation}`, () =>
      Effect.gen(function*() {
        const store = yield* Effect.provide(TokenStore.TokenStore, TokenStore.layerMemory)
        const logged: Array<string> = []
        const logger = Logger.replace(Logger.defaultLogger, Logger.make(({ message }) => logged.push(String(message))))
        const { count, processes: [cache = assert.fail()] } = yield* Effect.provide(
          fleet(1, {}, { store: { ...store, [operation]: () => Effect.never } }),
          logger
        )
        const call = yield* Effect.fork(cache.get)
        for (let passed = 0; passed < 150 && exitOf(call) === undefined; passed += 1) {
          yield* TestClock.adjust("100 millis")
          yield* tick
        }
        assert.strictEqual(value(yield* Fiber.join(call)), "token-1")
        assert.strictEqual(count.requests, 1)
        assert.include(logged.join(), `The token store could not ${operation} (no response within`)
        assert.match(logged.join(), /(?:for|in) this process alone, (?:which|until it) expires at 1970-\S+Z\./)
      }))
  }

  it.scoped("costs the documented six tokens on the first day when the API rejects each token, with restarts too", () =>
    Effect.gen(function*() {
      const rounds = runs("rounds of calls of a day whose tokens are rejected", { quick: 12, full: 138 })
      for (const restarts of [false, true]) {
        const { count, processes, start } = yield* fleet(4)
        const begun = yield* Clock.currentTimeMillis
        while ((yield* Clock.currentTimeMillis) - begun < 23 * 3_600_000) {
          const caches = restarts ? yield* Effect.replicateEffect(start, 4) : processes
          // As a call does: once more with another token, if one is available.
          for (const isReplay of [false, true]) {
            const tokens = yield* all(caches)
            const isLast = yield* Effect.forEach(
              caches,
              (cache, index) =>
                Effect.map(cache.invalidate(tokens[index] ?? assert.fail()), (isReplaced) => isReplay || !isReplaced)
            )
            if (isLast.every(Boolean)) break
          }
          yield* TestClock.adjust((23 * 3_600_000) / rounds)
        }
        assert.strictEqual(count.requests, 6, restarts ? "with restarts" : "without restarts")
      }
    }))

  it.scoped("keeps a rejected replacement until the latch opens, or until it has expired", () =>
    Effect.gen(function*() {
      const { requestToken } = yield* shared(endpoint({ life: 20_000 }).layer).pipe(Effect.provide([
        config(),
        TokenSeal.layer([key(1)]),
        TokenStore.layerMemory
      ]))
      const rejection = { isConfirmed: false, atLeast: 0, pauseAfter: () => 60_000 }
      const replace = (replaces: AccessToken.AccessToken) =>
        Effect.map(requestToken(request, { reason: "rejected", replaces, rejection }), ({ token }) => token)
      const first = (yield* requestToken(request)).token
      const second = yield* replace(first)
      assert.deepStrictEqual([value(second), value(yield* replace(second))], ["token-2", "token-2"])
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual(value(yield* replace(second)), "token-3")
    }))

  it.scoped("uses its own token while the store is unavailable, and requests none", () =>
    Effect.gen(function*() {
      const store = yield* Effect.provide(TokenStore.TokenStore, TokenStore.layerMemory)
      let isAway = false
      const guarded = <A>(
        operation: "load" | "acquire" | "swap",
        effect: Effect.Effect<A, OAuthError.TokenStoreError>
      ) =>
        Effect.suspend(() => isAway ? new OAuthError.TokenStoreError({ operation, problem: "ECONNREFUSED" }) : effect)
      const { count, processes } = yield* fleet(20, {}, {
        store: {
          load: (key) => guarded("load", store.load(key)),
          acquire: (key, owner, life) => guarded("acquire", store.acquire(key, owner, life)),
          swap: (key, generation, entry, release) => guarded("swap", store.swap(key, generation, entry, release)),
          release: store.release
        }
      })
      yield* all(processes)
      isAway = true
      yield* TestClock.adjust("23 hours")
      yield* TestClock.adjust("58 minutes")
      for (let minutes = 0; minutes < 1; minutes += 0.25) {
        assert.deepStrictEqual(values(yield* all(processes)), new Set(["token-1"]))
        yield* TestClock.adjust("15 seconds")
      }
      assert.strictEqual(count.requests, 1)
      isAway = false
      yield* TestClock.adjust("30 seconds")
      // Each refreshes its token, or takes over the one that another refreshed, after a call that still had the old one.
      let seen = values(yield* all(processes))
      for (let round = 0; round < 30 && seen.has("token-1"); round += 1) {
        yield* TestClock.adjust("2 seconds")
        seen = values(yield* all(processes))
      }
      assert.deepStrictEqual(seen, new Set(["token-2"]))
      assert.strictEqual(count.requests, 2)
    }).pipe(Effect.provide(quiet)))

  it.scoped("fails with TokenStoreError if configured to, instead of requesting a separate token", () =>
    Effect.gen(function*() {
      const store = yield* Effect.provide(TokenStore.TokenStore, TokenStore.layerMemory)
      const failing = { ...store, load: () => new OAuthError.TokenStoreError({ operation: "load", problem: "OOM" }) }
      const { count, processes } = yield* fleet(1, {}, { store: failing, options: { whenStoreFails: "fail" } })
      assert.deepInclude(yield* Effect.flip(all(processes)), {
        _tag: "TokenStoreError",
        problem: "OOM",
        retryable: true
      })
      assert.strictEqual(count.requests, 0)
    }))

  it.scoped("fails with the unchanged error of the authorization server and releases the lease", () =>
    Effect.gen(function*() {
      const { count, processes, store } = yield* fleet(1, { fails: (request) => request === 1 && wrongSecret }, {
        cache: { backOff: Schedule.spaced("1 hour") }
      })
      const error = yield* Effect.flip(all(processes))
      assert.deepInclude(error, { _tag: "TokenErrorResponse", error: "invalid_client" })
      // Other processes fail with the same error, and none sends a request, until the pause is over.
      const other = yield* fleet(1, {}, { store })
      const told = yield* Effect.flip(all(other.processes))
      assert.deepInclude(told, { _tag: "TokenErrorResponse", error: "invalid_client" })
      assert.strictEqual(other.count.requests, 0)
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(values(yield* all(other.processes)), new Set(["token-1"]))
      assert.strictEqual(count.requests, 1)
      // Another secret may succeed at once.
      const better = yield* fleet(1, { value: () => "better" }, { store, secret: "another" })
      assert.deepStrictEqual(values(yield* all(better.processes)), new Set(["better"]))
    }))

  it.scoped("pauses after a failure by the back-off of the process that requested, and by Retry-After up to its limit", () =>
    Effect.gen(function*() {
      const busy = new OAuthError.TokenEndpointUnavailable({ ...unavailable, retryAfter: Duration.hours(5) })
      for (
        const [failure, cache] of [
          [unavailable, { backOff: Schedule.spaced("2 hours") }],
          [busy, { maxRetryAfter: "2 hours" }]
        ] as const
      ) {
        const { processes, store } = yield* fleet(1, { fails: () => failure }, { cache })
        yield* Effect.flip(all(processes))
        const { count, start } = yield* fleet(0, {}, { store })
        yield* TestClock.adjust("1 hour")
        assert.strictEqual((yield* Effect.flip(all([yield* start])))._tag, "TokenEndpointUnavailable")
        assert.strictEqual(count.requests, 0)
        yield* TestClock.adjust("1 hour")
        assert.deepStrictEqual(values(yield* all([yield* start])), new Set(["token-1"]))
      }
    }))

  it.scoped("sends as few requests in an outage as one process, however many there are", () =>
    Effect.gen(function*() {
      const { count, processes } = yield* fleet(20, { fails: (request) => request < 8 && unavailable })
      let served = 0
      for (let seconds = 0; seconds < 1000 && served === 0; seconds += 1) {
        const outcomes = yield* Effect.either(all(processes))
        if (outcomes._tag === "Right") served += 1
        yield* TestClock.adjust("1 second")
      }
      // Pauses of 0.5, 1, 2, 4, 8, 16 and 32 seconds, then a success.
      assert.strictEqual(count.requests, 8)
      assert.strictEqual(served, 1)
    }))

  it.scoped("does not load a token that is about to expire, nor trust an expiry later than the maximum", () =>
    Effect.gen(function*() {
      const { count, start } = yield* fleet(0, { life: 60_000 })
      yield* all([yield* start])
      yield* TestClock.adjust("40 seconds")
      const late = yield* start
      assert.deepStrictEqual(values(yield* all([late])), new Set(["token-1"]))
      yield* TestClock.adjust("14 seconds")
      assert.deepStrictEqual(values(yield* all([late])), new Set(["token-2"]))
      assert.strictEqual(count.requests, 2)
    }))

  it.scoped("shows the token in the store without a token request, and removes it for all processes on demand", () =>
    Effect.gen(function*() {
      const { count, start, store } = yield* fleet(0)
      const look = <A, E>(
        effect: Effect.Effect<A, E, ClientConfig.ClientConfig | TokenSeal.TokenSeal | TokenStore.TokenStore>
      ) => Effect.provide(effect, [config(), TokenSeal.layer([key(1)]), Layer.succeed(TokenStore.TokenStore, store)])
      assert.isUndefined(yield* look(SharedTokens.stored))
      const [first] = yield* all([yield* start])
      const found = yield* look(SharedTokens.stored)
      assert.deepStrictEqual(found && value(found), "token-1")
      assert.strictEqual(count.requests, 1)

      const other = new AccessToken.AccessToken({ ...first, value: Redacted.make("another") } as never)
      yield* look(SharedTokens.forget(other))
      assert.isDefined(yield* look(SharedTokens.stored))
      yield* look(SharedTokens.forget(found as AccessToken.AccessToken))
      assert.isUndefined(yield* look(SharedTokens.stored))
      assert.deepStrictEqual(values(yield* all([yield* start])), new Set(["token-2"]))
    }))
})
