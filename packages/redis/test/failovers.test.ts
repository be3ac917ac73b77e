/**
 * Failovers by Sentinel at moments that a seed chooses, while the clients of a fleet refresh their token.
 */
import { assert, describe, it } from "@effect/vitest"
import { AccessToken, ClientConfig, IssuanceBudget, TokenSeal } from "@effect-oauth/client-credentials"
import { RedisTokenStore } from "@effect-oauth/redis"
import { Fault, TestAuthorizationServer } from "@effect-oauth/testing"
import { Clock, Context, Effect, Either, Layer, Logger, Random, Redacted, Schedule } from "effect"

import { runs } from "../../client-credentials/test/support/runs.js"
import { sealKey } from "../../client-credentials/test/support/sealKey.js"
import { patient, refreshing, Servers, tokensIssued } from "./fleet.js"
import * as sentinel from "./sentinel.js"

const rounds = runs("failovers by Sentinel at random moments", { quick: 1, full: 12 })
const seed = process.env["FC_SEED"] ?? "failovers"
const size = 10

/** Clients with their token, which they begin to refresh now, with the options of the documentation. */
const inRefreshWindow = (round: number, connection: { readonly host: string; readonly port: number }) =>
  Effect.gen(function*() {
    const options = { host: connection.host, sentinels: [connection], name: "tokens" }
    const store = RedisTokenStore.layer(options, { ...patient, prefix: `round${round}` })
    const { clients, expire } = yield* refreshing(size, store)
    return { ...(yield* expire), clients }
  })

const parts = Layer.merge(
  TokenSeal.layer([sealKey(1)]),
  ClientConfig.layer({
    tokenUrl: "https://auth.example.com/oauth/token",
    clientId: "inventory-sync",
    clientSecret: Redacted.make("s3cr3t"),
    apiBaseUrl: "https://api.example.com"
  })
)

/** Processes that share a budget, each with its own connection and an authorization server that responds at once. */
const processesWith = (limit: number, connection: { readonly host: string; readonly port: number }) =>
  Effect.replicateEffect(
    Effect.gen(function*() {
      const options = { host: "127.0.0.1", sentinels: [connection], name: "tokens" }
      const store = yield* Layer.build(Layer.fresh(RedisTokenStore.layer(options, { ...patient, prefix: "budget" })))
      const context = Context.merge(yield* Layer.build(parts), store)
      const { request } = Context.get(context, ClientConfig.ClientConfig)
      const budget = yield* Effect.provide(IssuanceBudget.make({ limit, warnAt: [] }), context)
      const count = { requests: 0 }
      const { requestToken } = budget.decorate({
        request,
        requestToken: () =>
          Effect.map(Clock.currentTimeMillis, (requestedAt) => {
            count.requests += 1
            const value = Redacted.make(`token-${count.requests}`)
            const expiresAt = requestedAt + 3_600_000
            return {
              token: new AccessToken.AccessToken({ value, scope: undefined, requestedAt, expiresAt }),
              quotas: []
            }
          })
      })
      return { count, ask: Effect.either(requestToken(request)) }
    }),
    5
  )

describe.skipIf(!sentinel.isInstalled)(
  `a failover by Sentinel${sentinel.isInstalled ? "" : " (skipped: no redis-sentinel on this machine)"}`,
  () => {
    it.scopedLive(
      `at a random moment of a refresh costs ten clients at most one more token, and fails no call (seed ${seed})`,
      () =>
        Effect.gen(function*() {
          const { faults } = yield* TestAuthorizationServer.TestAuthorizationServer
          const pair = yield* sentinel.startPair("tokens")
          const drawn = (yield* Effect.replicateEffect(Random.next, rounds * (size + 2)).pipe(
            Effect.withRandom(Random.make(seed))
          )).values()
          const below = (most: number): number => Math.floor(most * Number(drawn.next().value))
          for (let round = 0; round < rounds; round += 1) {
            yield* Effect.scoped(Effect.gen(function*() {
              const { clients, haveNewTokens } = yield* inRefreshWindow(round, pair.sentinel)
              const failovers = yield* pair.failovers
              const issued = yield* tokensIssued
              yield* faults.next(Fault.delay(below(500)))
              const moment = below(1000)
              const kind = round % 2 === 0 ? "kill" : "failOver"
              yield* Effect.all([
                Effect.delay(pair[kind], moment),
                ...clients.map((call) => Effect.delay(call, below(1000)))
              ], { concurrency: "unbounded", discard: true })
              yield* Effect.all([pair.settle(failovers), haveNewTokens], { concurrency: "unbounded", discard: true })
              yield* haveNewTokens
              const tokens = (yield* tokensIssued) - issued
              const most = 1 + (yield* pair.failovers) - failovers
              console.log(`Sentinel, seed ${seed}: ${kind} after ${moment} ms, ${tokens} tokens, at most ${most}`)
              assert.isAtLeast(tokens, 1)
              assert.isAtMost(tokens, most)
            }))
          }
        }).pipe(Effect.provide(Servers)),
      600_000
    )

    it.scopedLive(
      `while five processes request tokens keeps the limit of their budget (seed ${seed})`,
      () =>
        Effect.gen(function*() {
          const limit = 600
          const pair = yield* sentinel.startPair("tokens")
          const processes = yield* processesWith(limit, pair.sentinel)
          const before = yield* pair.failovers
          const moment = yield* Effect.withRandom(Random.nextIntBetween(0, 2000), Random.make(seed))
          const inEach = <A>(use: (one: typeof processes[number]) => Effect.Effect<A>) =>
            Effect.forEach(processes, use, { concurrency: "unbounded", discard: true })
          // However long the failover takes, about half of the limit is left when it is over.
          yield* Effect.all([
            Effect.zipRight(Effect.delay(pair.failOver, moment), pair.settle(before)),
            inEach(({ ask }) =>
              Effect.repeat(ask, Schedule.intersect(Schedule.spaced("50 millis"), Schedule.recurs(limit / 10 - 1)))
            )
          ], { concurrency: "unbounded", discard: true })
          // Each process adds its lost counts when it next reads the ledger.
          yield* inEach(({ ask }) => ask)
          yield* inEach(({ ask }) =>
            Effect.repeat(ask, {
              until: (outcome) => Either.isLeft(outcome) && outcome.left._tag === "IssuanceBudgetExhausted",
              schedule: Schedule.spaced("50 millis")
            })
          )
          const tokens = processes.reduce((sum, { count }) => sum + count.requests, 0)
          console.log(`Sentinel, seed ${seed}: failover after ${moment} ms, ${tokens} tokens of a limit of ${limit}`)
          assert.isAtMost(tokens, limit)
          assert.isAtLeast(tokens, limit / 2)
        }).pipe(Effect.provide(Logger.remove(Logger.defaultLogger))),
      600_000
    )
  }
)
