/**
 * Simulation of a fleet in virtual time: the tokens that a configuration costs, and when it reaches the daily limit.
 *
 * **When to use**
 *
 * Use it before a rollout, to choose the lifetime of tokens, the budget and the store.
 *
 * @since 3.0.0
 */
import type { InvalidConfig } from "@effect-oauth/client-credentials"
import * as Effect from "effect/Effect"

import { plan as planRule } from "./internal/planRule.js"
import * as rules from "./internal/rules.js"
import * as simulation from "./internal/simulation.js"

/**
 * The result of a simulation.
 *
 * @since 3.0.0
 * @category models
 */
export interface Report {
  readonly calls: number
  /** Calls that failed without a token. */
  readonly failedCalls: number
  /** The failed calls by the tag of their error. */
  readonly failures: Readonly<Record<string, number>>
  /** Calls that the API rejected, also with a new token. */
  readonly rejectedCalls: number
  /** The longest time that a call waited for a token, in milliseconds. */
  readonly longestWait: number
  readonly tokensPerDay: ReadonlyArray<number>
  /** Tokens by reason: `cold`, `renewal`, `expired`, `rejected`. */
  readonly reasons: Readonly<Record<string, number>>
  /** The operations of all instances on the store. */
  readonly storeOperations: number
  /**
   * The time of the first token request that the issuer rejected because of the limit, in milliseconds from the start;
   * undefined if none.
   */
  readonly limitReachedAt: number | undefined
}

/**
 * Simulates a number of days. Token caches, shared tokens and the budget are real; time, issuer and store are simulated.
 * A day of ten instances takes some tens of milliseconds. Fails with the names of settings of the plan that are unknown or
 * wrong.
 *
 * @example
 * import { Fleet } from "@effect-oauth/testing"
 * import { Console, Effect } from "effect"
 *
 * export const answer = Fleet.simulate({ instances: 10, days: 7, restartEvery: "8 hours", dailyLimit: 50 }).pipe(
 *   Effect.flatMap(Console.log)
 * )
 *
 * // A hundred instances with one token, while their store is unavailable for a minute.
 * export const outage = Fleet.simulate({
 *   instances: 100,
 *   days: 1,
 *   shared: { issuanceBudget: { limit: 50 } },
 *   faults: [{ from: "12 hours", to: "721 minutes", store: "unreachable" }]
 * })
 *
 * // An issuer with one valid token per client: instances without a shared store reject each other's tokens.
 * export const disputed = Fleet.simulate({ instances: 3, days: 1, restartEvery: "36 hours", onePerClient: "revoke" })
 *
 * @since 3.0.0
 * @category constructors
 */
export const simulate = (plan: simulation.Plan): Effect.Effect<Report, InvalidConfig.InvalidConfig> =>
  Effect.suspend(() => {
    let [calls, failedCalls, rejectedCalls, longestWait] = [0, 0, 0, 0]
    const failures: Record<string, number> = {}
    const observe = ({ outcome, waited }: simulation.Call): void => {
      calls += 1
      longestWait = Math.max(longestWait, waited)
      if (outcome === "rejected") rejectedCalls += 1
      if (typeof outcome === "string") return
      failedCalls += 1
      failures[outcome._tag] = (failures[outcome._tag] ?? 0) + 1
    }
    const checked = Effect.zipRight(rules.check(planRule, plan), simulation.run(plan, { observe }))
    return Effect.map(checked, (history) => ({
      calls,
      failedCalls,
      failures,
      rejectedCalls,
      longestWait,
      storeOperations: history.storeOperations,
      ...issuance(history, plan.days)
    }))
  })

const issuance = ({ issued, received }: simulation.History, days: number) => {
  const reasons: Record<string, number> = {}
  for (const { reason = "unknown" } of issued) reasons[reason] = (reasons[reason] ?? 0) + 1
  const tokensOn = (index: number) =>
    issued.filter(({ issuedAt }) => Math.floor(issuedAt / simulation.day) === index).length
  return {
    tokensPerDay: Array.from({ length: Math.ceil(days) }, (_, index) => tokensOn(index)),
    reasons,
    limitReachedAt: received.find(({ status }) => status === 429)?.at
  }
}
