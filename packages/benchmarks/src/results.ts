/**
 * The results of a run, as they are kept.
 */
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import * as os from "node:os"

import { contenders, ours } from "./contenders.js"
import type { Table } from "./result.js"

export interface Results {
  /** ISO 8601. */
  readonly at: string
  readonly machine: {
    readonly processor: string
    readonly cores: number
    readonly memoryGiB: number
    readonly system: string
    readonly node: string
    /** How many processes wanted a core in the minute before: more than there are cores is a busy machine. */
    readonly load: number
  }
  /** How long the run took, in seconds. */
  readonly took: number
  readonly versions: Readonly<Record<string, string>>
  readonly measures: ReadonlyArray<{
    readonly name: string
    readonly title: string
    readonly method: string
    readonly command: string
    readonly tables: ReadonlyArray<Table>
  }>
}

export const command = (name: string): string => `npm run bench -- --only ${name}`

const require = createRequire(import.meta.url)

/** Some packages do not export their package.json. */
const versionOf = (name: string): string => {
  for (const folder of require.resolve.paths(name) ?? []) {
    try {
      const { version } = JSON.parse(readFileSync(`${folder}/${name}/package.json`, "utf8")) as { version: string }
      return version
    } catch {
      continue
    }
  }
  throw new Error(`Cannot find the package ${name}`)
}

export const versions = (): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...new Set(contenders.flatMap(({ packages }) => packages))]
      .filter((name) => !name.startsWith(`@${ours}/`))
      .sort()
      .map((name) => [name, versionOf(name)])
  )

export const machine = (): Results["machine"] => ({
  processor: os.cpus()[0]?.model.trim() ?? "unknown",
  cores: os.availableParallelism(),
  memoryGiB: Math.round(os.totalmem() / 2 ** 30),
  system: `${os.type()} ${os.release()}`,
  node: process.version,
  load: Math.round(10 * (os.loadavg()[0] ?? 0)) / 10
})
