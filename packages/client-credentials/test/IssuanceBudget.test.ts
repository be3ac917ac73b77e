import { FileSystem, HttpClientRequest } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import {
  ClientConfig,
  IssuanceBudget,
  OAuthError,
  ServerMetadata,
  SharedTokens,
  TokenCache,
  TokenEndpoint,
  TokenSeal,
  TokenStore
} from "@effect-oauth/client-credentials"
import { VirtualClock } from "@effect-oauth/testing"
import { Clock, Duration, Effect, Either, Layer, Logger, Option, Random } from "effect"

import * as httpErrors from "../src/internal/seam/httpErrors.js"
import * as fakeHttp from "./support/fakeHttp.js"
import { runs } from "./support/runs.js"
import * as scenario from "./support/scenario.js"
import { sealKey } from "./support/sealKey.js"
import { day, make as endpoint, request, type Script, unavailable, value } from "./support/tokenEndpoint.js"

const hour = 3_600_000
const key = sealKey(1)

describe("a budget", () => {
  it.scoped("is validated", () =>
    Effect.gen(function*() {
      for (
        const [options, setting] of [
          [{ limit: 0 }, "limit"],
          [{ limit: 1.5 }, "limit"],
          [{ limit: 1, reserveFraction: 1 }, "reserveFraction"],
          [{ limit: 1, window: { timeZone: "Atlantis/Capital" } }, "window"],
          [{ limit: 1, window: "a day" as "1 day" }, "window"],
          [{ limit: 1, window: 0 }, "window"],
          [{ limit: 1, window: "-1 day" }, "window"],
          [{ limit: 1, window: Infinity }, "window"],
          [{ limit: 1, warnAt: [0.5, 80] }, "warnAt"],
          [{ window: { timeZone: "UTC" } }, "limit"]
        ] as const
      ) {
        const error = yield* Effect.flip(
          IssuanceBudget.make(options).pipe(
            Effect.provide([
              ClientConfig.layer(scenario.options),
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

/** Seals nothing and completes at once: WebCrypto takes real time, which a virtual clock does not wait for. */
const open = Layer.succeed(TokenSeal.TokenSeal, {
  seal: (_, text) => Effect.succeed(text),
  open: (_, text) => Effect.succeed(Option.some(text)),
  name: (text) => Effect.succeed(text)
})

/** A process with separate caches for as many scopes as are requested, in virtual time. */
const process = (
  tokens: Layer.Layer<TokenEndpoint.TokenEndpoint>,
  store: TokenStore.TokenStore,
  budget: IssuanceBudget.Options,
  options: TokenCache.Options = {}
) =>
  // Its parts last as long as the scope of the test, not only while the cache is created.
  Effect.flatMap(
    Layer.build(
      SharedTokens.layer().pipe(
        Layer.provideMerge(IssuanceBudget.layer(budget)),
        Layer.provide([
          tokens,
          ClientConfig.layer(scenario.options),
          open,
          Layer.succeed(TokenStore.TokenStore, store)
        ])
      )
    ),
    (parts) => Effect.provide(TokenCache.make({ retryTimeout: 0, ...options }), parts)
  ).pipe(Effect.withRandom(Random.make("seed")))

const start = (script: Script, budget: IssuanceBudget.Options, options?: TokenCache.Options) =>
  Effect.gen(function*() {
    const time = VirtualClock.make()
    const inTime = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.withClock(effect, time.clock)
    const store = yield* Effect.provide(TokenStore.TokenStore, TokenStore.layerMemory)
    const { asked, count, layer } = endpoint(script)
    const begin = inTime(process(layer, store, budget, options))
    return { asked, begin, count, inTime, store, time }
  })

const quiet = Logger.remove(Logger.defaultLogger)

describe("a connection that is closed without a response", () => {
  const requests = (budget: IssuanceBudget.Options | undefined) =>
    Effect.gen(function*() {
      const closed = Object.assign(new Error("closed"), { code: "ECONNRESET" })
      const http = fakeHttp.make(() =>
        Effect.fail(httpErrors.ofRequest(HttpClientRequest.post("/token"), "Transport", { cause: closed }))
      )
      const parts = Layer.mergeAll(http.layer, open, TokenStore.layerMemory, ClientConfig.layer(scenario.options))
      const endpoint = Layer.provideMerge(TokenEndpoint.layer(), Layer.provideMerge(ServerMetadata.layer(), parts))
      const counted = budget === undefined ? endpoint : Layer.provideMerge(IssuanceBudget.layer(budget), endpoint)
      const error = yield* Effect.flatMap(
        TokenEndpoint.TokenEndpoint,
        ({ request, requestToken }) => Effect.flip(requestToken(request))
      ).pipe(Effect.provide(counted))
      assert(error._tag === "TokenEndpointUnavailable")
      return http.sent.length
    })

  it.effect("is followed by a second request, but not within a budget, which counts each", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual([yield* requests(undefined), yield* requests({ limit: 5 })], [2, 1])
    }))
})

describe("the daily limit", () => {
  it.scoped(
    "of 10, with 50 callers that each need a separate token, over days with a restart each, is never exceeded",
    () =>
      Effect.gen(function*() {
        const { asked, begin, count, inTime, time } = yield* start({ life: hour }, { limit: 10 })
        const outcomes: Record<string, number> = {}
        const days = runs("days with 50 callers and a limit of 10", { quick: 2, full: 30 })
        for (let started = 0; started < days; started += 1) {
          yield* Effect.scoped(Effect.gen(function*() {
            const cache = yield* begin
            for (let hours = 0; hours < 24; hours += 6) {
              const calls = Array.from(
                { length: 50 },
                (_, index) => cache.withOverrides({ scope: `scope-${index}` }).get
              )
              for (const outcome of yield* inTime(Effect.forEach(calls, Effect.either, { concurrency: "unbounded" }))) {
                const name = Either.isRight(outcome) ? "served" : outcome.left._tag
                outcomes[name] = (outcomes[name] ?? 0) + 1
              }
              // A token counts a minute longer than a day.
              yield* time.advance(6 * hour + 60_000)
            }
          }))
        }
        const busiest = Math.max(
          ...asked.map(({ at }) => asked.filter((other) => other.at <= at && other.at > at - day).length)
        )
        console.log(
          `10 a day, 50 callers, ${days} days: ${count.requests} tokens, ${busiest} in the busiest 24 hours`,
          outcomes
        )
        assert.strictEqual(busiest, 10)
        assert.isAtMost(count.requests, 10 * days)
        assert.isAtLeast(count.requests, 10 * days - 10)
        assert.deepStrictEqual(Object.keys(outcomes).sort(), ["IssuanceBudgetExhausted", "served"])
      }).pipe(Effect.provide(quiet)),
    300_000
  )

  it.scopedLive("is counted exactly when many processes request tokens at once, in files of a directory", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const store = yield* Effect.provide(
        TokenStore.TokenStore,
        TokenStore.layerFiles(`${yield* fs.makeTempDirectoryScoped()}/tokens`)
      )
      const { count, layer } = endpoint()
      const budget = IssuanceBudget.make({ limit: 10, warnAt: [] }).pipe(
        Effect.provide([
          ClientConfig.layer(scenario.options),
          TokenSeal.layer([key]),
          Layer.succeed(TokenStore.TokenStore, store)
        ])
      )
      const network = yield* Effect.provide(TokenEndpoint.TokenEndpoint, layer)
      const processes = yield* Effect.replicateEffect(budget, 30)
      const outcomes = yield* Effect.forEach(
        processes,
        ({ decorate }) => Effect.either(decorate(network).requestToken(request)),
        { concurrency: "unbounded" }
      )
      assert.lengthOf(outcomes.filter(Either.isRight), 10)
      for (const outcome of outcomes) {
        if (Either.isLeft(outcome)) assert.strictEqual(outcome.left._tag, "IssuanceBudgetExhausted")
      }
      assert.strictEqual(count.requests, 10)
      const [again = assert.fail()] = yield* Effect.replicateEffect(budget, 1)
      assert.strictEqual(yield* again.left, 0)
    }).pipe(Effect.provide([NodeContext.layer, quiet])))

  it.scoped("is stored for as long as it counts for any of the processes", () =>
    Effect.gen(function*() {
      const expiries: Array<number> = []
      const store = yield* Effect.provide(TokenStore.TokenStore, TokenStore.layerMemory)
      const noting: TokenStore.TokenStore = {
        ...store,
        swap: (place, generation, entry, release) =>
          Effect.tap(store.swap(place, generation, entry, release), ({ done }) =>
            Effect.sync(() => {
              if (done && place.startsWith("budget")) expiries.push(entry.expiresAt)
            }))
      }
      const time = VirtualClock.make()
      for (const window of ["30 days", "1 hour"] as const) {
        const cache = yield* Effect.withClock(
          process(endpoint().layer, noting, { limit: 1000, window }),
          time.clock
        )
        yield* Effect.withClock(cache.withOverrides({ scope: window }).get, time.clock)
      }
      assert.deepStrictEqual(expiries, [30 * day + hour, 30 * day + hour])
    }))

  it.scoped("counts tokens that were or may have been issued, not requests that issued none", () =>
    Effect.gen(function*() {
      const endpoint = "https://auth.example.com/oauth/token"
      const unreachable = (reason: OAuthError.TokenEndpointUnavailable["reason"], detail: string) =>
        new OAuthError.TokenEndpointUnavailable({ endpoint, reason, detail })
      const rejected = (status: number, error: string) => new OAuthError.TokenErrorResponse({ endpoint, status, error })
      const invalid = (status: number) => new OAuthError.InvalidTokenResponse({ endpoint, status, problem: "a page" })
      const issuedNone = [
        new OAuthError.CredentialUnavailable({ credential: "client secret", problem: "NotFound" }),
        new OAuthError.DiscoveryFailed({ issuer: "https://auth.example.com", problem: "none", retryable: false }),
        unreachable("certificate", "CERT_HAS_EXPIRED"),
        ...["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "ENETUNREACH", "EHOSTUNREACH", "UND_ERR_CONNECT_TIMEOUT"].map(
          (code) => unreachable("connection", code)
        ),
        ...["408", "425", "429", "500", "502", "503"].map((status) => unreachable("status", status)),
        rejected(400, "invalid_scope"),
        rejected(401, "invalid_client"),
        rejected(429, "slow_down"),
        rejected(503, "temporarily_unavailable"),
        invalid(302),
        invalid(404)
      ]
      const mayHaveIssued = [
        unreachable("connection", "ECONNRESET"),
        unreachable("connection", "UND_ERR_SOCKET"),
        unreachable("connection", "no code"),
        unreachable("timeout", "30s"),
        unreachable("status", "504"),
        unreachable("status", "524"),
        invalid(200)
      ]
      const failures = [...issuedNone, ...mayHaveIssued]
      const { begin, inTime, time } = yield* start(
        { fails: (request) => failures[request - 1] ?? false },
        // With this count, the next request has to wait for none of these.
        { limit: 30 }
      )
      const cache = yield* begin
      for (const [index, failure] of failures.entries()) {
        const error = yield* inTime(Effect.flip(cache.get))
        assert.strictEqual(error._tag, failure._tag)
        const { budgetLeft } = yield* inTime(cache.health)
        assert.strictEqual(budgetLeft, 30 - Math.max(0, index + 1 - issuedNone.length), JSON.stringify(failure))
        yield* time.advance(hour / 10)
      }
      yield* inTime(cache.get)
      assert.strictEqual((yield* inTime(cache.health)).budgetLeft, 30 - mayHaveIssued.length - 1)
    }).pipe(Effect.provide(quiet)))

  for (
    const [name, failure] of [
      ["503", { reason: "status", detail: "503" }],
      ["429", { reason: "status", detail: "429" }],
      ["502", { reason: "status", detail: "502" }],
      ["a refused connection", { reason: "connection", detail: "ECONNREFUSED" }]
    ] as const
  ) {
    it.scoped(`is not consumed by an outage: ${name} for half an hour, three processes without a token`, () =>
      Effect.gen(function*() {
        const end = hour / 2
        const down = new OAuthError.TokenEndpointUnavailable({ endpoint: request.endpoint, ...failure })
        const { begin, count, inTime, time } = yield* start({ fails: (_, now) => now < end && down }, { limit: 20 })
        const fleet = yield* Effect.all([begin, begin, begin])
        const outcomes = new Set<string>()
        let first: number | undefined
        for (let now = 0; now < end + hour / 6 && first === undefined; now += 30_000) {
          for (const cache of fleet) {
            const outcome = yield* inTime(Effect.either(cache.get))
            if (outcome._tag === "Right") first ??= now
            else outcomes.add(outcome.left._tag)
          }
          yield* time.advance(30_000)
        }
        assert.deepStrictEqual([...outcomes], ["TokenEndpointUnavailable"])
        assert.isAtMost(first ?? Infinity, end + 5 * 60_000)
        assert.isAbove(count.requests, 20)
        assert.strictEqual((yield* inTime((fleet[0] ?? assert.fail()).health)).budgetLeft, 19)
      }).pipe(Effect.provide(quiet)))
  }

  it.scoped("warns once when requests are returned to the budget at the threshold", () =>
    Effect.gen(function*() {
      const logged: Array<string> = []
      const logger = Logger.replace(Logger.defaultLogger, Logger.make(({ message }) => logged.push(String(message))))
      const { begin, inTime, time } = yield* start(
        { fails: (request) => request > 3 && request < 20 && unavailable },
        { limit: 5 }
      )
      yield* Effect.gen(function*() {
        const cache = yield* begin
        for (let index = 0; index < 3; index += 1) yield* inTime(cache.withOverrides({ scope: `scope-${index}` }).get)
        for (let index = 0; index < 16; index += 1) {
          yield* inTime(Effect.flip(cache.get))
          yield* time.advance(hour / 10)
        }
        assert.deepStrictEqual(logged.filter((text) => text.includes("are spent")), [])
        yield* inTime(cache.get)
        assert.lengthOf(logged.filter((text) => text.startsWith("4 of 5 tokens")), 1)
      }).pipe(Effect.provide(logger))
    }))

  it.scoped("reports when a token is available again, and one is", () =>
    Effect.gen(function*() {
      const { begin, count, inTime, time } = yield* start({}, { limit: 1, window: { timeZone: "Europe/Amsterdam" } })
      const cache = yield* begin
      yield* time.advance(10 * hour)
      yield* inTime(cache.get)
      const other = cache.withOverrides({ scope: "other" })
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

  it.scoped("reserves the last tokens for callers without a token: early refresh is disabled", () =>
    Effect.gen(function*() {
      const { asked, begin, inTime, time } = yield* start({ life: hour }, { limit: 5, reserveFraction: 2 / 5 })
      const cache = yield* begin
      for (let now = 0; now < 4.8 * hour; now += 10_000) {
        assert.match(value(yield* inTime(cache.get)), /^token-/)
        yield* time.advance(10_000)
      }
      assert.deepStrictEqual(asked.map(({ reason }) => reason), ["cold", "renewal", "renewal", "expired", "expired"])
    }).pipe(Effect.provide(quiet)))

  it.scoped("warns before it is reached", () =>
    Effect.gen(function*() {
      const logged: Array<string> = []
      const logger = Logger.replace(Logger.defaultLogger, Logger.make(({ message }) => logged.push(String(message))))
      const { begin, count, inTime } = yield* Effect.provide(start({}, { limit: 5 }), logger)
      yield* Effect.gen(function*() {
        const cache = yield* begin
        for (let index = 0; index < 5; index += 1) yield* inTime(cache.withOverrides({ scope: `scope-${index}` }).get)
        const remedy =
          "At the limit, token requests fail with IssuanceBudgetExhausted, which states until when. If that is early, see " +
          "the reasons in oauth.token.requests: with many cold ones, keep the store when programs end; with many rejected " +
          "ones, find out why the API rejects them."
        assert.deepStrictEqual(logged, [
          `4 of 5 tokens of the client inventory-sync are used within 1d. ${remedy}`,
          `5 of 5 tokens of the client inventory-sync are used within 1d. ${remedy}`
        ])
      }).pipe(Effect.provide(logger))
      assert.strictEqual(count.requests, 5)
    }))

  it.scoped(
    "of an issuer that announces 10 an hour and 50 a day is detected and never exceeded",
    () =>
      Effect.gen(function*() {
        const time = VirtualClock.make()
        const inTime = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.withClock(effect, time.clock)
        const issued: Array<number> = []
        let rejected = 0
        const bucket = (name: string, limit: number, millis: number, now: number) => {
          const begin = now - now % millis
          const remaining = limit - issued.filter((at) => at >= begin).length
          return {
            remaining,
            text: `b=${name};q=${limit};r=${remaining};t=${Math.ceil((begin + millis - now) / 1000)}`
          }
        }
        const { layer } = fakeHttp.make(() =>
          Effect.map(Clock.currentTimeMillis, (now) => {
            const [before, daily] = [bucket("per_hour", 10, hour, now), bucket("per_day", 50, day, now)]
            const isAllowed = before.remaining > 0 && daily.remaining > 0
            if (isAllowed) issued.push(now)
            else rejected += 1
            const header = [bucket("per_hour", 10, hour, now), bucket("per_day", 50, day, now)].map(({ text }) => text)
            return Response.json(
              isAllowed
                ? { access_token: `token-${issued.length}`, token_type: "Bearer", expires_in: 1800 }
                : { error: "too_many_requests" },
              { status: isAllowed ? 200 : 429, headers: { "Auth0-Client-Quota-Limit": header.join(",") } }
            )
          })
        )
        const network = TokenEndpoint.layer().pipe(
          Layer.provide([
            layer,
            ServerMetadata.layer().pipe(Layer.provide([layer, ClientConfig.layer(scenario.options)]))
          ]),
          Layer.provide(ClientConfig.layer(scenario.options))
        )
        const store = yield* Effect.provide(TokenStore.TokenStore, TokenStore.layerMemory)
        const cache = yield* inTime(process(Layer.orDie(network), store, { limit: 10_000 }))
        const outcomes = new Set<string>()
        const calls = runs("calls of a quarter of an hour with a limit of 10 an hour", { quick: 5, full: 50 })
        for (let quarters = 0; quarters < 2 * 96; quarters += 1) {
          // In sequence, as a client with few requests sends them; the announcement is one response old.
          for (let index = 0; index < calls; index += 1) {
            const outcome = yield* inTime(Effect.either(cache.withOverrides({ scope: `scope-${index}` }).get))
            outcomes.add(
              Either.isRight(outcome)
                ? "served"
                : outcome.left._tag === "IssuanceBudgetExhausted"
                ? outcome.left.by
                : outcome.left._tag
            )
          }
          yield* time.advance(hour / 4)
        }
        assert.deepStrictEqual([...outcomes].sort(), ["issuer", "served"])
        assert.strictEqual(rejected, 0)
        assert.strictEqual(issued.length, 100)
      }).pipe(Effect.provide(quiet)),
    300_000
  )

  it.scoped("of an issuer that counts per organization blocks only that organization, also after 429", () =>
    Effect.gen(function*() {
      const time = VirtualClock.make()
      const inTime = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.withClock(effect, time.clock)
      const sent: Array<string> = []
      let perClient = 100
      const { layer } = fakeHttp.make((request) =>
        Effect.sync(() => {
          const organization = new URLSearchParams(request.body).get("organization") ?? "none"
          sent.push(organization)
          perClient -= 1
          if (organization === "limited") {
            return Response.json({ error: "too_many_requests" }, { status: 429, headers: { "Retry-After": "600" } })
          }
          const left = organization === "north" ? 0 : 200
          return Response.json(
            { access_token: `for-${organization}-${sent.length}`, token_type: "Bearer", expires_in: 3600 },
            {
              headers: {
                "Auth0-Client-Quota-Limit": `b=per_day;q=5000;r=${perClient};t=43200`,
                "Auth0-Organization-Quota-Limit": `b=per_day;q=250;r=${left};t=43200`
              }
            }
          )
        })
      )
      const network = TokenEndpoint.layer().pipe(
        Layer.provide([
          layer,
          ServerMetadata.layer().pipe(Layer.provide([layer, ClientConfig.layer(scenario.options)]))
        ]),
        Layer.provide(ClientConfig.layer(scenario.options))
      )
      const store = yield* Effect.provide(TokenStore.TokenStore, TokenStore.layerMemory)
      const cache = yield* inTime(process(Layer.orDie(network), store, { limit: 1000 }))
      const outcome = (organization: string | undefined, scope: string) =>
        inTime(Effect.either(
          cache.withOverrides({ scope, ...(organization === undefined ? {} : { parameters: { organization } }) }).get
        )).pipe(Effect.map((either) => Either.isRight(either) ? "served" : either.left._tag))

      const none = "IssuanceBudgetExhausted"
      assert.strictEqual(yield* outcome("north", "a"), "served")
      assert.strictEqual(yield* outcome("south", "a"), "served")
      assert.strictEqual(yield* outcome(undefined, "a"), "served")
      assert.strictEqual(yield* outcome("north", "b"), none)
      assert.strictEqual(yield* outcome("limited", "a"), "TokenErrorResponse")
      assert.strictEqual(yield* outcome("limited", "b"), none)
      assert.strictEqual(yield* outcome("south", "b"), "served")
      perClient = 1
      assert.strictEqual(yield* outcome(undefined, "b"), "served")
      // Now the client has no tokens left, whatever the organization.
      assert.strictEqual(yield* outcome("south", "c"), none)
      assert.strictEqual(yield* outcome("east", "a"), none)
      assert.deepStrictEqual(sent, ["north", "south", "none", "limited", "south", "none"])
      yield* time.advance(12 * hour)
      assert.strictEqual(yield* outcome("north", "b"), "served")
    }).pipe(Effect.provide(quiet)))

  it.scoped("may come from the issuer alone, for a client whose limit is not documented", () =>
    Effect.gen(function*() {
      const time = VirtualClock.make()
      const inTime = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.withClock(effect, time.clock)
      let issued = 0
      let isAnnounced = false
      const { layer } = fakeHttp.make(() =>
        Effect.sync(() => {
          issued += 1
          return Response.json({ access_token: `t-${issued}`, token_type: "Bearer", expires_in: 3600 }, {
            headers: isAnnounced ? { "Auth0-Client-Quota-Limit": `b=per_day;q=500;r=2;t=43200` } : {}
          })
        })
      )
      const network = TokenEndpoint.layer().pipe(
        Layer.provide([
          layer,
          ServerMetadata.layer().pipe(Layer.provide([layer, ClientConfig.layer(scenario.options)]))
        ]),
        Layer.provide(ClientConfig.layer(scenario.options))
      )
      const store = yield* Effect.provide(TokenStore.TokenStore, TokenStore.layerMemory)
      const cache = yield* inTime(process(Layer.orDie(network), store, {}))
      const get = (scope: string) =>
        Effect.zipRight(time.advance(1000), inTime(Effect.either(cache.withOverrides({ scope }).get)))
      for (let count = 0; count < 100; count += 1) assert(Either.isRight(yield* get(`before-${count}`)))
      assert.isUndefined((yield* inTime(cache.health)).budgetLeft)
      isAnnounced = true
      for (const scope of ["a", "b"]) assert(Either.isRight(yield* get(scope)))
      // The announcement of the second response: two are left.
      assert.strictEqual((yield* inTime(cache.health)).budgetLeft, 2)
      isAnnounced = false
      for (const scope of ["c", "d"]) assert(Either.isRight(yield* get(scope)))
      const rejected = yield* get("e")
      assert(Either.isLeft(rejected))
      assert.deepInclude(rejected.left, { _tag: "IssuanceBudgetExhausted", by: "issuer" })
      assert.strictEqual(issued, 104)
      yield* time.advance(12 * hour)
      assert(Either.isRight(yield* get("e")))
    }).pipe(Effect.provide(quiet)))

  it.scoped("is zero until the time that the issuer states with 429, for every request reason", () =>
    Effect.gen(function*() {
      const busy = new OAuthError.TokenEndpointUnavailable({
        endpoint: "https://auth.example.com/oauth/token",
        reason: "status",
        detail: "429",
        retryAfter: Duration.minutes(10)
      })
      for (const followIssuerQuotas of [true, false]) {
        const { begin, count, inTime, time } = yield* start(
          { fails: (request) => request === 1 && busy },
          { limit: 100, followIssuerQuotas }
        )
        const cache = yield* begin
        const [one, other] = [cache.get, cache.withOverrides({ scope: "other" }).get]
        assert.strictEqual((yield* inTime(Effect.flip(one)))._tag, "TokenEndpointUnavailable")
        const outcome = yield* inTime(Effect.either(other))
        assert.strictEqual(count.requests, followIssuerQuotas ? 1 : 2)
        assert.strictEqual(Either.isLeft(outcome), followIssuerQuotas)
        if (Either.isLeft(outcome)) {
          assert(outcome.left._tag === "IssuanceBudgetExhausted")
          assert.deepStrictEqual(outcome.left.retryAfter, Duration.minutes(10))
          assert.include(
            outcome.left.message,
            "The authorization server announced that it issues no further token until"
          )
        }
        yield* time.advance(10 * 60_000)
        yield* inTime(other)
        assert.strictEqual(count.requests, 2)
      }
    }).pipe(Effect.provide(quiet)))
})
