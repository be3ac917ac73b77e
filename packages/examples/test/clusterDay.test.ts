/**
 * A day of a cluster in which one runner refreshes the token for all, in virtual time. It runs on Effect 3 only: on
 * Effect 4, the day does not end under this clock.
 */
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
import { assert, it } from "@effect/vitest"
import { ApiClient, SharedClientCredentials, TokenSeal, TokenStore } from "@effect-oauth/client-credentials"
import { OAuthTest, TestApi, TestAuthorizationServer, VirtualClock } from "@effect-oauth/testing"
import { ConfigProvider, Duration, Effect, Exit, Layer, Logger, Option, Redacted, Schedule, Scope } from "effect"

import * as Refresher from "../src/cluster/refresher.js"

const storeKey = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64")

/** The storage of the runners of a cluster, with locks as a database has them. */
const makeRunnerStorage = () => {
  const runners = new Map<string, string>()
  const locks = new Map<string, string>()
  const locked = (address: string, shards: ReadonlyArray<string>) => shards.filter((one) => locks.get(one) === address)
  return RunnerStorage.makeEncoded({
    getRunners: Effect.sync(() => Array.from(runners.values(), (runner) => [runner, true])),
    register: (address, runner) => Effect.sync(() => runners.set(address, runner).size),
    unregister: (address) => Effect.sync(() => runners.delete(address)),
    setRunnerHealth: () => Effect.void,
    acquire: (address, shards) =>
      Effect.sync(() => {
        for (const shard of shards) if (!locks.has(shard)) locks.set(shard, address)
        return locked(address, shards)
      }),
    refresh: (address, shards) => Effect.sync(() => locked(address, shards)),
    release: (address, shard) => Effect.sync(() => locked(address, [shard]).forEach((one) => locks.delete(one))),
    releaseAll: (address) => Effect.sync(() => locked(address, [...locks.keys()]).forEach((one) => locks.delete(one)))
  })
}

/** Sets a header with the runner in all requests. */
const from = (runner: string) =>
  Layer.effect(
    HttpClient.HttpClient,
    Effect.map(HttpClient.HttpClient, HttpClient.mapRequest(HttpClientRequest.setHeader("user-agent", runner)))
  )

/** Starts a runner that sends a call every minute, until its scope ends. */
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

it.live("a day of three runners costs one token per lifetime, requested by the runner of the singleton", () => {
  const time = VirtualClock.make()
  return Effect.gen(function*() {
    const { calls } = yield* TestApi.TestApi
    const { issued, received } = yield* TestAuthorizationServer.TestAuthorizationServer
    /** Returns the runners that sent token requests, from this index on. */
    const since = (request: number) =>
      Effect.map(received, (all) => [...new Set(all.slice(request).map(({ userAgent }) => userAgent))])

    const runners = yield* Effect.forEach([1, 2, 3], startRunner)
    // Any runner may request the first token, before the singleton is assigned.
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
      Layer.provideMerge(OAuthTest.layerHttpClient(), OAuthTest.layer({ server: { tokenLife: "1 hour" } })),
      NodeContext.layer,
      Logger.remove(Logger.defaultLogger)
    ]),
    Effect.withConfigProvider(environment),
    Effect.withClock(time.clock)
  )
})
