/**
 * Generates the packages for Effect 4.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { dirname, join, relative, resolve } from "node:path"

import ts from "typescript"

import { forEffect4 } from "./documents.js"
import { apply } from "./edits.js"
import * as examples from "./examples.js"
import { changelog, manifest, since, versionOf } from "./manifest.js"
import { rewrite } from "./rewrite.js"

export const packageNames = ["client-credentials", "testing", "redis", "sql"] as const

/** Files that have no counterpart. */
export const left: ReadonlyArray<string> = [
  // `@effect/sql-libsql` and `@effect/sql-mysql2` have no release for Effect 4.
  "sql/test/mariadb.test.ts",
  "sql/test/mariadbServer.ts",
  "sql/test/sqlite.test.ts",
  "examples/src/guides/sqlite.ts",
  // `@effect/ai-openai` has no release that fits.
  "examples/src/recipes/effect-ai.ts",
  // It is run for the picture of the dashboard, once.
  "examples/src/monitored-worker.ts",
  "examples/src/monitoring/exposition.ts"
]

/** The tests of the examples that are run on Effect 4, and what they need. */
const testsOfExamples = [
  "arguments.test.ts",
  "broker.test.ts",
  "durableObject.test.ts",
  "bundle.ts",
  "cluster.test.ts",
  "fleetBudget.test.ts",
  "googleImpersonation.test.ts",
  "mcp.test.ts",
  "frozen.test.ts",
  "mcp/servers.ts",
  "observed.test.ts",
  "programs.test.ts",
  "promises.test.ts",
  "readiness.test.ts",
  "scheduled-job.test.ts",
  "spans.ts",
  "support.ts",
  "wire.test.ts",
  "workers.test.ts",
  "works-with/definitions.ts",
  "works-with/servers.ts",
  "worksWith.test.ts",
  "worksWithTokens.test.ts",
  "workers/bundled.ts",
  "workers/servers.ts",
  "workers/store.ts",
  "workers/worker.ts"
]

const filesUnder = (folder: string): ReadonlyArray<string> =>
  existsSync(folder)
    ? readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory() ? filesUnder(join(folder, entry.name)) : [join(folder, entry.name)]
    )
    : []

const textOf = (path: string): string => readFileSync(path, "utf8")

const link = (path: string, to: string): void => {
  if (existsSync(path)) return
  mkdirSync(dirname(path), { recursive: true })
  symlinkSync(relative(dirname(path), to), path, "dir")
}

/** Folders of source and generated files. */
export interface Folders {
  /** The packages for Effect 3. */
  readonly from: string
  /** Files that are written for Effect 4 alone. */
  readonly own: string
  /** The packages for Effect 4. */
  readonly to: string
}

/** The folders of this project, from the one of this package. */
export const folders = (root: string): Folders => ({
  from: resolve(root, ".."),
  own: resolve(root, "own"),
  to: resolve(root, "generated")
})

/** Creates the program of all code to rewrite: files, and examples, which are files beside their source for the compiler. */
export const programOf = (
  from: string,
  files: ReadonlyArray<string>,
  examples: ReadonlyMap<string, string>
): ts.Program => {
  const base = ts.readConfigFile(join(from, "../tsconfig.base.json"), (path) => ts.sys.readFile(path))
  const { options } = ts.convertCompilerOptionsFromJson(base.config.compilerOptions, from)
  const all = { ...options, noEmit: true, composite: false, incremental: false, types: ["node"] }
  const host = ts.createCompilerHost(all)
  return ts.createProgram([...files, ...examples.keys()], all, {
    ...host,
    fileExists: (path) => examples.has(path) || host.fileExists(path),
    readFile: (path) => examples.get(path) ?? host.readFile(path),
    getSourceFile: (path, language, ...rest) => {
      const text = examples.get(path)
      return text === undefined
        ? host.getSourceFile(path, language, ...rest)
        : ts.createSourceFile(path, text, language)
    }
  })
}

/** Returns the file name of an example, given the path of its source. */
const exampleFile = (path: string, index: number): string => path.replace(/\.\w+$/, `.example${index + 1}.ts`)

/** Returns the path of an example for the compiler. */
const exampleOf = (place: string, index: number): string =>
  exampleFile(place, index).replace(/^([^/]+)\/(src\/)?/, "$1/examples/")

const examplesIn = (path: string): ReadonlyArray<examples.Example> => examples.inComments(textOf(path))

/** Programs of other packages that are measured on both majors. */
const measured = [
  "benchmarks/src/contender.ts",
  "benchmarks/src/contenders/effectOauth.ts",
  "benchmarks/src/contenders/httpClient.ts",
  "benchmarks/src/contenders/promiseClient.ts",
  "benchmarks/src/contenders/signed/effectOauth.ts",
  "benchmarks/src/repeat.ts",
  "benchmarks/src/repeatInEffect.ts",
  "benchmarks/src/signed.ts",
  "benchmarks/src/transport/httpClient.ts",
  "benchmarks/src/transport/undici.ts",
  "benchmarks/src/transport/virtualClock.ts",
  "soak/src/load.ts",
  "soak/src/main.ts",
  "soak/src/report.ts",
  "soak/src/samples.ts",
  "soak/src/servers.ts",
  "soak/src/tally.ts",
  "soak/src/virtualDays.ts"
]

/** States the version of its package. */
const versioned = "client-credentials/src/internal/http/version.ts"

/** The files of the packages for Effect 4, by their paths below `to`. */
export type Files = ReadonlyMap<string, string | Buffer>

/** Rewrites the files of the packages for Effect 3 that no file of `own` replaces. */
const rewrittenFiles = ({ from, own }: Folders, used: Set<string>): Files => {
  const paths = [
    ...packageNames.flatMap((name) => ["src", "test"].flatMap((part) => filesUnder(join(from, name, part)))),
    ...filesUnder(join(from, "examples", "src")),
    ...testsOfExamples.map((name) => join(from, "examples", "test", name)),
    ...measured.map((path) => join(from, path)).filter((path) => existsSync(path))
  ]
  const code = paths.filter((path) => path.endsWith(".ts"))
  const documented = code.filter((path) => path.includes("/src/"))
  const program = programOf(
    from,
    code,
    new Map(
      documented.flatMap((path) => examplesIn(path).map(({ code }, index) => [exampleFile(path, index), code] as const))
    )
  )
  const files = new Map<string, string | Buffer>()
  const rewritten = (path: string): string => {
    const file = program.getSourceFile(path)
    if (file === undefined) throw new Error(`${path} cannot be read`)
    return rewrite(file, program.getTypeChecker(), used)
  }
  /** Returns a document with rewritten examples, which are also written to separate files for the compiler. */
  const withExamples = (path: string, text: string): string =>
    apply(
      text,
      examples.inComments(text).map((example, index) => {
        const place = exampleOf(relative(from, path), index)
        const code = existsSync(join(own, place)) ? textOf(join(own, place)) : rewritten(exampleFile(path, index))
        files.set(place, code)
        return { ...example, text: examples.placed({ ...example, code }) }
      })
    )
  for (const path of paths) {
    const place = relative(from, path)
    if (existsSync(join(own, place)) || left.includes(place)) continue
    if (!path.endsWith(".ts")) files.set(place, readFileSync(path))
    else if (place === versioned) {
      files.set(place, rewritten(path).replaceAll(/"(\d[^"]*)"/g, (_, one: string) => `"${versionOf(one)}"`))
    } else files.set(place, place.includes("/src/") ? withExamples(path, since(rewritten(path))) : rewritten(path))
  }
  return files
}

/** The files that are written for Effect 4, with their examples, and what belongs to a package beside its code. */
const ownFiles = ({ from, own }: Folders): Files => {
  const files = new Map<string, string | Buffer>()
  for (const name of [...packageNames, "examples", "benchmarks", "soak"]) {
    for (const path of filesUnder(join(own, name))) {
      files.set(relative(own, path), textOf(path))
      if (!path.includes("/src/")) continue
      examplesIn(path).forEach(({ code }, index) => files.set(exampleOf(relative(own, path), index), code))
    }
  }
  for (const name of packageNames) {
    files.set(join(name, "package.json"), manifest(textOf(join(from, name, "package.json"))))
    files.set(join(name, "CHANGELOG.md"), changelog(textOf(join(from, name, "CHANGELOG.md"))))
    files.set(join(name, "README.md"), forEffect4(textOf(join(from, name, "README.md"))))
    files.set(join(name, "LICENSE"), textOf(join(from, name, "LICENSE")))
  }
  return files
}

/** Returns the packages for Effect 4. The names of the rules that were used are added to `used`. */
export const filesOf = (folders: Folders, used: Set<string> = new Set()): Files =>
  new Map([...rewrittenFiles(folders, used), ...ownFiles(folders)])

/**
 * Writes the packages, and removes what they no longer have. Returns what was not as it is now: a compiler that works
 * incrementally has nothing to do where nothing changed.
 */
export const write = (files: Files, to: string): ReadonlyArray<string> => {
  const changed: Array<string> = []
  for (const [place, content] of files) {
    const path = join(to, place)
    if (existsSync(path) && readFileSync(path).equals(Buffer.from(content))) continue
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content)
    changed.push(place)
  }
  for (const name of packageNames) link(join(to, "node_modules/@effect-oauth", name), join(to, name))
  for (const name of [...packageNames, "examples", "benchmarks", "soak"]) {
    for (const part of ["src", "test", "examples"]) {
      for (const path of filesUnder(join(to, name, part))) {
        if (files.has(relative(to, path))) continue
        rmSync(path)
        changed.push(relative(to, path))
      }
    }
  }
  return changed
}

export const generate = (folders: Folders): ReadonlyArray<string> => write(filesOf(folders), folders.to)
