/**
 * Nothing secret is shown by the store: not the password of Redis, nor what is kept in it.
 */
import { assert, describe, it } from "@effect/vitest"
import { TokenStore } from "@effect-oauth/client-credentials"
import * as Package from "@effect-oauth/redis"
import { Config, ConfigProvider, Duration, Effect, Layer, Redacted } from "effect"
import { Redis } from "ioredis"

import { printed } from "../../client-credentials/test/support/printed.js"
import { shownBy } from "../../client-credentials/test/support/shown.js"
import * as redisServer from "./redisServer.js"

const { RedisTokenStore } = Package

const password = "c4n4ry-p4ssw0rd"

/** All that can be done with a store, whether it works or not. */
const everything = Effect.gen(function*() {
  const store = yield* TokenStore.TokenStore
  // The stored value is returned to the caller, and not shown elsewhere.
  const next = { value: "c4n4ry-sealed", expiresAt: Date.now() + 1000 }
  const outcomes = [
    yield* Effect.exit(Effect.asVoid(store.swap("key", 0, next))),
    yield* Effect.exit(Effect.asVoid(store.acquire("key", "one", Duration.seconds(1)))),
    yield* Effect.exit(Effect.asVoid(store.load("key"))),
    yield* Effect.exit(store.release("key", "one"))
  ]
  return [store, outcomes, printed(store)]
})

const fromEnvironment = (url: string) =>
  RedisTokenStore.layerEnv({ overrides: { timeout: "1 second" } }).pipe(
    Layer.provide(Layer.setConfigProvider(ConfigProvider.fromMap(new Map([["REDIS_URL", url]]))))
  )

const uses = (
  port: number
): Readonly<Record<keyof typeof RedisTokenStore, ReadonlyArray<Effect.Effect<unknown, unknown>>>> => ({
  layer: [
    Effect.provide(everything, RedisTokenStore.layer({ host: "127.0.0.1", port, password }, { timeout: "1 second" }))
  ],
  layerConfig: [`redis://user:${password}@127.0.0.1:${port}/0`, password].map((url) =>
    Effect.provide(everything, RedisTokenStore.layerConfig({ url: Config.succeed(Redacted.make(url)) }))
  ),
  layerEnv: [
    `redis://user:${password}@127.0.0.1:${port}/0`,
    `http://user:${password}@127.0.0.1:${port}/0`,
    `redis://user:${password}@127.0.0.1:${port}/${password}`,
    password
  ].map((url) => Effect.provide(everything, fromEnvironment(url))),
  fromClient: [
    Effect.acquireUseRelease(
      Effect.sync(() => new Redis({ host: "127.0.0.1", port, password, lazyConnect: true, retryStrategy: () => null })),
      (client) =>
        Effect.provideService(
          everything,
          TokenStore.TokenStore,
          RedisTokenStore.fromClient(client.on("error", () => undefined), { timeout: "1 second" })
        ),
      (client) => Effect.sync(() => client.disconnect())
    )
  ]
})

const check = (port: number) =>
  Effect.gen(function*() {
    assert.deepStrictEqual(Object.keys(Package), ["RedisTokenStore"])
    const all = uses(port)
    assert.sameMembers(Object.keys(all), Object.keys(RedisTokenStore))
    for (const use of Object.values(all).flat()) {
      const shown = yield* shownBy(use)
      assert.include(shown, "_tag")
      assert.notInclude(shown, "c4n4ry")
    }
  })

describe("nothing secret is shown by the store", () => {
  it.live("without Redis", () => check(1))

  it.scopedLive.skipIf(!redisServer.isInstalled)(
    "by a Redis that rejects the password",
    () => Effect.flatMap(redisServer.start, ({ port }) => check(port)),
    300_000
  )
})
