/**
 * The first screen of the page: the main numbers of the library beside its peers, as ratios.
 */
import { isOurs, ours, oursOnEffect3, peers } from "./contenders.js"
import { show } from "./numbers.js"
import { isValue, quantile, type Table, type Value } from "./result.js"

const headlines: ReadonlyArray<readonly [id: string, title: string]> = [
  ["cached-call-memory-whole", "call with a cached token, in memory"],
  ["cached-call-loopback-whole", "call with a cached token, on sockets"],
  ["cached-call-loopback-fetch-whole", "call by `PromiseClient.fetch`, on sockets"],
  ["allocations-whole", "memory allocated by a call"],
  ["throughput-loopback-100", "calls per second, 100 callers on sockets"],
  ["cold-10000-requests", "token requests of 10,000 callers, none cached"],
  ["rejected-10000-requests", "token requests after one rejected token, 10,000 callers"],
  ["rejected-10000-failed", "calls that fail then"],
  ["refresh-load-p999", "wait for a refresh under load, p99.9"],
  ["outage-failed", "calls that fail in an outage of 60 s, the token expiring"],
  ["outage-early-failed", "calls that fail in an outage, the token still valid"],
  ["outage-cold-requests", "token requests in an outage, none cached"],
  ["outage-cold-failed", "calls that fail then"],
  ["cold-function-node-24", "first answer of a cold function"],
  ["cold-function-node-24-compiled", "first answer with V8's compile cache"],
  ["cold-worker", "first answer of a cold Worker"],
  ["bundle-together-gzip", "smallest program, gzipped"],
  ["tenants-ready", "first answers of 1,000 tenants"],
  ["tenants-memory", "memory of 1,000 tenants"],
  ["credentials-assertion", "token with `private_key_jwt`"],
  ["credentials-dpop", "call with DPoP"]
]

/** Returns a number divided by the best of the peers, which may be 0. */
const ratio = (own: number, best: number, better: Table["better"]): string => {
  if (own === best) return "**equal**"
  if (better === "lower" ? own < best : own > best) return "**better**"
  return best > 0 ? `${(own / best).toFixed(own / best < 10 ? 2 : 0)} ×` : "—"
}

const rowOf = (table: Table, title: string): ReadonlyArray<string> => {
  const values = table.rows.filter(isValue)
  const theirs = values.filter(({ contender }) => !isOurs(contender) && peers.some(({ name }) => name === contender))
    .sort((a, b) => table.better === "lower" ? a.median - b.median : b.median - a.median)
  const shown = (value: Value | undefined) => value === undefined ? "—" : show(value.median, table.unit)
  const [own, own3] = [ours, oursOnEffect3].map((name) => values.find(({ contender }) => contender === name))
  const [best] = theirs
  const compared = (one: Value | undefined) =>
    one === undefined || best === undefined ? "—" : ratio(one.median, best.median, table.better)
  const middle = quantile(theirs.map(({ median }) => median), 0.5)
  return [
    title,
    shown(own),
    compared(own),
    shown(own3),
    compared(own3),
    best === undefined ? "—" : `${shown(best)} (${best.contender})`,
    theirs.length === 0 ? "—" : show(middle, table.unit)
  ]
}

export const headlineTable = (tables: ReadonlyArray<Table>): string =>
  [
    [
      "",
      "**effect-oauth**",
      "to the best",
      "**on Effect 3**",
      "to the best",
      "best of the others",
      "middle of the others"
    ],
    ["---", "---:", "---:", "---:", "---:", "---:", "---:"],
    ...headlines.flatMap(([id, title]) => {
      const table = tables.find((one) => one.id === id)
      return table === undefined ? [] : [rowOf(table, title)]
    })
  ].map((cells) => `| ${cells.join(" | ")} |`).join("\n")
