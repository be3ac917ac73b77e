/**
 * The store over HTTP: a front like that of Upstash, before a real Redis.
 */
import * as Http from "node:http"
import type { AddressInfo } from "node:net"

import { assert, describe, it } from "@effect/vitest"
import { InvalidConfig, TokenStore } from "@effect-oauth/client-credentials"
import * as RedisHttpTokenStore from "@effect-oauth/redis/RedisHttpTokenStore"
import * as TokenStoreTest from "@effect-oauth/testing/TokenStoreTest"
import type { Duration } from "effect"
import { ConfigProvider, Context, Effect, Layer, Redacted } from "effect"
import { Redis } from "ioredis"

import { start as startProxy } from "../../client-credentials/test/support/proxy.js"
import { outageOf, periodIn, resetsOf } from "../../client-credentials/test/support/storeFaults.js"
import { patient } from "./fleet.js"
import * as redisServer from "./redisServer.js"

/** A front that runs the commands that it gets, with the token `t0k3n`. */
const front = (redis: Redis) =>
  Effect.acquireRelease(
    Effect.async<Http.Server>((resume) => {
      const server = Http.createServer(async (request, response) => {
        const respond = (status: number, body: unknown) => {
          response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body))
        }
        let text = ""
        for await (const chunk of request) text += chunk
        if (request.headers.authorization !== "Bearer t0k3n") {
          return respond(401, { error: "WRONGPASS invalid or missing auth token" })
        }
        const [name = "", ...args] = JSON.parse(text) as ReadonlyArray<string>
        await redis.call(name, ...args).then(
          (result) => respond(200, { result }),
          (error: Error) => respond(400, { error: error.message })
        )
      }).listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) =>
      Effect.sync(() => {
        server.close()
        server.closeAllConnections()
      })
  ).pipe(Effect.map((server) => (server.address() as AddressInfo).port))

const started = Effect.gen(function*() {
  const { kill, port, restart } = yield* redisServer.start
  const raw = yield* Effect.acquireRelease(
    Effect.sync(() => new Redis({ host: "127.0.0.1", port, enableOfflineQueue: false }).on("error", () => undefined)),
    (client) => Effect.sync(() => client.disconnect())
  )
  yield* Effect.promise(() => new Promise<void>((resolve) => void raw.once("ready", resolve)))
  const proxy = yield* startProxy(yield* front(raw))
  return { kill, proxy, raw, restart, url: `http://127.0.0.1:${proxy.port}` }
})

type Started = Effect.Effect.Success<typeof started>

class Server extends Context.Tag("Server")<Server, Started>() {}

const connect = Effect.flatMap(Server, ({ url }) =>
  Effect.map(
    Layer.build(Layer.fresh(RedisHttpTokenStore.layer({ url, token: Redacted.make("t0k3n"), ...patient }))),
    Context.get(TokenStore.TokenStore)
  ))

const advance = (duration: Duration.Duration) => Effect.flatMap(Server, ({ raw }) => redisServer.age(raw, duration))

TokenStoreTest.suite(
  "the token store on Redis over HTTP",
  Layer.provideMerge(Layer.scoped(TokenStore.TokenStore, connect), Layer.scoped(Server, started)),
  {
    advance,
    connect,
    outage: periodIn(Server, outageOf),
    faults: periodIn(Server, ({ proxy }) => resetsOf(proxy)),
    skip: !redisServer.isInstalled
  }
)

const loaded = (options: RedisHttpTokenStore.Options) =>
  Effect.flatMap(TokenStore.TokenStore, ({ load }) => load("a")).pipe(
    Effect.provide(RedisHttpTokenStore.layer({ ...patient, ...options })),
    Effect.flip,
    Effect.map(({ message }) => message)
  )

describe("a store on Redis over HTTP", () => {
  it.effect("takes https: URLs, and http: on this machine", () =>
    Effect.gen(function*() {
      const token = Redacted.make("t0k3n")
      for (
        const url of [
          "redis://eu1.upstash.io",
          "http://eu1.upstash.io",
          "http://127.0.0.1.upstash.io",
          "https://user:word@eu1.upstash.io",
          ""
        ]
      ) {
        const error = yield* Effect.flip(Layer.build(RedisHttpTokenStore.layer({ url, token })))
        assert.instanceOf(error, InvalidConfig.InvalidConfig)
        assert.strictEqual(error.message, "url: expected an https: URL without user name and password")
      }
      const absent = yield* Effect.flip(Layer.build(RedisHttpTokenStore.layer(null as never)))
      assert.deepStrictEqual(
        absent instanceof InvalidConfig.InvalidConfig && absent.problems.map(({ setting }) => setting),
        ["url", "token"]
      )
      for (
        const url of [
          "https://eu1.upstash.io",
          ...["localhost", "127.0.0.1", "127.8.0.9", "[::1]"].map((host) => `http://${host}:8079`)
        ]
      ) {
        yield* Layer.build(RedisHttpTokenStore.layer({ url, token }))
      }
    }).pipe(Effect.scoped))

  it.effect("reads its URL and its token from the environment", () =>
    Effect.gen(function*() {
      const provide = (variables: ReadonlyArray<readonly [string, string]>) =>
        Layer.build(RedisHttpTokenStore.layerEnv()).pipe(
          Effect.withConfigProvider(ConfigProvider.fromMap(new Map(variables)))
        )
      const url = ["UPSTASH_REDIS_REST_URL", "https://eu1.upstash.io"] as const
      assert.include(String(yield* Effect.flip(provide([url]))), "UPSTASH_REDIS_REST_TOKEN")
      yield* provide([url, ["UPSTASH_REDIS_REST_TOKEN", "t0k3n"]])
    }).pipe(Effect.scoped))

  it.live("reports a wrong token and a wrong URL, and shows neither", () =>
    Effect.gen(function*() {
      const { url } = yield* started
      const wrong = yield* loaded({ url, token: Redacted.make("wr0ng") })
      assert.include(wrong, "HTTP_401: the token is wrong; set it in UPSTASH_REDIS_REST_TOKEN or in the options")
      assert.notInclude(wrong, "wr0ng")
      const port = yield* redisServer.freePort
      assert.include(
        yield* loaded({ url: `http://127.0.0.1:${port}`, token: Redacted.make("t0k3n") }),
        "ECONNREFUSED: the connection was refused"
      )
    }).pipe(Effect.scoped))
})
