/**
 * The cost of a fleet that shares a token, by its size: operations on the store, token requests, and the longest wait.
 */
import { Fleet } from "@effect-oauth/testing"
import * as Effect from "effect/Effect"

import * as ledgerCost from "./ledgerCost.js"
import { show } from "./numbers.js"
import { plot, type Theme } from "./plot.js"
import type { Table } from "./result.js"

type Plan = Parameters<typeof Fleet.simulate>[0]

interface Situation {
  readonly name: string
  readonly description: string
  readonly plan: Omit<Plan, "instances">
}

const minutes = (count: number) => count / 1440

const common = {
  callsEvery: "5 minutes",
  startWithin: 0,
  tokenLife: "1 hour",
  requestTime: "500 millis",
  dailyLimit: 50,
  shared: { issuanceBudget: { limit: 50 } }
} as const satisfies Partial<Plan>

const coldStart = { ...common, days: minutes(4) }

export const situations: ReadonlyArray<Situation> = [
  {
    name: "Cold start",
    description: "All instances start at the same time without a token.",
    plan: coldStart
  },
  {
    name: "Refresh",
    description:
      "One lifetime of a one-hour token, during which all instances send a call every 2 minutes at the same time.",
    plan: { ...common, callsEvery: "2 minutes", days: minutes(64), reportFrom: "4 minutes" }
  },
  {
    name: "Rejection",
    description: "The API rejects the token of all instances at the same time.",
    plan: {
      ...common,
      days: minutes(14),
      reportFrom: "4 minutes",
      faults: [{ from: "9 minutes", to: 600_100, rejecting: true }]
    }
  },
  {
    name: "Outage of the issuer",
    description: "All instances start at the same time while the issuer returns 503, and fail after `retryTimeout`.",
    plan: { ...coldStart, faults: [{ from: 0, to: "4 minutes", issuer: "unavailable" }] }
  },
  {
    name: "Outage of the store",
    description: "The store is unavailable for 3 of the 5 minutes in which the token is refreshed.",
    plan: {
      ...common,
      callsEvery: "1 minute",
      days: minutes(64),
      reportFrom: "4 minutes",
      faults: [{ from: "55 minutes", to: "58 minutes", store: "unreachable" }]
    }
  }
]

export interface Cost {
  readonly situation: string
  readonly instances: number
  readonly operationsPerInstance: number
  readonly tokens: number
  /** In milliseconds. */
  readonly longestWait: number
  readonly failedCalls: number
}

/** Simulates a situation. */
export const measure = ({ name, plan }: Situation, instances: number): Promise<Cost> =>
  Effect.runPromise(Effect.map(Fleet.simulate({ ...plan, instances }), (report) => ({
    situation: name,
    instances,
    operationsPerInstance: report.storeOperations / instances,
    tokens: report.tokensPerDay.reduce((sum, one) => sum + one, 0),
    longestWait: report.longestWait,
    failedCalls: report.failedCalls
  })))

const sizeOf = ({ instances }: Cost): string => `${show(instances, "requests")} instances`

const tablesOf = (costs: ReadonlyArray<Cost>): ReadonlyArray<Table> =>
  situations.flatMap(({ name }) => {
    const own = costs.filter(({ situation }) => situation === name)
    const table = (title: string, unit: Table["unit"], value: (cost: Cost) => number): Table => ({
      id: `${name} ${title}`,
      title: `${name}: ${title}`,
      unit,
      better: "lower",
      rows: own.map((cost) => ({ contender: sizeOf(cost), median: value(cost), low: value(cost), high: value(cost) }))
    })
    return [
      table("store operations per instance", "requests", ({ operationsPerInstance }) => operationsPerInstance),
      table("longest wait", "ms", ({ longestWait }) => longestWait)
    ]
  })

/** Returns the pictures, by file name. */
export const pictures = (costs: ReadonlyArray<Cost>): ReadonlyMap<string, string> =>
  new Map((["light", "dark"] as const).map((theme: Theme) => [`fleets-${theme}.svg`, plot(tablesOf(costs), theme, 2)]))

const row = (cells: ReadonlyArray<string>): string => `| ${cells.join(" | ")} |`

/** Returns the page. */
export const page = (costs: ReadonlyArray<Cost>, ledger: ledgerCost.Cost): string =>
  [
    "# Cost of a fleet",
    "The cost of a fleet that shares one token, by its size: operations on the store per instance, tokens, and the longest " +
    "wait of a call. The simulation runs in virtual time by `Fleet.simulate` of the testing package, with the real token " +
    "caches, shared tokens and budget; an operation on the store takes 2 ms, and a token request 500 ms. All instances " +
    "act at the same time, which is the worst case. The numbers are in [results/fleets.json](results/fleets.json).",
    "    npm run bench:fleets",
    [
      "<picture>",
      "  <source media=\"(prefers-color-scheme: dark)\" srcset=\"results/fleets-dark.svg\">",
      "  <img alt=\"The table below as bars\" src=\"results/fleets-light.svg\">",
      "</picture>"
    ].join("\n"),
    [
      row(["", "instances", "store operations per instance", "tokens", "longest wait", "failed calls"]),
      row(["---", "---:", "---:", "---:", "---:", "---:"]),
      ...costs.map((cost) =>
        row([
          cost.situation,
          show(cost.instances, "requests"),
          cost.operationsPerInstance.toFixed(2),
          show(cost.tokens, "requests"),
          show(cost.longestWait, "ms"),
          show(cost.failedCalls, "callers")
        ])
      )
    ].join("\n"),
    situations.map(({ description, name }) => `- *${name}*: ${description}`).join("\n"),
    ledgerCost.section(ledger)
  ].join("\n\n")
