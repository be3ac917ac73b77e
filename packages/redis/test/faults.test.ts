/**
 * Faults of Redis and the network: errors, a user with few permissions, TLS, eviction and missing responses.
 */
import { readFileSync } from "node:fs"

import { assert, describe, it } from "@effect/vitest"
import { type OAuthError, TokenStore } from "@effect-oauth/client-credentials"
import { RedisTokenStore } from "@effect-oauth/redis"
import { TestAuthorizationServer } from "@effect-oauth/testing"
import { Context, Deferred, Duration, Effect, Exit, Layer, Logger } from "effect"
import type { Redis, RedisOptions } from "ioredis"

import * as certificates from "../../client-credentials/test/support/certificates.js"
import { start as startProxy } from "../../client-credentials/test/support/proxy.js"
import * as cluster from "./cluster.js"
import { fleet, patient, Servers, tokensIssued } from "./fleet.js"
import * as redisServer from "./redisServer.js"

const minute = Duration.minutes(1)

const storeOn = (connection: RedisOptions, options: RedisTokenStore.Options = patient) =>
  Effect.map(
    Layer.build(Layer.fresh(RedisTokenStore.layer({ host: "127.0.0.1", ...connection }, options))),
    Context.get(TokenStore.TokenStore)
  )

const swap = (store: TokenStore.TokenStore) =>
  store.swap("a", 0, { value: "sealed", expiresAt: Date.now() + 60_000 }, "one")

/** Each operation of the contract once. */
const everything = (store: TokenStore.TokenStore) =>
  Effect.all([store.load("a"), store.acquire("a", "one", minute), swap(store), store.release("a", "one")])

const problemOf = (operation: Effect.Effect<unknown, OAuthError.TokenStoreError>) =>
  Effect.map(Effect.flip(operation), ({ problem }) => problem)

/** Lets the connections of the process make progress. */
const tick = Effect.async<void>((resume) => {
  setTimeout(() => resume(Effect.void), 10)
})

/** An error of Redis, the arguments of the server, and what is changed then. */
const errors: ReadonlyArray<
  readonly [code: string, commands: ReadonlyArray<string>, connection?: RedisOptions, args?: ReadonlyArray<string>]
> = [
  ["OOM", ["CONFIG SET maxmemory 1"]],
  ["READONLY", ["REPLICAOF 127.0.0.1 1"]],
  ["MASTERDOWN", ["REPLICAOF 127.0.0.1 1", "CONFIG SET replica-serve-stale-data no"]],
  ["NOAUTH", ["CONFIG SET requirepass c4n4ry"]],
  ["WRONGPASS", ["CONFIG SET requirepass c4n4ry"], { password: "c4n4ry-wrong" }],
  ["NOPERM", ["ACL SETUSER default -eval"]],
  ["NOPERM", ["ACL SETUSER default -hset"]],
  ["NOPERM", ["ACL SETUSER default resetkeys ~other:*"]],
  ["NOREPLICAS", ["CONFIG SET min-replicas-to-write 1"]],
  ["WRONGTYPE", ["SET effect-oauth:a c4n4ry"]],
  ["CLUSTERDOWN", [], {}, ["--cluster-enabled", "yes", "--cluster-port", "0"]]
]

describe.skipIf(!redisServer.isInstalled)("a problem with Redis", () => {
  for (const [code, commands, connection, args = []] of errors) {
    it.scopedLive(
      `is reported with its cause and what to change: ${[code, ...commands].join(", ")}`,
      () =>
        Effect.gen(function*() {
          const { port } = yield* redisServer.startWith(args)
          const raw = yield* redisServer.connect(port)
          for (const command of commands) {
            const [name = "", ...rest] = command.split(" ")
            yield* Effect.promise(() => raw.call(name, ...rest))
          }
          const problem = yield* problemOf(swap(yield* storeOn({ port, ...connection })))
          assert.match(problem, new RegExp(`^${code}: [^.]{20,160}$`))
          assert.notInclude(problem, "c4n4ry")
        })
    )
  }

  it.scopedLive("is reported with its cause and what to change: no server, no free connection, a node of a Cluster", () =>
    Effect.gen(function*() {
      assert.match(yield* problemOf(swap(yield* storeOn({ port: 1 }))), /^ECONNREFUSED: .{20}/)
      const { port } = yield* redisServer.start
      const raw = yield* redisServer.connect(port)
      yield* Effect.promise(() => raw.config("SET", "maxclients", 1))
      assert.include(yield* problemOf(swap(yield* storeOn({ port }))), "maxclients")
      const { ports } = yield* cluster.start(["0 8191", "8192 16383"])
      const stores = yield* Effect.forEach(ports, (port) => storeOn({ port }))
      const outcomes = yield* Effect.forEach(stores, (store) => Effect.either(swap(store)))
      const failures = outcomes.flatMap((outcome) => outcome._tag === "Left" ? [outcome.left.problem] : [])
      assert.lengthOf(failures, 1)
      assert.match(failures[0] ?? "", /^MOVED: /)
    }))
})

/** Waits until a connection has sent INFO as its last command. */
const policyIsRead = (raw: Redis): Effect.Effect<void> =>
  Effect.flatMap(
    Effect.promise(() => raw.client("LIST")),
    (list) =>
      /\bcmd=info\b/.test(String(list)) ? Effect.void : Effect.zipRight(tick, Effect.suspend(() => policyIsRead(raw)))
  )

/** A layer that hands over the first line of the log, and the lines so far. */
const logged = Effect.map(Deferred.make<string>(), (first) => {
  const lines: Array<string> = []
  const layer = Logger.replace(
    Logger.defaultLogger,
    Logger.make(({ message }) => {
      lines.push(String(message))
      Deferred.unsafeDone(first, Effect.succeed(String(message)))
    })
  )
  return { first, layer, lines }
})

/** The command of the README: the user, and its rules. */
const documented = (() => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8")
  const [, name = "", rules = ""] = /^ +ACL SETUSER (\w+) (.+)$/m.exec(readme) ?? []
  return { name, rules: rules.split(" ") }
})()

describe.skipIf(!redisServer.isInstalled)("a user of Redis with few permissions", () => {
  const user = (raw: Redis, rules: ReadonlyArray<string>) =>
    Effect.promise(() => raw.call("ACL", "SETUSER", documented.name, "reset", ...rules))
  const store = (port: number, more: RedisOptions = {}) =>
    storeOn({ port, username: documented.name, password: "PASSWORD", ...more })

  it.scopedLive("needs each of the commands of the documentation, on keys with the prefix, and no other", () =>
    Effect.gen(function*() {
      const { port } = yield* redisServer.startWith(["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"])
      const raw = yield* redisServer.connect(port)
      yield* user(raw, documented.rules)
      const { first, layer } = yield* logged
      const allowed = yield* Effect.provide(store(port), layer)
      assert.include(yield* Deferred.await(first), "maxmemory-policy allkeys-lru")
      yield* everything(allowed)
      assert.deepStrictEqual(yield* Effect.promise(() => raw.call("ACL", "LOG")), [])
      const grants = documented.rules.filter((rule) => rule.startsWith("+") && rule !== "+info")
      assert.lengthOf(grants, 6)
      for (const missing of grants) {
        yield* Effect.promise(() => raw.flushall())
        yield* user(raw, documented.rules.filter((rule) => rule !== missing))
        assert.match(yield* problemOf(everything(yield* Effect.provide(store(port), layer))), /^NOPERM: /, missing)
      }
    }))

  it.scopedLive("is warned that the policy is unknown without +info, and uses the store", () =>
    Effect.gen(function*() {
      const { port } = yield* redisServer.start
      const raw = yield* redisServer.connect(port)
      yield* user(raw, documented.rules.filter((rule) => rule !== "+info"))
      const { first, layer, lines } = yield* logged
      yield* everything(yield* Effect.provide(store(port), layer))
      assert.include(yield* Deferred.await(first), "Grant +info")
      assert.lengthOf(lines, 1)
    }))

  it.scopedLive("uses no other database than that of the options, and uses it once +select is granted", () =>
    Effect.gen(function*() {
      const { port } = yield* redisServer.start
      const raw = yield* redisServer.connect(port)
      yield* user(raw, documented.rules)
      const other = yield* store(port, { db: 1 })
      for (const operation of [swap(other), other.load("a"), swap(other)]) {
        assert.match(yield* problemOf(operation), /^SELECT: the database could not be selected; grant \+select/)
      }
      yield* user(raw, [...documented.rules, "+select"])
      yield* Effect.eventually(Effect.tapError(swap(other), () => tick))
      yield* Effect.promise(() => raw.select(1))
      assert.strictEqual(yield* Effect.promise(() => raw.dbsize()), 1)
    }))
})

describe.skipIf(!redisServer.isInstalled)("TLS", () => {
  it.scopedLive("is used with the authority of the options, and required to be valid", () =>
    Effect.gen(function*() {
      const ca = yield* certificates.authority("The authority of the test")
      const tls = yield* redisServer.startTls(ca, yield* certificates.server(ca))
      yield* everything(yield* storeOn({ port: tls, tls: { ca: ca.cert } }))
      const untrusted = yield* problemOf(swap(yield* storeOn({ port: tls, tls: {} })))
      assert.match(untrusted, /^[A-Z_]+: the certificate of Redis is not trusted; set `tls\.ca`/)
    }))
})

describe.skipIf(!redisServer.isInstalled)("a Redis that evicts keys", () => {
  for (const policy of ["allkeys-lru", "allkeys-random", "volatile-ttl"]) {
    it.scopedLive(`is warned of, with the setting: ${policy}`, () =>
      Effect.gen(function*() {
        const { port } = yield* redisServer.startWith(["--maxmemory", "100mb", "--maxmemory-policy", policy])
        const { first, layer } = yield* logged
        yield* Effect.provide(storeOn({ port }), layer)
        const line = yield* Deferred.await(first)
        assert.include(line, policy)
        assert.include(line, "Set maxmemory-policy to noeviction")
      }))
  }

  it.scopedLive("is not warned of when it keeps its keys, or does not answer what it does", () =>
    Effect.gen(function*() {
      const { layer, lines } = yield* logged
      for (const args of [[], ["--maxmemory", "100mb"], ["--maxmemory-policy", "allkeys-lru"]]) {
        const { port } = yield* redisServer.startWith(args)
        const raw = yield* redisServer.connect(port)
        const store = yield* Effect.provide(storeOn({ port }), layer)
        yield* policyIsRead(raw)
        yield* store.load("a")
        yield* tick
      }
      assert.deepStrictEqual(lines, [])
    }))
})

describe.skipIf(!redisServer.isInstalled)("a connection that became silent", () => {
  it.scopedLive("is closed after the time of one operation, and opened again", () =>
    Effect.gen(function*() {
      const redis = yield* redisServer.start
      const proxy = yield* startProxy(redis.port)
      const store = yield* storeOn({ port: proxy.port }, { timeout: "1 second" })
      yield* Effect.eventually(store.load("a"))
      const before = yield* proxy.connections
      yield* proxy.become("silent")
      assert.match(yield* problemOf(store.load("a")), /no response/)
      yield* Effect.eventually(Effect.tapError(store.load("a"), () => tick))
      assert.isAbove(yield* proxy.connections, before)
    }))
})

describe.skipIf(!redisServer.isInstalled)(
  "a Redis that is stopped, when the API rejects the token of four processes",
  () => {
    it.scopedLive("lets each request its part of the tokens that are left, and no more", () =>
      Effect.gen(function*() {
        const redis = yield* redisServer.start
        const { revoke } = yield* TestAuthorizationServer.TestAuthorizationServer
        const processes = yield* fleet(4, { port: redis.port }, {
          issuanceBudget: { limit: 8, withoutStore: { tokens: 5, fraction: 1 / 4 } }
        }, {})
        const callAll = Effect.all(processes.map(Effect.exit), { concurrency: "unbounded" })
        const succeeded = Effect.map(callAll, (exits) => exits.filter(Exit.isSuccess).length)
        assert.strictEqual(yield* succeeded, 4)
        assert.strictEqual(yield* tokensIssued, 1)
        yield* redis.kill
        yield* revoke()
        // A quarter of the seven tokens that are left is one.
        assert.strictEqual(yield* succeeded, 4)
        assert.strictEqual(yield* tokensIssued, 5)
        yield* revoke()
        yield* callAll
        assert.strictEqual(yield* tokensIssued, 5)
        yield* redis.restart
        yield* Effect.forEach(processes, (call) => Effect.eventually(Effect.tapError(call, () => tick)))
        assert.isAtMost(yield* tokensIssued, 8)
      }).pipe(Effect.provide(Servers)))
  }
)

describe.skipIf(!redisServer.isInstalled)("the operations of a fleet", () => {
  it.scopedLive("are at most six for each of twenty clients that start without a token", () =>
    Effect.gen(function*() {
      const { port } = yield* redisServer.start
      const raw = yield* redisServer.connect(port)
      const processes = yield* fleet(20, { port })
      const begun = Date.now()
      yield* Effect.all(processes, { concurrency: "unbounded" })
      const elapsed = Date.now() - begun
      assert.strictEqual(yield* tokensIssued, 1)
      const info = yield* Effect.promise(() => raw.info("commandstats"))
      const calls = Number(/cmdstat_eval:calls=(\d+)/.exec(info)?.[1])
      console.log(`20 clients, one cold start: ${calls} operations in ${elapsed} ms`)
      // A machine that takes longer than a second lets waiting clients look more often: at most every two seconds.
      assert.isAtMost(calls, 20 * (6 + Math.floor(elapsed / 1000)))
    }).pipe(Effect.provide(Servers)))
})
