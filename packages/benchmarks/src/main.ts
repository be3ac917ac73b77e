import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

import * as Arguments from "./arguments.js"
import { measures } from "./measures.js"
import * as Page from "./page.js"
import * as Results from "./results.js"

const package_ = new URL("../", import.meta.url)
const path = (name: string) => fileURLToPath(new URL(name, package_))
const say = (line: string) => process.stdout.write(`${line}\n`)

const names = measures.map(({ name }) => name)

const run = async ({ only, scale }: Arguments.Arguments): Promise<Results.Results> => {
  const chosen = measures.filter(({ name }) => only === undefined || only.includes(name))
  const began = performance.now()
  const machine = Results.machine()
  const measured: Array<Results.Results["measures"][number]> = []
  for (const { method, name, run, title } of chosen) {
    const before = performance.now()
    const tables = await run({ scale })
    const one = { name, title, method, command: Results.command(name), tables }
    measured.push(one)
    say(`\n${title} (${name}, ${Math.round((performance.now() - before) / 1000)} s)\n\n${Page.tablesOf(one)}`)
  }
  return {
    at: new Date().toISOString(),
    machine,
    took: Math.round((performance.now() - began) / 1000),
    versions: Results.versions(),
    measures: measured
  }
}

const write = (results: Results.Results): void => {
  for (const [name, svg] of Page.pictures(results)) writeFileSync(path(`results/${name}`), svg)
  writeFileSync(path("README.md"), Page.page(results))
  const front = path("../../README.md")
  writeFileSync(front, Page.withExcerpt(readFileSync(front, "utf8"), results))
  say("\nWritten: packages/benchmarks/README.md, packages/benchmarks/results, and the excerpt in README.md")
}

const kept = (): Results.Results => JSON.parse(readFileSync(path("results/results.json"), "utf8")) as Results.Results

const keep = (results: Results.Results): void => {
  mkdirSync(path("results"), { recursive: true })
  writeFileSync(path("results/results.json"), `${JSON.stringify(results, null, 2)}\n`)
}

const parsed = Arguments.parse(process.argv.slice(2), names)
if (typeof parsed === "string") {
  process.stderr.write(`${parsed}\n`)
  process.exitCode = 2
} else if (parsed.help) {
  say(Arguments.usage(names))
} else if (parsed.page) {
  write(kept())
} else {
  const results = await run(parsed)
  if (parsed.only === undefined && parsed.scale === 1) {
    const settled = existsSync(path("results/results.json")) ? Results.settle(kept(), results) : results
    keep(settled)
    write(settled)
  }
  // Some contenders keep timers and connections.
  process.exit(0)
}
