/**
 * A fleet on a Redis that writes what it answered for to a file, while Redis and the network fail at random moments.
 */
import { assert, describe, it } from "@effect/vitest"
import { RedisTokenStore } from "@effect-oauth/redis"
import { Effect } from "effect"

import { Servers, tokensIssued } from "../../client-credentials/test/support/fleet.js"
import { limit, survive } from "../../client-credentials/test/support/outages.js"
import * as proxy from "../../client-credentials/test/support/proxy.js"
import { runs } from "../../client-credentials/test/support/runs.js"
import { faultsOf } from "../../client-credentials/test/support/storeFaults.js"
import * as redisServer from "./redisServer.js"

const count = runs("fleets on a Redis that fails at random moments", { quick: 1, full: 12 })
const times = runs("failures of a Redis", { quick: 3, full: 20 })

describe.skipIf(!redisServer.isInstalled)("a fleet on a Redis that fails at random moments", () => {
  for (let run = 0; run < count; run += 1) {
    const seed = `${process.env["FC_SEED"] ?? "outages"} ${run}`
    it.scopedLive(
      `never exceeds the limit, and each process ends with a token (seed ${seed})`,
      () =>
        Effect.gen(function*() {
          const { kill, port, restart } = yield* redisServer.startPersistent
          const { become, port: between } = yield* proxy.start(port)
          const store = RedisTokenStore.layer({ host: "127.0.0.1", port: between }, { timeout: "500 millis" })
          yield* survive({ store, faults: faultsOf({ become, kill, restart }) }, { seed, times })
          const issued = yield* tokensIssued
          console.log(`Redis, seed ${seed}: ${issued} tokens`)
          assert.isAtMost(issued, limit)
        }).pipe(Effect.provide(Servers)),
      600_000
    )
  }
})
