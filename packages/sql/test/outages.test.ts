/**
 * A fleet on a Postgres, while Postgres and the network fail at random moments.
 */
import { assert, describe, it } from "@effect/vitest"
import { SqlTokenStore } from "@effect-oauth/sql"
import { Effect } from "effect"

import { Servers, tokensIssued } from "../../client-credentials/test/support/fleet.js"
import { limit, survive } from "../../client-credentials/test/support/outages.js"
import * as proxy from "../../client-credentials/test/support/proxy.js"
import { runs } from "../../client-credentials/test/support/runs.js"
import { faultsOf } from "../../client-credentials/test/support/storeFaults.js"
import { once } from "./database.js"
import { postgresLayer } from "./databases.js"
import * as postgresServer from "./postgresServer.js"

const count = runs("fleets on a Postgres that fails at random moments", { quick: 1, full: 12 })
const times = runs("failures of a Postgres", { quick: 3, full: 20 })

const server = once(postgresServer.start())

describe.skipIf(!postgresServer.isInstalled)("a fleet on a Postgres that fails at random moments", () => {
  for (let run = 0; run < count; run += 1) {
    const seed = `${process.env["FC_SEED"] ?? "outages"} ${run}`
    it.scopedLive(
      `never exceeds the limit, and each process ends with a token (seed ${seed})`,
      () =>
        Effect.gen(function*() {
          const { port, restart, stop } = yield* server
          const { become, port: between } = yield* proxy.start(port)
          const store = SqlTokenStore.layerWithClient(
            postgresLayer(`postgres://tester@127.0.0.1:${between}/postgres`),
            { timeout: "500 millis", prefix: `outages${run}_` }
          )
          yield* survive({ store, faults: faultsOf({ become, kill: stop, restart }) }, { seed, times })
          const issued = yield* tokensIssued
          console.log(`Postgres, seed ${seed}: ${issued} tokens`)
          assert.isAtMost(issued, limit)
        }).pipe(Effect.provide(Servers)),
      600_000
    )
  }
})
