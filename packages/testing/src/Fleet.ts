/**
 * Simulates a fleet in virtual time: the tokens that your configuration costs, and when it reaches the daily limit.
 *
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import { ClientCredentials, TokenCache } from "@effect-oauth/client-credentials"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"

import * as host from "./internal/host.js"
import * as TestAuthorizationServer from "./TestAuthorizationServer.js"
import * as VirtualClock from "./VirtualClock.js"

/** The fleet, and the days to simulate. */
interface Plan {
  /** The number of processes. */
  readonly instances: number
  readonly days: number
  /** The interval between the calls of an instance. Default: 5 minutes. */
  readonly callsEvery?: Duration.DurationInput | undefined
  /** The time after which an instance restarts, without a token in memory. Default: never. */
  readonly restartEvery?: Duration.DurationInput | undefined
  /** Default: 24 hours. */
  readonly tokenLife?: Duration.DurationInput | undefined
  /** The tokens that a client may request in any 24 hours. Default: no limit. */
  readonly dailyLimit?: number | undefined
  readonly tokenCache?: TokenCache.Options | undefined
  /** The same seed gives the same days. Default: `fleet`. */
  readonly seed?: string | undefined
}

/** The result of a simulation. */
interface Report {
  readonly calls: number
  /** Calls that failed for want of a token. */
  readonly failedCalls: number
  readonly tokensPerDay: ReadonlyArray<number>
  /** By reason: `cold`, `renewal`, `expired`. */
  readonly reasons: Readonly<Record<string, number>>
  /** When a token request failed because of the limit first, in milliseconds from the start; undefined if never. */
  readonly limitReachedAt: number | undefined
}

const day = 86_400_000

/**
 * Simulates the days. The token caches are real, time and issuer are simulated; a day of ten instances takes some tens of
 * milliseconds.
 *
 * @example
 * import { Fleet } from "@effect-oauth/testing"
 * import { Console, Effect } from "effect"
 *
 * export const answer = Fleet.simulate({ instances: 10, days: 7, restartEvery: "8 hours", dailyLimit: 50 }).pipe(
 *   Effect.flatMap((report) => Console.log(Fleet.table(report)))
 * )
 *
 * @since 0.1.0
 * @category constructors
 */
export const simulate = (plan: Plan): Effect.Effect<Report> =>
  Effect.gen(function*() {
    const time = VirtualClock.make()
    const random = Random.make(plan.seed ?? "fleet")
    const inTime: InTime = (effect) => effect.pipe(Effect.withClock(time.clock), Effect.withRandom(random))
    const server = yield* TestAuthorizationServer.make({ tokenLife: plan.tokenLife, dailyLimit: plan.dailyLimit })
    const start = Effect.orDie(startInstance(server, plan, inTime))
    const callInterval = Duration.toMillis(plan.callsEvery ?? "5 minutes")
    const restartInterval = plan.restartEvery === undefined ? Infinity : Duration.toMillis(plan.restartEvery)

    // The instances are out of step, as those of a fleet are.
    const instances = yield* Effect.forEach(Array.from({ length: plan.instances }), (_, index) =>
      Effect.map(start, (instance) => ({
        instance,
        nextCall: index * callInterval / plan.instances,
        nextRestart: restartInterval * (index + 1) / plan.instances
      })))

    let now = 0
    let calls = 0
    let failedCalls = 0
    const end = plan.days * day
    while (instances.length > 0) {
      const at = Math.min(...instances.map(({ nextCall, nextRestart }) =>
        Math.min(nextCall, nextRestart)
      ))
      if (at >= end) break
      if (at > now) yield* time.advance(at - now)
      now = at
      for (const one of instances) {
        if (one.nextRestart <= now) {
          yield* Scope.close(one.instance.scope, Exit.void)
          one.instance = yield* start
          one.nextRestart += restartInterval
        }
        if (one.nextCall <= now) {
          calls += 1
          if (Exit.isFailure(yield* Effect.exit(inTime(one.instance.cache.get)))) failedCalls += 1
          one.nextCall += callInterval
        }
      }
    }
    yield* Effect.forEach(instances, ({ instance: { scope } }) => Scope.close(scope, Exit.void), { discard: true })
    return { calls, failedCalls, ...(yield* issuance(server, plan.days)) }
  }).pipe(Effect.provide(Logger.remove(Logger.defaultLogger)))

type InTime = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/** Starts one process: a cache without a token, until its scope is closed. */
const startInstance = (server: TestAuthorizationServer.TestAuthorizationServer, plan: Plan, inTime: InTime) =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    const client = ClientCredentials.layer({
      tokenUrl: `${server.issuer}/token`,
      clientId: "test-client",
      clientSecret: Redacted.make("test-secret"),
      apiBaseUrl: "https://api.test",
      tokenCache: { ...plan.tokenCache, retryTimeout: 0 }
    })
    const network = Layer.succeed(HttpClient.HttpClient, host.client([server.host], undefined))
    const context = yield* inTime(Layer.buildWithScope(Layer.provide(client, network), scope))
    return { scope, cache: Context.get(context, TokenCache.TokenCache) }
  })

const issuance = (server: TestAuthorizationServer.TestAuthorizationServer, days: number) =>
  Effect.zipWith(server.issued, server.received, (issued, received) => {
    const reasons: Record<string, number> = {}
    for (const { reason = "unknown" } of issued) reasons[reason] = (reasons[reason] ?? 0) + 1
    const tokensOn = (index: number) => issued.filter(({ issuedAt }) => Math.floor(issuedAt / day) === index).length
    return {
      tokensPerDay: Array.from({ length: days }, (_, index) => tokensOn(index)),
      reasons,
      limitReachedAt: received.find(({ status }) => status === 429)?.at
    }
  })

/**
 * Formats the report as a table.
 *
 * @since 0.1.0
 * @category conversions
 */
export const table = ({ calls, failedCalls, limitReachedAt, reasons, tokensPerDay }: Report): string => {
  const total = tokensPerDay.reduce((sum, one) => sum + one, 0)
  const rows: ReadonlyArray<readonly [string, string]> = [
    ["calls", calls.toLocaleString("en")],
    ["tokens", total.toLocaleString("en")],
    ...Object.entries(reasons).map(([reason, count]) => [`  ${reason}`, count.toLocaleString("en")] as const),
    ["tokens on the busiest day", Math.max(0, ...tokensPerDay).toLocaleString("en")],
    [
      "limit reached",
      limitReachedAt === undefined ? "never" : `after ${(limitReachedAt / 3_600_000).toFixed(1)} hours`
    ],
    ["calls without a token", failedCalls.toLocaleString("en")]
  ]
  const [left, right] = [0, 1].map((column) => Math.max(...rows.map((row) => row[column as 0 | 1].length))) as [
    number,
    number
  ]
  return rows.map(([name, value]) => `${name.padEnd(left)}  ${value.padStart(right)}`).join("\n")
}
