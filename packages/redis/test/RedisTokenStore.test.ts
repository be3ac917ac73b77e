import { type AddressInfo, createServer } from "node:net"

import { assert, describe, it } from "@effect/vitest"
import { InvalidConfig, TokenStore } from "@effect-oauth/client-credentials"
import { RedisTokenStore } from "@effect-oauth/redis"
import { TestAuthorizationServer } from "@effect-oauth/testing"
import * as TokenStoreTest from "@effect-oauth/testing/TokenStoreTest"
import { Config, ConfigProvider, Context, Deferred, Duration, Effect, Layer, Redacted, type Scope } from "effect"
import { Redis } from "ioredis"

import { abandonable } from "../../client-credentials/src/internal/seam/fiber.js"
import { start as startProxy } from "../../client-credentials/test/support/proxy.js"
import { outageOf, periodIn, resetsOf } from "../../client-credentials/test/support/storeFaults.js"
import { fleet, patient, Servers, tokensIssued } from "./fleet.js"
import * as redisServer from "./redisServer.js"

const minute = Duration.minutes(1)
const entry = (value: string) => ({ value, expiresAt: Date.now() + 60_000 })
const started = Effect.gen(function*() {
  const redis = yield* redisServer.start
  return { ...redis, proxy: yield* startProxy(redis.port) }
})

type Started = Effect.Effect.Success<typeof started>

class Server extends Context.Tag("Server")<Server, Started>() {}

const connect = Effect.flatMap(Server, ({ proxy: { port } }) =>
  Effect.map(
    Layer.build(Layer.fresh(RedisTokenStore.layer({ host: "127.0.0.1", port }, patient))),
    Context.get(TokenStore.TokenStore)
  ))

/** Lets each lease age. */
const advance = (duration: Duration.Duration) =>
  Effect.flatMap(
    Server,
    ({ port }) => Effect.scoped(Effect.flatMap(redisServer.connect(port), (raw) => redisServer.age(raw, duration)))
  )

TokenStoreTest.suite(
  "the token store on Redis",
  Layer.provideMerge(Layer.scoped(TokenStore.TokenStore, connect), Layer.scoped(Server, started)),
  {
    advance,
    connect,
    outage: periodIn(Server, outageOf),
    faults: periodIn(Server, ({ proxy }) => resetsOf(proxy)),
    skip: !redisServer.isInstalled
  }
)

describe.skipIf(!redisServer.isInstalled)("a store on Redis", () => {
  it.scopedLive("sets leases and keys that end by the server's time", () =>
    Effect.gen(function*() {
      const { port } = yield* redisServer.start
      const raw = yield* Effect.acquireRelease(
        Effect.sync(() => new Redis({ host: "127.0.0.1", port })),
        (client) => Effect.sync(() => client.disconnect())
      )
      const store = RedisTokenStore.fromClient(raw, { prefix: "test", ...patient })
      const before = Date.now()
      assert.isTrue((yield* store.acquire("a", "one", minute)).done)
      const left = Effect.promise(() => raw.pttl("test:a"))
      const leased = yield* left
      assert.isAtLeast(leased, 59_000 - (Date.now() - before))
      assert.isAtMost(leased, 60_000)
      yield* store.swap("a", 0, entry("x"))
      assert.isAbove(yield* left, 86_400_000)
      // A lease that is renewed or ends leaves the entry its time.
      yield* store.acquire("a", "one", minute)
      yield* store.release("a", "one")
      assert.isAbove(yield* left, 86_400_000)
      assert.deepStrictEqual(yield* Effect.promise(() => raw.keys("*")), ["test:a"])
      yield* store.acquire("b", "one", minute)
      yield* store.release("b", "one")
      assert.deepStrictEqual(yield* Effect.promise(() => raw.keys("*")), ["test:a"])
    }))

  it.scopedLive(
    "gives a fleet of eight one token, and one more when all are rejected with it",
    () =>
      Effect.gen(function*() {
        const { port } = yield* redisServer.start
        const processes = yield* fleet(8, { port })
        const all = Effect.map(
          Effect.all(processes, { concurrency: "unbounded" }),
          (responses) => responses.map(({ status }) => status)
        )
        assert.deepStrictEqual(yield* all, [200, 200, 200, 200, 200, 200, 200, 200])
        assert.strictEqual(yield* tokensIssued, 1)
        yield* Effect.flatMap(TestAuthorizationServer.TestAuthorizationServer, ({ revoke }) => revoke())
        assert.deepStrictEqual(yield* all, [200, 200, 200, 200, 200, 200, 200, 200])
        assert.strictEqual(yield* tokensIssued, 2)
        const later = yield* fleet(12, { port })
        yield* Effect.all(later, { concurrency: "unbounded" })
        assert.strictEqual(yield* tokensIssued, 2)
      }).pipe(Effect.provide(Servers)),
    300_000
  )

  it.scopedLive("keeps the token when a program ends, for the next one", () =>
    Effect.gen(function*() {
      const { port } = yield* redisServer.start
      const options = { revocationUrl: "https://auth.test/token/revocation" }
      for (let starts = 0; starts < 3; starts += 1) {
        yield* Effect.scoped(Effect.flatMap(fleet(1, { port }, options), Effect.all))
      }
      const { received } = yield* TestAuthorizationServer.TestAuthorizationServer
      assert.deepStrictEqual((yield* received).map(({ endpoint }) => endpoint), ["token"])
    }).pipe(Effect.provide(Servers)))

  it.scopedLive("keeps the whole fleet within its budget", () =>
    Effect.gen(function*() {
      const { port } = yield* redisServer.start
      const processes = yield* fleet(4, { port }, { issuanceBudget: { limit: 3 } })
      const { revoke } = yield* TestAuthorizationServer.TestAuthorizationServer
      const outcomes: Array<string> = []
      for (let round = 0; round < 6; round += 1) {
        for (const outcome of yield* Effect.forEach(processes, Effect.either, { concurrency: "unbounded" })) {
          outcomes.push(outcome._tag === "Right" ? String(outcome.right.status) : outcome.left._tag)
        }
        yield* revoke()
      }
      assert.strictEqual(yield* tokensIssued, 3)
      assert.deepStrictEqual(new Set(outcomes), new Set(["200", "IssuanceBudgetExhausted"]))
    }).pipe(Effect.provide(Servers)))

  it.scopedLive(
    "delays no caller when it stops responding between two commands",
    () =>
      Effect.gen(function*() {
        const { port } = yield* redisServer.start
        const processes = yield* fleet(2, { port }, {}, { timeout: "500 millis" })
        const raw = yield* Effect.acquireRelease(
          Effect.sync(() => new Redis({ host: "127.0.0.1", port })),
          (client) => Effect.sync(() => client.disconnect())
        )
        // What is read is answered, the lease is not.
        yield* Effect.promise(() => raw.client("PAUSE", 600_000, "WRITE"))
        const responses = yield* abandonable(Effect.all(processes, { concurrency: "unbounded" }))
        assert.deepStrictEqual(responses.map(({ status }) => status), [200, 200])
        assert.strictEqual(yield* tokensIssued, 2)
      }).pipe(Effect.provide(Servers)),
    300_000
  )

  it.scopedLive(
    "is done without while it is away, and used again when it is back: no call is lost",
    () =>
      Effect.gen(function*() {
        const redis = yield* redisServer.start
        // Tokens are revoked until all share one again, however often that is.
        const processes = yield* fleet(4, { port: redis.port }, { tokenCache: { rejectionPauses: ["1 millis"] } })
        const { revoke } = yield* TestAuthorizationServer.TestAuthorizationServer
        const all = Effect.map(
          Effect.all(processes, { concurrency: "unbounded" }),
          (responses) => responses.map(({ status }) => status)
        )
        const good = [200, 200, 200, 200]
        assert.deepStrictEqual(yield* all, good)
        yield* redis.kill
        assert.deepStrictEqual(yield* all, good)
        assert.strictEqual(yield* tokensIssued, 1)
        yield* revoke()
        // Each for itself now.
        assert.deepStrictEqual(yield* all, good)
        assert.strictEqual(yield* tokensIssued, 5)
        yield* redis.restart
        // Each finds its way back in its own time; then they share again.
        let issuedTogether = 0
        while (issuedTogether !== 1) {
          const before = yield* tokensIssued
          yield* revoke()
          assert.deepStrictEqual(yield* all, good)
          issuedTogether = (yield* tokensIssued) - before
        }
      }).pipe(Effect.provide(Servers)),
    300_000
  )
})

describe("its configuration", () => {
  it.effect("is an InvalidConfig with every option that is not valid, and connects to nothing", () =>
    Effect.gen(function*() {
      const fromClient = (options: RedisTokenStore.Options) =>
        Effect.flatMap(
          Effect.acquireRelease(
            Effect.sync(() => new Redis({ lazyConnect: true })),
            (client) => Effect.sync(() => client.disconnect())
          ),
          (client) =>
            Effect.try({
              try: () => RedisTokenStore.fromClient(client, options),
              catch: (error) => error instanceof InvalidConfig.InvalidConfig ? error : assert.fail(String(error))
            })
        )
      const wrong = (options: unknown, settings: ReadonlyArray<string>) =>
        Effect.gen(function*() {
          const given = options as RedisTokenStore.Options
          for (
            const built of [
              Layer.build(RedisTokenStore.layer({ host: "127.0.0.1", port: 1 }, given)),
              Layer.build(RedisTokenStore.layerEnv({ overrides: given })),
              fromClient(given)
            ]
          ) {
            const error = yield* Effect.flip<unknown, unknown, Scope.Scope>(built)
            assert.instanceOf(error, InvalidConfig.InvalidConfig)
            assert.sameMembers(error.problems.map(({ setting }) => setting), [...settings])
          }
        })
      for (const timeout of ["soon", -1, 0, NaN, Infinity, null, {}]) yield* wrong({ timeout }, ["timeout"])
      for (const prefix of [5, null, "two\nlines", "x".repeat(51)]) yield* wrong({ prefix }, ["prefix"])
      yield* wrong({ prefix: 5, timeout: -1, migrate: true }, ["prefix", "timeout", "migrate"])
      for (const options of [null, 5, []]) yield* wrong(options, ["options"])
      // Values of `layerConfig` that are no `Config` are validated with the others.
      const given: object = { timeout: "soon", prefix: Config.succeed("x".repeat(51)) }
      const url = Config.succeed(Redacted.make("redis://127.0.0.1:1"))
      const error = yield* Effect.flip(Layer.build(RedisTokenStore.layerConfig({ url, ...given })))
      assert.instanceOf(error, InvalidConfig.InvalidConfig)
      assert.sameMembers(error.problems.map(({ setting }) => setting), ["timeout", "prefix"])
    }).pipe(
      Effect.scoped,
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["REDIS_URL", "redis://127.0.0.1:1"]])))
    ))

  it.effect("is read from the environment, and a password in it is not shown", () =>
    Effect.gen(function*() {
      const wrong = [
        "http://user:c4n4ry@127.0.0.1",
        "c4n4ry",
        "",
        "redis://127.0.0.1/c4n4ry",
        "redis://user:c4n4ry%@127.0.0.1",
        "redis:c4n4ry"
      ]
      for (const url of wrong) {
        const error = yield* Effect.flip(Layer.build(RedisTokenStore.layerEnv())).pipe(
          Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["REDIS_URL", url]])))
        )
        const shown = url === "" ? "REDIS_URL" : "Invalid data at REDIS_URL: \"Expected REDIS_URL to be a URL such as "
        assert.include(String(error), shown)
        assert.notInclude(String(error), "c4n4ry")
      }
    }).pipe(Effect.scoped))

  it.scopedLive("may be an IPv6 address", () =>
    Effect.gen(function*() {
      const asked = yield* Deferred.make<void>()
      const server = createServer(() => Deferred.unsafeDone(asked, Effect.void))
      yield* Effect.acquireRelease(
        Effect.async<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
        () => Effect.sync(() => server.close())
      )
      // The same address, as IPv6 writes it.
      const url = `redis://[::ffff:127.0.0.1]:${(server.address() as AddressInfo).port}`
      yield* Layer.build(RedisTokenStore.layerEnv({ overrides: { timeout: "100 millis" } })).pipe(
        Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["REDIS_URL", url]])))
      )
      yield* Deferred.await(asked)
    }))

  it.scopedLive(
    "does not keep a program from starting that waits for a server which does not answer, or for nothing",
    () =>
      Effect.gen(function*() {
        const server = createServer()
        yield* Effect.acquireRelease(
          Effect.async<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
          () => Effect.sync(() => server.close())
        )
        const { port } = server.address() as AddressInfo
        for (const lazyConnect of [false, true]) {
          const store = yield* Effect.map(
            Layer.build(Layer.fresh(
              RedisTokenStore.layer({ host: "127.0.0.1", port, lazyConnect }, { timeout: "100 millis" })
            )),
            Context.get(TokenStore.TokenStore)
          )
          assert.strictEqual((yield* Effect.flip(store.load("a")))._tag, "TokenStoreError")
        }
      }),
    300_000
  )

  it.scopedLive("is a typed error in the store when no server listens", () =>
    Effect.gen(function*() {
      const store = yield* TokenStore.TokenStore
      const error = yield* Effect.flip(store.load("a"))
      assert.strictEqual(error._tag, "TokenStoreError")
    }).pipe(Effect.provide(RedisTokenStore.layer({ host: "127.0.0.1", port: 1 }))))
})
