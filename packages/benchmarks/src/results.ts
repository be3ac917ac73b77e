/**
 * The stored results of a run.
 */
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import * as os from "node:os"

import { contenders, folderForEffect4, ours } from "./contenders.js"
import { isValue, type Table } from "./result.js"

export interface Results {
  /** The time of the run, in ISO 8601. */
  readonly at: string
  readonly machine: {
    readonly processor: string
    readonly cores: number
    readonly memoryGiB: number
    readonly system: string
    readonly node: string
    /** The load average of the minute before; more than the number of cores is a busy machine. */
    readonly load: number
  }
  /** The duration of the run in seconds. */
  readonly took: number
  readonly versions: Readonly<Record<string, string>>
  readonly measures: ReadonlyArray<Measured>
}

interface Measured {
  readonly name: string
  readonly title: string
  readonly method: string
  readonly command: string
  readonly tables: ReadonlyArray<Table>
}

/** The relative difference of two runs' medians that is attributed to chance. */
const noise = 0.1

const withoutFigures = ({ tables, ...measured }: Measured) =>
  JSON.stringify({
    ...measured,
    tables: tables.map(({ rows, ...table }) => ({
      ...table,
      rows: rows.map((row) => isValue(row) ? row.contender : row)
    }))
  })

const isUnchanged = (kept: Measured, fresh: Measured): boolean => {
  if (withoutFigures(kept) !== withoutFigures(fresh)) return false
  return fresh.tables.every(({ isExact, rows }, table) =>
    rows.every((row, index) => {
      const earlier = kept.tables[table]?.rows[index]
      if (earlier === undefined || !isValue(row) || !isValue(earlier)) return true
      return Math.abs(row.median - earlier.median) <= (isExact ? 0 : noise * Math.abs(earlier.median))
    })
  )
}

/**
 * Returns the new results, with the stored numbers of each measure that changed only by chance, so that a run on the
 * same machine changes files only for real differences. On another machine, with another runtime or other versions, all
 * results are new.
 */
export const settle = (kept: Results, fresh: Results): Results => {
  const worldOf = ({ machine: { load: _, ...machine }, versions }: Results) => JSON.stringify({ machine, versions })
  if (worldOf(kept) !== worldOf(fresh)) return fresh
  const measures = fresh.measures.map((measured) => {
    const earlier = kept.measures.find(({ name }) => name === measured.name)
    return earlier !== undefined && isUnchanged(earlier, measured) ? earlier : measured
  })
  const isSame = measures.length === kept.measures.length &&
    measures.every((one, index) => one === kept.measures[index])
  return isSame ? kept : { ...fresh, measures }
}

export const command = (name: string): string => `npm run bench -- --only ${name}`

const require = createRequire(import.meta.url)

/** Resolves packages as the programs for Effect 4 do. */
const requireForEffect4 = createRequire(folderForEffect4)

/** Returns the version of a package, by its name, or by its name and major if two majors are used. */
const versionOf = (nameAndMajor: string): string => {
  const name = nameOf(nameAndMajor)
  const paths = (name === nameAndMajor ? require : requireForEffect4).resolve.paths(name) ?? []
  // Some packages do not export their package.json.
  for (const folder of paths) {
    try {
      const { version } = JSON.parse(readFileSync(`${folder}/${name}/package.json`, "utf8")) as { version: string }
      return version
    } catch {
      continue
    }
  }
  throw new Error(`Cannot find the package ${name}`)
}

/** Returns the name of a package without a major. */
export const nameOf = (nameAndMajor: string): string => nameAndMajor.replace(/(.)@\d+$/, "$1")

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
