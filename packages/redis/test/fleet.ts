/**
 * Fleets of clients on a real Redis.
 */
import type { SharedClientCredentials, TokenStore } from "@effect-oauth/client-credentials"
import { RedisTokenStore } from "@effect-oauth/redis"
import { TestApi } from "@effect-oauth/testing"
import { Duration, Effect, type Layer } from "effect"
import type { RedisOptions } from "ioredis"
import { assert } from "vitest"

import { startProcesses } from "../../client-credentials/test/support/fleet.js"
import * as shiftedClock from "../../client-credentials/test/support/shiftedClock.js"
import { until } from "./redisServer.js"

export { Servers, tokensIssued } from "../../client-credentials/test/support/fleet.js"

/** No store is given up that is there, however busy the machine: it would cost a token more. */
export const patient: RedisTokenStore.Options = { timeout: "2 minutes" }

export const fleet = (
  size: number,
  connection: RedisOptions,
  more: Partial<SharedClientCredentials.Options> = {},
  options: RedisTokenStore.Options = patient
) => startProcesses(size, RedisTokenStore.layer({ host: "127.0.0.1", ...connection }, options), more)

/** Clients that share a token, on a clock that goes on to the time of the next refresh. */
export const refreshing = <E>(size: number, store: Layer.Layer<TokenStore.TokenStore, E>) =>
  Effect.gen(function*() {
    const { calls } = yield* TestApi.TestApi
    const { clock, forward } = shiftedClock.make()
    const processes = yield* Effect.withClock(
      startProcesses(size, store, { tokenCache: { refreshBefore: "1 hour" } }),
      clock
    )
    const clients = processes.map((call) =>
      Effect.map(Effect.orDie(Effect.withClock(call, clock)), ({ status }) => assert.strictEqual(status, 200))
    )
    /** Lets each client call, and returns the tokens that were sent. */
    const callAll = Effect.gen(function*() {
      const before = (yield* calls).length
      yield* Effect.all(clients, { concurrency: "unbounded" })
      return new Set((yield* calls).slice(before).map(({ token }) => token))
    })
    return {
      clients,
      /** Lets the clients refresh their token from now on; it is usable for twenty minutes more. */
      expire: Effect.gen(function*() {
        const old = yield* callAll
        yield* forward(Duration.minutes(24 * 60 - 20))
        return {
          haveNewTokens: until(
            "each client has a new token",
            callAll,
            (tokens) => ![...tokens].some((token) => old.has(token))
          )
        }
      })
    }
  })
