/**
 * A cluster in which one runner refreshes the token for all: as processes on a real Postgres, and a day of it in virtual time.
 */
import { spawn } from "node:child_process"

import {
  MessageStorage,
  RunnerAddress,
  RunnerHealth,
  Runners,
  RunnerStorage,
  Sharding,
  ShardingConfig
} from "@effect/cluster"
import { HttpClient, HttpClientRequest } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { ApiClient, SharedClientCredentials, TokenSeal, TokenStore } from "@effect-oauth/client-credentials"
import { OAuthTest, TestApi, TestAuthorizationServer, VirtualClock } from "@effect-oauth/testing"
import * as Loopback from "@effect-oauth/testing/Loopback"
import { ConfigProvider, Duration, Effect, Exit, Layer, Logger, Option, Redacted, Schedule, Scope } from "effect"

import * as postgresServer from "../../sql/test/postgresServer.js"
import { freePort } from "../../sql/test/server.js"
import * as Refresher from "../src/cluster/refresher.js"
import { program } from "./support.js"

const storeKey = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64")

const refreshes = "This runner refreshes the token for all"

/** Starts runners as processes; `refreshers` are those to which the singleton moved, in order. */
const makeCluster = (environment: Readonly<Record<string, string>>) => {
  const refreshers: Array<number> = []
  const start = Effect.gen(function*() {
    const port = yield* freePort
    const runner = Effect.sync(() => {
      const address = { HOST: "127.0.0.1", PORT: String(port) }
      const child = spawn(process.execPath, [program("cluster-runner")], {
        env: { PATH: process.env["PATH"], TOKEN_STORE_KEY: storeKey, ...address, ...environment }
      })
      let output = ""
      const read = (chunk: Buffer) => {
        const text = chunk.toString()
        output += text
        if (text.includes(refreshes)) refreshers.push(port)
      }
      child.stdout.on("data", read)
      child.stderr.on("data", read)
      const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()))
      return { child, ended, output: () => output, port }
    })
    return yield* Effect.acquireRelease(runner, ({ child }) => Effect.sync(() => child.kill("SIGKILL")))
  })
  return { refreshers, start }
}

const until = (condition: Effect.Effect<boolean>) =>
  Effect.repeat(condition, { until: (isMet) => isMet, schedule: Schedule.spaced("10 millis") })

const { isInstalled } = postgresServer
const suite = isInstalled ? describe : describe.skip

suite(`a cluster on Postgres${isInstalled ? "" : " (skipped: it is not installed)"}`, () => {
  it.scopedLive("of three runners requests one token per life, and the singleton moves when its runner ends", () =>
    Effect.gen(function*() {
      const life = 6000
      const { api, environment, server } = yield* Loopback.start({ server: { tokenLife: life } })
      const { url } = yield* postgresServer.start()
      const { refreshers, start } = makeCluster({
        ...environment,
        DATABASE_URL: url,
        CALLS: "1000000",
        REFRESHER_CHECKS_EVERY: "50 millis"
      })
      const begun = Date.now()
      // The first one creates the tables.
      const first = yield* start
      yield* until(Effect.sync(() => refreshers.length > 0))
      const runners = [first, yield* start, yield* start]
      /** Whether calls use a token after this one, so that it is stored. */
      const isReplaced = (token: number) =>
        Effect.map(api.calls, (all) => {
          for (const { child, output } of runners) assert.isNull(child.exitCode, output())
          return Number(all.at(-1)?.token) > token
        })
      yield* until(isReplaced(1))

      const ending = runners.find(({ port }) => port === refreshers.at(-1)) ?? first
      runners.splice(runners.indexOf(ending), 1)
      ending.child.kill("SIGTERM")
      yield* Effect.promise(() => ending.ended)
      yield* until(Effect.sync(() => refreshers.at(-1) !== ending.port))
      yield* until(isReplaced((yield* server.issued).length))

      const tokens = (yield* server.issued).length
      const lives = (Date.now() - begun) / life
      console.log(`${tokens} tokens in ${lives.toFixed(1)} lives, the singleton moved ${refreshers.length - 1} times`)
      // A token is refreshed after 0.8 of its life or later. One more may have been requested by the runner that ended.
      assert.isAtMost(tokens, Math.floor(lives / 0.8) + 2)
      assert.isTrue((yield* api.calls).every(({ status }) => status === 200))
    }).pipe(Effect.provide(NodeContext.layer)))
})

/** The storage of the runners of a cluster, with locks as a database has them. */
const makeRunnerStorage = () => {
  const runners = new Map<string, string>()
  const locks = new Map<string, string>()
  const held = (address: string, shards: ReadonlyArray<string>) => shards.filter((one) => locks.get(one) === address)
  return RunnerStorage.makeEncoded({
    getRunners: Effect.sync(() => Array.from(runners.values(), (runner) => [runner, true])),
    register: (address, runner) => Effect.sync(() => runners.set(address, runner).size),
    unregister: (address) => Effect.sync(() => runners.delete(address)),
    setRunnerHealth: () => Effect.void,
    acquire: (address, shards) =>
      Effect.sync(() => {
        for (const shard of shards) if (!locks.has(shard)) locks.set(shard, address)
        return held(address, shards)
      }),
    refresh: (address, shards) => Effect.sync(() => held(address, shards)),
    release: (address, shard) => Effect.sync(() => held(address, [shard]).forEach((one) => locks.delete(one))),
    releaseAll: (address) => Effect.sync(() => held(address, [...locks.keys()]).forEach((one) => locks.delete(one)))
  })
}

/** Requests say from which runner they come. */
const from = (runner: string) =>
  Layer.effect(
    HttpClient.HttpClient,
    Effect.map(HttpClient.HttpClient, HttpClient.mapRequest(HttpClientRequest.setHeader("user-agent", runner)))
  )

/** Starts a runner that makes a call a minute, until its scope ends. */
const startRunner = (port: number) =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    const address = RunnerAddress.make("runner", port)
    const Config = ShardingConfig.layer({
      runnerAddress: Option.some(address),
      refreshAssignmentsInterval: "30 seconds",
      entityMessagePollInterval: "1 minute"
    })
    const Cluster = Sharding.layer.pipe(
      Layer.provide([Runners.layerNoop, RunnerHealth.layerNoop]),
      Layer.provide([MessageStorage.layerNoop, Config])
    )
    const Api = SharedClientCredentials.layerEnv({ overrides: { tokenCache: Refresher.tokenCache } })
    const Calls = Layer.scopedDiscard(Effect.flatMap(
      ApiClient.ApiClient,
      (api) => Effect.forkScoped(Effect.repeat(api.get("/items"), Schedule.spaced("1 minute")))
    ))
    const Runner = Layer.merge(Layer.provide(Calls, Api), Layer.provide(Refresher.layer, Cluster))
    yield* Layer.buildWithScope(Layer.provide(Runner, from(`runner ${port}`)), scope)
    return { name: `runner ${port}`, end: Scope.close(scope, Exit.void) }
  })

const environment = ConfigProvider.fromMap(
  new Map(Object.entries({
    OAUTH_TOKEN_URL: "https://auth.test/token",
    OAUTH_CLIENT_ID: "test-client",
    OAUTH_CLIENT_SECRET: "test-secret",
    API_BASE_URL: "https://api.test"
  }))
)

it.live("a day of three runners costs one token per life, requested by the runner of the singleton", () => {
  const time = VirtualClock.make()
  return Effect.gen(function*() {
    const { calls } = yield* TestApi.TestApi
    const { issued, received } = yield* TestAuthorizationServer.TestAuthorizationServer
    /** The runners that sent token requests, from this one on. */
    const since = (request: number) =>
      Effect.map(received, (all) => [...new Set(all.slice(request).map(({ userAgent }) => userAgent))])

    const runners = yield* Effect.forEach([1, 2, 3], startRunner)
    // The first token is requested by any of them, while the singleton finds its runner.
    yield* time.advance("30 minutes")
    assert.strictEqual((yield* issued).length, 1)
    yield* time.advance("8 hours")
    const refreshing = yield* since(1)
    assert.strictEqual(refreshing.length, 1)

    yield* Effect.forEach(runners.filter(({ name }) => refreshing.includes(name)), ({ end }) => end)
    const before = (yield* received).length
    yield* time.advance(Duration.minutes(15.5 * 60))
    const next = yield* since(before)
    assert.strictEqual(next.length, 1)
    assert.notDeepEqual(next, refreshing)

    const tokens = yield* issued
    for (const [index, { issuedAt }] of tokens.slice(1).entries()) {
      const previous = tokens[index]?.expiresAt ?? 0
      assert.isAtLeast(issuedAt, previous - 5 * 60_000)
      assert.isAtMost(issuedAt, previous - 2 * 60_000)
    }
    assert.isAtLeast(tokens.length, 26)
    assert.isTrue((yield* calls).every(({ status }) => status === 200))
    yield* Effect.forEach(runners, ({ end }) => end)
  }).pipe(
    Effect.provide([
      Layer.succeed(RunnerStorage.RunnerStorage, makeRunnerStorage()),
      TokenStore.layerMemory,
      TokenSeal.layer([Redacted.make(storeKey)]),
      OAuthTest.layer({ server: { tokenLife: "1 hour" } }),
      NodeContext.layer,
      Logger.remove(Logger.defaultLogger)
    ]),
    Effect.withConfigProvider(environment),
    Effect.withClock(time.clock)
  )
})
