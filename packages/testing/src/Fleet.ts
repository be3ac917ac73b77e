/**
 * How many tokens a fleet will cost, and when it meets its limit: your configuration, many instances, restarts, in
 * virtual time.
 *
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import type { TokenCache } from "@effect-oauth/client-credentials"
import { ClientCredentials } from "@effect-oauth/client-credentials"
import { TokenCache as Cache } from "@effect-oauth/client-credentials"
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

/**
 * The fleet and its days.
 *
 * @since 0.1.0
 * @category models
 */
export interface Plan {
  /** How many processes there are. */
  readonly instances: number
  readonly days: number
  /** How often each instance makes a call. Default: 5 minutes. */
  readonly callsEvery?: Duration.DurationInput | undefined
  /** How long each instance runs until it starts anew, with nothing in memory. Default: for ever. */
  readonly restartEvery?: Duration.DurationInput | undefined
  /** Default: 24 hours. */
  readonly tokenLife?: Duration.DurationInput | undefined
  /** How many tokens the issuer gives in any 24 hours. Default: no limit. */
  readonly dailyLimit?: number | undefined
  /** Your rules. */
  readonly tokenCache?: TokenCache.Options | undefined
  /** The same seed gives the same days. Default: `fleet`. */
  readonly seed?: string | undefined
}

/**
 * What it came to.
 *
 * @since 0.1.0
 * @category models
 */
export interface Report {
  readonly calls: number
  /** Calls that got no token. */
  readonly failedCalls: number
  readonly tokensPerDay: ReadonlyArray<number>
  /** By reason: `cold`, `renewal`, `expired`. */
  readonly reasons: Readonly<Record<string, number>>
  /** When a token was refused for the limit first, in milliseconds from the start; undefined if never. */
  readonly limitReachedAt: number | undefined
}

const day = 86_400_000

/**
 * Runs the days. The caches are real, the time and the issuer are not; a day of ten instances takes some tens of
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
    const inTime = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
      effect.pipe(Effect.withClock(time.clock), Effect.withRandom(random))
    const server = yield* TestAuthorizationServer.make({ tokenLife: plan.tokenLife, dailyLimit: plan.dailyLimit })
    const every = Duration.toMillis(plan.callsEvery ?? "5 minutes")
    const restart = plan.restartEvery === undefined ? Infinity : Duration.toMillis(plan.restartEvery)
    const network = Layer.succeed(HttpClient.HttpClient, host.client([server.host], undefined))

    const start = Effect.gen(function*() {
      const scope = yield* Scope.make()
      const context = yield* inTime(
        Layer.buildWithScope(
          Layer.provide(
            ClientCredentials.layer({
              tokenUrl: `${server.issuer}/token`,
              clientId: "test-client",
              clientSecret: Redacted.make("test-secret"),
              apiBaseUrl: "https://api.test",
              tokenCache: { ...plan.tokenCache, retryTimeout: 0 }
            }),
            network
          ),
          scope
        )
      )
      return { scope, cache: Context.get(context, Cache.TokenCache) }
    }).pipe(Effect.orDie)

    // The instances are out of step, as those of a fleet are.
    const instances = yield* Effect.forEach(Array.from({ length: plan.instances }), (_, index) =>
      Effect.map(start, (instance) => ({
        instance,
        nextCall: index * every / plan.instances,
        nextRestart: restart * (index + 1) / plan.instances
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
          one.nextRestart += restart
        }
        if (one.nextCall <= now) {
          calls += 1
          const outcome = yield* Effect.exit(inTime(one.instance.cache.get))
          if (Exit.isFailure(outcome)) failedCalls += 1
          one.nextCall += every
        }
      }
    }
    yield* Effect.forEach(instances, ({ instance: { scope } }) => Scope.close(scope, Exit.void), { discard: true })

    const issued = yield* server.issued
    const refused = (yield* server.received).find(({ status }) => status === 429)
    const reasons: Record<string, number> = {}
    for (const { reason = "unknown" } of issued) reasons[reason] = (reasons[reason] ?? 0) + 1
    return {
      calls,
      failedCalls,
      tokensPerDay: Array.from(
        { length: plan.days },
        (_, index) => issued.filter(({ issuedAt }) => Math.floor(issuedAt / day) === index).length
      ),
      reasons,
      limitReachedAt: refused?.at
    }
  }).pipe(Effect.provide(Logger.remove(Logger.defaultLogger)))

/**
 * The report as a small table for people.
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
