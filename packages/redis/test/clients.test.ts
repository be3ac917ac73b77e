/**
 * Clients other than a single `Redis` of `ioredis`: its `Cluster`, and node-redis.
 */
import { afterAll, assert } from "@effect/vitest"
import { TokenStore } from "@effect-oauth/client-credentials"
import { RedisTokenStore } from "@effect-oauth/redis"
import * as TokenStoreTest from "@effect-oauth/testing/TokenStoreTest"
import type { Duration } from "effect"
import { Context, Effect, Layer, ManagedRuntime, type Scope } from "effect"
import { Cluster, type Redis } from "ioredis"
import { createClient } from "redis"

import { start as startProxy } from "../../client-credentials/test/support/proxy.js"
import { periodIn, resetsOf } from "../../client-credentials/test/support/storeFaults.js"
import * as cluster from "./cluster.js"
import { patient } from "./fleet.js"
import * as redisServer from "./redisServer.js"

type Proxy = Effect.Effect.Success<ReturnType<typeof startProxy>>

interface Nodes {
  readonly ports: ReadonlyArray<number>
  /** A proxy before each node. */
  readonly proxies: ReadonlyArray<Proxy>
}

const behindProxies = <A extends { readonly ports: ReadonlyArray<number> }, E, R>(nodes: Effect.Effect<A, E, R>) =>
  Effect.flatMap(
    nodes,
    (found) => Effect.map(Effect.forEach(found.ports, startProxy), (proxies): Nodes => ({ ...found, proxies }))
  )

class Servers extends Context.Tag("Servers")<Servers, Nodes>() {}

const onEach = (ports: ReadonlyArray<number>, run: (raw: Redis) => Effect.Effect<unknown>) =>
  Effect.forEach(
    ports,
    (port) => Effect.scoped(Effect.flatMap(redisServer.connect(port), run))
  )

/** Lets each lease age, on all nodes. */
const advance = (duration: Duration.Duration) =>
  Effect.flatMap(Servers, ({ ports }) => onEach(ports, (raw) => redisServer.age(raw, duration)))

/** Nodes that all tests of a suite share, emptied before each: a Cluster takes seconds to form. */
const started = (nodes: Effect.Effect<Nodes, never, Scope.Scope>) => {
  const runtime = ManagedRuntime.make(Layer.scoped(Servers, nodes))
  afterAll(() => runtime.dispose())
  return Effect.tap(
    Effect.promise(() => runtime.runPromise(Servers)),
    ({ ports }) => onEach(ports, (raw) => Effect.promise(() => raw.flushall()))
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
    {
      advance,
      connect,
      faults: periodIn(Servers, ({ proxies }) => {
        const all = proxies.map(resetsOf)
        return { begin: Effect.all(all.map(({ begin }) => begin)), end: Effect.all(all.map(({ end }) => end)) }
      }),
      skip: !redisServer.isInstalled
    }
  )

suite(
  "the token store on Redis by node-redis",
  behindProxies(Effect.map(redisServer.start, ({ port }) => ({ ports: [port] }))),
  Effect.flatMap(Servers, ({ proxies: [{ port } = assert.fail()] }) =>
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
  behindProxies(cluster.start(["0 8191", "8192 16383"])),
  Effect.flatMap(Servers, ({ ports, proxies }) =>
    Effect.map(
      Effect.acquireRelease(
        Effect.sync(() => {
          const nodes = proxies.map(({ port }) => ({ host: "127.0.0.1", port }))
          const natMap = Object.fromEntries(
            ports.map((port, index) => [`127.0.0.1:${port}`, nodes[index] ?? assert.fail()])
          )
          return new Cluster(nodes, { natMap }).on("error", () => undefined)
        }),
        (client) => Effect.sync(() => client.disconnect())
      ),
      (client) => RedisTokenStore.fromClient(client, patient)
    ))
)
