/**
 * A fleet on a Redis Cluster, whose slots move and of which a node is killed, at moments that a seed chooses, while the clients
 * refresh their token.
 */
import { assert, describe, it } from "@effect/vitest"
import { TokenStore } from "@effect-oauth/client-credentials"
import { RedisTokenStore } from "@effect-oauth/redis"
import { Fault, TestAuthorizationServer } from "@effect-oauth/testing"
import { Effect, Layer, Random } from "effect"
import { Cluster } from "ioredis"

import { runs } from "../../client-credentials/test/support/runs.js"
import * as cluster from "./cluster.js"
import { patient, refreshing, Servers, tokensIssued } from "./fleet.js"
import * as redisServer from "./redisServer.js"

const lives = runs("lifetimes of a token on a Redis Cluster", { quick: 2, full: 12 })
const movesPerLife = 4
const seed = process.env["FC_SEED"] ?? "cluster"

const storeOn = (ports: ReadonlyArray<number>) =>
  Layer.scoped(
    TokenStore.TokenStore,
    Effect.map(
      Effect.acquireRelease(
        Effect.sync(() => new Cluster(ports.map((port) => ({ host: "127.0.0.1", port }))).on("error", () => undefined)),
        (client) => Effect.sync(() => client.disconnect())
      ),
      (client) => RedisTokenStore.fromClient(client, patient)
    )
  )

describe.skipIf(!redisServer.isInstalled)("a Redis Cluster", () => {
  it.scopedLive(
    `that moves the slots of its keys and loses a node costs ten clients one token for each lifetime (seed ${seed})`,
    () =>
      Effect.gen(function*() {
        const { faults } = yield* TestAuthorizationServer.TestAuthorizationServer
        const { keys, killOwner, move, ports } = yield* cluster.start(["0 5460", "5461 10922", "10923 16383"], {
          replicas: 3
        })
        const { clients, expire } = yield* refreshing(10, storeOn(ports))
        const random = Random.make(seed)
        const below = (most: number) =>
          Effect.map(Effect.withRandom(Random.next, random), (share) => Math.floor(most * share))
        const lostIn = yield* below(lives)
        for (let life = 0; life < lives; life += 1) {
          const { haveNewTokens } = yield* expire
          const all = yield* keys
          const issued = yield* tokensIssued
          yield* faults.next(Fault.delay(yield* below(500)))
          const moves = Effect.replicateEffect(
            Effect.flatMap(Effect.all([below(200), below(all.length), below(3)]), ([moment, index, choice]) =>
              Effect.delay(move(all[index] ?? assert.fail("a key"), choice), moment)),
            movesPerLife
          )
          const lost = killOwner(all[yield* below(all.length)] ?? assert.fail("a key"), yield* below(3000))
          yield* Effect.all([
            life === lostIn ? Effect.zipRight(moves, lost) : moves,
            ...(yield* Effect.replicateEffect(below(1000), clients.length)).map((moment, index) =>
              Effect.delay(clients[index] ?? assert.fail("a client"), moment)
            )
          ], { concurrency: "unbounded", discard: true })
          yield* haveNewTokens
          const tokens = (yield* tokensIssued) - issued
          console.log(`Cluster, seed ${seed}: ${tokens} tokens${life === lostIn ? " and a node killed" : ""}`)
          assert.isAtLeast(tokens, 1)
          // A write that the replica lacks is lost with the node.
          assert.isAtMost(tokens, life === lostIn ? 2 : 1)
        }
      }).pipe(Effect.provide(Servers)),
    600_000
  )
})
