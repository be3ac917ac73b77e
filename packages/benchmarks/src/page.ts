/**
 * The page with all results, as tables and pictures.
 */
import * as Array from "effect/Array"

import { contenders, isOurs, peers } from "./contenders.js"
import { firstCalls, linesOf, programOf } from "./firstCalls.js"
import { headlineTable } from "./headlines.js"
import { show } from "./numbers.js"
import { plot, type Theme } from "./plot.js"
import { isValue, type Row, type Table } from "./result.js"
import { nameOf, type Results } from "./results.js"

type Measured = Results["measures"][number]

const themes: ReadonlyArray<Theme> = ["light", "dark"]

const picture = (folder: string, name: string, alt: string): string =>
  [
    "<picture>",
    `  <source media="(prefers-color-scheme: dark)" srcset="${folder}${name}-dark.svg">`,
    `  <img alt="${alt}" src="${folder}${name}-light.svg">`,
    "</picture>"
  ].join("\n")

const row = (cells: ReadonlyArray<string>): string => `| ${cells.join(" | ")} |`

const cell = (found: Row | undefined, unit: Table["unit"]): string =>
  found === undefined ? "" : isValue(found) ? show(found.median, unit) : "—"

const withSpread = (found: Row | undefined, unit: Table["unit"]): string => {
  if (found === undefined || !isValue(found)) return cell(found, unit)
  const { high, low, median } = found
  return high === low ? show(median, unit) : `${show(median, unit)} (${show(low, unit)} … ${show(high, unit)})`
}

const of = ({ rows }: Table, contender: string): Row | undefined => rows.find((one) => one.contender === contender)

const namesIn = (tables: ReadonlyArray<Table>): ReadonlyArray<string> =>
  contenders.map(({ name }) => name).filter((name) => tables.some((table) => of(table, name) !== undefined))

const bold = (name: string): string => isOurs(name) ? `**${name}**` : name

/** The number of leading tables of a measure. Default: the first. */
const leading: ReadonlyMap<string, number> = new Map([
  ["cached-call", 2],
  ["throughput", 6],
  ["start", 2],
  ["cold-function", 6],
  ["bundle", 3],
  ["tenants", 2],
  ["credentials", 2]
])

const isScenario = ({ tables }: Measured): boolean => tables[0]?.unit === "requests"

/** Requests and failures of a scenario, and the waits of its calls where they are timed. */
const leadingTables = (measured: Measured): ReadonlyArray<Table> =>
  isScenario(measured)
    ? measured.tables.filter(({ unit }, index) => index < 2 || unit === "ms")
    : measured.tables.slice(0, leading.get(measured.name) ?? 1)

/** Returns the cells of a row, with the best in bold; if all are the same, none is. */
const compared = (table: Table, names: ReadonlyArray<string>): ReadonlyArray<string> => {
  const medians = table.rows.flatMap((one) => isValue(one) && names.includes(one.contender) ? [one.median] : [])
  const best = table.better === "lower" ? Math.min(...medians) : Math.max(...medians)
  const differ = medians.some((median) => median !== best)
  return names.map((name) => {
    const found = of(table, name)
    const text = cell(found, table.unit)
    return differ && found !== undefined && isValue(found) && found.median === best ? `**${text}**` : text
  })
}

const summary = ({ measures }: Results): string => {
  const names = peers.map(({ name }) => name)
  return [
    row(["", ...names.map(bold), "`npm run bench -- --only`"]),
    row(["---", ...names.map(() => "---:"), "---"]),
    ...measures.flatMap((measured) =>
      leadingTables(measured).map((table) => row([table.title, ...compared(table, names), `\`${measured.name}\``]))
    )
  ].join("\n")
}

export const tablesOf = ({ tables }: Measured): string =>
  [
    row(["", ...tables.map(({ title }) => title)]),
    row(["---", ...tables.map(() => "---:")]),
    ...namesIn(tables).map((name) =>
      row([bold(name), ...tables.map((table) => withSpread(of(table, name), table.unit))])
    )
  ].join("\n")

const reasons = ({ tables }: Measured): ReadonlyArray<string> => {
  const absences = tables.flatMap(({ rows }) => rows.flatMap((one) => isValue(one) ? [] : [one]))
  const byReason = Array.groupBy(absences, ({ absent }) => absent)
  return Object.entries(byReason).map(([reason, who]) =>
    `— : ${Array.dedupe(who.map(({ contender }) => contender)).join(", ")}: ${reason}.`
  )
}

const section = (measured: Measured): string =>
  [
    `### ${measured.title}`,
    measured.method,
    `    ${measured.command}`,
    picture("results/", measured.name, `${measured.title}: the table below as bars`),
    tablesOf(measured),
    ...reasons(measured)
  ].join("\n\n")

const machine = ({ at, machine: { cores, load, memoryGiB, node, processor, system }, took }: Results): string =>
  `${processor}, ${cores} cores, ${memoryGiB} GiB, ${system}, Node.js ${node}; ${at.slice(0, 10)}. The run took ` +
  `${Math.round(took / 60)} minutes. The load average at its start was ${load}${
    load > cores ? ", more than the number of cores: differences within the spread are not significant" : ""
  }.`

const versions = (results: Results, packages: ReadonlyArray<string>): string =>
  packages.map((name) => results.versions[name] === undefined ? name : `${nameOf(name)} ${results.versions[name]}`)
    .join(", ")

const firstCallTable = [
  row(["", "lines", "concepts", "the token after the call"]),
  row(["---", "---:", "---:", "---"]),
  ...firstCalls.map((one) =>
    row([
      `[${one.name}](src/firstCalls/${one.file})`,
      `${linesOf(programOf(one))}`,
      `${one.concepts.length}: ${one.concepts.map((name) => `\`${name}\``).join(", ")}`,
      one.afterwards
    ])
  )
].join("\n")

export const page = (results: Results): string =>
  [
    "# Benchmarks",
    "effect-oauth and other libraries, measured by `npm run bench` in one run, in turns, on the same machine. Compare the " +
    "numbers with each other only: on another machine they differ, with similar ratios. × is the number divided by the best " +
    "of the others. Times of another run may differ by 10 %, also without other load.",
    machine(results),
    headlineTable(results.measures.flatMap(({ tables }) => tables)),
    "## Summary of all libraries",
    "The numbers are in [results/results.json](results/results.json). Each is a median, followed under *All results* by the " +
    "first and the third quartile where samples differ.",
    picture("results/", "overview", "The main results as bars"),
    "The best of each row is in bold.",
    summary(results),
    "## Contenders",
    [
      row(["", "packages", "caches tokens", "replays rejected calls", "use"]),
      row(["---", "---", "---", "---", "---"]),
      ...contenders.map(({ caches, name, packages, replays, usage }) =>
        row([bold(name), versions(results, packages), caches ? "yes" : "no", replays ? "yes" : "no", usage])
      )
    ].join("\n"),
    "Each contender is the code in [src/contenders](src/contenders), which is also bundled and started. effect-oauth and " +
    "the bare HttpClient are measured on both majors of Effect, from the same files, which are rewritten for Effect 4 as " +
    "the library is; all contenders run on the Node.js version named above. The server is one handler " +
    "([src/world.ts](src/world.ts)) behind all transports: a `fetch` in memory (an agent in memory for simple-oauth2, " +
    "which requests tokens by `node:http` only), or sockets on loopback. The bare clients send a fixed token, so that all " +
    "requests are the same. auth0 and MSAL derive the URL of the token endpoint; the `fetch` and the network module that " +
    "are passed to them send those requests to this server. All contenders run with a young generation of 128 MB, so that " +
    "garbage collection does not interrupt calls. The scenarios run in virtual time, in the same way for all contenders: " +
    "the timers and clocks of the process are replaced, and Effect's clock reads them.",
    "## The first call",
    "The linked programs send one authorized call, with the same settings. Lines are counted without imports and blank " +
    "lines; concepts are the members of the library that a reader must know. The Go and C# programs follow the " +
    "documentation of their libraries and are not run here.",
    firstCallTable,
    "## All results",
    ...results.measures.map(section),
    ""
  ].join("\n\n")

export const excerptMarkers = ["<!-- benchmarks -->", "<!-- /benchmarks -->"] as const

/** The measures that show what a program can rely on. */
const guarantees = [
  ["cold-50-requests", "token requests of 50 callers at once, none cached"],
  ["staggered-401-requests", "token requests after 20 rejections of one token"],
  ["staggered-401-failed", "calls that fail then"],
  ["outage-failed", "calls that fail in an outage of 60 s"]
] as const

/** The measures of what the library costs. */
const costs = [
  ["cached-call-memory-added", "time added to a call with a cached token"],
  ["import", "time to import"],
  ["bundle-together-gzip", "smallest program, gzipped"],
  ["memory", "memory of a client with its token"]
] as const

const columnsTable = ({ measures }: Results, columns: ReadonlyArray<readonly [id: string, title: string]>): string => {
  const tables = measures.flatMap((measured) => measured.tables)
  const cellsOf = (name: string) =>
    columns.map(([id]) => {
      const table = tables.find((one) => one.id === id)
      return table === undefined ? "" : cell(of(table, name), table.unit)
    })
  return [
    row(["", ...columns.map(([, title]) => title)]),
    row(["---", ...columns.map(() => "---:")]),
    ...peers.map(({ name }) => row([bold(name), ...cellsOf(name)]))
  ].join("\n")
}

/** Returns the excerpt for the README of the repository. */
export const excerpt = (results: Results): string =>
  [
    excerptMarkers[0],
    columnsTable(results, guarantees),
    "The costs, in the same run. A client of this library is larger and starts later, partly because of Effect; the time added " +
    "to a call is small beside a network request ([Performance](guides/performance.md)).",
    columnsTable(results, costs),
    picture("packages/benchmarks/results/", "overview", "effect-oauth and its peers, the main results as bars"),
    `${machine(results)} [All results](packages/benchmarks/README.md) are from \`npm run bench\`.`,
    excerptMarkers[1]
  ].join("\n\n")

/** Returns the README of the repository with the excerpt. */
export const withExcerpt = (readme: string, results: Results): string => {
  const begin = readme.indexOf(excerptMarkers[0])
  const end = readme.indexOf(excerptMarkers[1])
  if (begin < 0 || end < begin) {
    throw new Error(`Expected ${excerptMarkers[0]} and ${excerptMarkers[1]} in the README`)
  }
  return readme.slice(0, begin) + excerpt(results) + readme.slice(end + excerptMarkers[1].length)
}

const overview: ReadonlyArray<string> = [
  "cached-call-memory-percent",
  "bundle-apart-gzip",
  "cold-50-requests",
  "staggered-401-requests",
  "outage-requests",
  "outage-failed",
  "first-token",
  "memory"
]

/** Returns the pictures, by file name. */
export const pictures = ({ measures }: Results): ReadonlyMap<string, string> => {
  const tables = measures.flatMap((measured) => measured.tables)
  const drawn: ReadonlyArray<readonly [string, ReadonlyArray<Table>, number]> = [
    [
      "overview",
      overview.flatMap((id) => tables.filter((table) => table.id === id)).map((table) => ({
        ...table,
        rows: table.rows.filter(({ contender }) => peers.some(({ name }) => name === contender))
      })),
      2
    ],
    ...measures.map((measured) => [measured.name, measured.tables, measured.tables.length > 1 ? 2 : 1] as const)
  ]
  return new Map(
    drawn.flatMap(([name, drawnTables, columns]) =>
      themes.map((theme) => [`${name}-${theme}.svg`, plot(drawnTables, theme, columns)] as const)
    )
  )
}
