/**
 * The report of a soak in lines of text, and whether it passed.
 */
import { grew, type Growth } from "./samples.js"
import { isDefect } from "./tally.js"

export interface Report {
  readonly missing: number
  /** Connections that were left open. */
  readonly leftOpen?: number
  readonly outcomes: Readonly<Record<string, number>>
  readonly growth: ReadonlyArray<Growth>
}

export const hasPassed = ({ growth, leftOpen = 0, missing, outcomes }: Report): boolean =>
  missing === 0 && leftOpen === 0 && !growth.some(grew) && !Object.keys(outcomes).some(isDefect)

const shown = (name: string, value: number): string =>
  name === "bytes" ? `${(value / 1e6).toFixed(1)} MB` : value.toLocaleString("en", { maximumFractionDigits: 0 })

const names: Readonly<Record<string, string>> = {
  days: "days",
  calls: "calls",
  callsPerSecond: "calls per second",
  tokens: "tokens",
  connections: "connections",
  missing: "calls not accounted for",
  leftOpen: "connections left open"
}

/** Returns the numbers, the outcomes of the calls, and the growth of each resource. */
export const lines = (title: string, report: Report): ReadonlyArray<string> => {
  const rows = [
    ...Object.entries(report).flatMap(([name, value]) =>
      typeof value === "number" ? [[names[name] ?? name, shown(name, value)]] : []
    ),
    ...Object.entries(report.outcomes).map(([name, count]) => [`  ended with ${name}`, shown("", count)]),
    ...report.growth.map((one) => [
      one.resource === "bytes" ? "memory" : one.resource,
      `${shown(one.resource, one.early)} early, ${shown(one.resource, one.late)} late: ${
        grew(one) ? "it grew" : "steady"
      }`
    ])
  ]
  const width = Math.max(...rows.map(([name = ""]) => name.length))
  return ["", title, ...rows.map(([name = "", value]) => `  ${name.padEnd(width)}  ${value}`)]
}
