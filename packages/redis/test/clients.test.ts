/**
 * Clients other than a single `Redis` of `ioredis`: its `Cluster`, and node-redis.
 */
import { afterAll, assert } from "@effect/vitest"
import { TokenStore } from "@effect-oauth/client-credentials"
import { RedisTokenStore } from "@effect-oauth/redis"
import * as TokenStoreTest from "@effect-oauth/testing/TokenStoreTest"
import { Context, Duration, Effect, Layer, ManagedRuntime, type Scope } from "effect"
import { Cluster, type Redis } from "ioredis"
import { createClient } from "redis"

import { patient } from "./fleet.js"
import * as redisServer from "./redisServer.js"

interface Nodes {
  readonly ports: ReadonlyArray<number>
}

class Servers extends Context.Tag("Servers")<Servers, Nodes>() {}

const onEach = (ports: ReadonlyArray<number>, run: (raw: Redis) => Promise<unknown>) =>
  Effect.forEach(
    ports,
    (port) => Effect.scoped(Effect.flatMap(redisServer.connect(port), (raw) => Effect.promise(() => run(raw))))
  )

/** Lets each lease age, on all nodes. */
const advance = (duration: Duration.Duration) =>
  Effect.flatMap(Servers, ({ ports }) =>
    onEach(ports, async (raw) => {
      for (const key of await raw.keys("*")) {
        const until = await raw.hget(key, "leasedUntil")
        if (until !== null) await raw.hset(key, "leasedUntil", Number(until) - Duration.toMillis(duration))
      }
    }))

/** Nodes that all tests of a suite share, emptied before each: a Cluster takes seconds to form. */
const started = (nodes: Effect.Effect<Nodes, never, Scope.Scope>) => {
  const runtime = ManagedRuntime.make(Layer.scoped(Servers, nodes))
  afterAll(() => runtime.dispose())
  return Effect.tap(
    Effect.promise(() => runtime.runPromise(Servers)),
    ({ ports }) => onEach(ports, (raw) => raw.flushall())
  )
}

const suite = (
  name: string,
  nodes: Effect.Effect<Nodes, never, Scope.Scope>,
  connect: Effect.Effect<TokenStore.TokenStore, never, Scope.Scope | Servers>
) =>
  TokenStoreTest.suite(
    name,
    Layer.provideMerge(Layer.scoped(TokenStore.TokenStore, connect), Layer.effect(Servers, started(nodes))),
    { advance, connect, skip: !redisServer.isInstalled }
  )

suite(
  "the token store on Redis by node-redis",
  Effect.map(redisServer.start, ({ port }) => ({ ports: [port] })),
  Effect.flatMap(Servers, ({ ports: [port = assert.fail()] }) =>
    Effect.map(
      Effect.acquireRelease(
        Effect.promise(() =>
          createClient({ url: `redis://127.0.0.1:${port}`, disableOfflineQueue: true })
            .on("error", () => undefined)
            .connect()
        ),
        (client) => Effect.sync(() => client.destroy())
      ),
      (client) =>
        RedisTokenStore.fromClient({
          eval: (script, _, key, ...args) => client.eval(script, { keys: [key], arguments: args })
        }, patient)
    ))
)

suite(
  "the token store on a Redis Cluster",
  redisServer.startCluster,
  Effect.flatMap(Servers, ({ ports: [port = assert.fail()] }) =>
    Effect.map(
      Effect.acquireRelease(
        Effect.sync(() => new Cluster([{ host: "127.0.0.1", port }])),
        (client) => Effect.sync(() => client.disconnect())
      ),
      (client) => RedisTokenStore.fromClient(client, patient)
    ))
)
