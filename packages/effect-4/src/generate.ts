/**
 * Generates the packages for Effect 4.
 */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { dirname, join, relative, resolve } from "node:path"

import ts from "typescript"

import { forEffect4 } from "./documents.js"
import { apply } from "./edits.js"
import * as examples from "./examples.js"
import { changelog, manifest, versionOf } from "./manifest.js"
import { rewrite } from "./rewrite.js"

export const packageNames = ["client-credentials", "testing", "redis", "sql"] as const

/** Files that have no counterpart. */
const left: ReadonlyArray<string> = [
  // `@effect/sql-libsql` and `@effect/sql-mysql2` have no release for Effect 4.
  "sql/test/mariadbServer.ts",
  "sql/test/sqlite.test.ts",
  "examples/src/guides/sqlite.ts",
  // It is run for the picture of the dashboard, once.
  "examples/src/monitored-worker.ts",
  "examples/src/monitoring/exposition.ts"
]

/** The tests of the examples that are run on Effect 4, and what they need. */
const testsOfExamples = [
  "arguments.test.ts",
  "broker.test.ts",
  "bundle.ts",
  "observed.test.ts",
  "programs.test.ts",
  "readiness.test.ts",
  "scheduled-job.test.ts",
  "spans.ts",
  "support.ts",
  "wire.test.ts"
]

const filesUnder = (folder: string): ReadonlyArray<string> =>
  existsSync(folder)
    ? readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory() ? filesUnder(join(folder, entry.name)) : [join(folder, entry.name)]
    )
    : []

/** Writes only what changed, so that a compiler that works incrementally has nothing to do where nothing changed. */
const write = (path: string, text: string): void => {
  if (existsSync(path) && readFileSync(path, "utf8") === text) return
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

const link = (path: string, to: string): void => {
  if (existsSync(path)) return
  mkdirSync(dirname(path), { recursive: true })
  symlinkSync(relative(dirname(path), to), path, "dir")
}

/** Where files are. */
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

/** What is rewritten, by its path: files, and examples, which the compiler sees as files beside the text they are in. */
const programOf = (from: string, files: ReadonlyArray<string>, examples: ReadonlyMap<string, string>): ts.Program => {
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

/** The name of an example as a file, from that of the text it is in. */
const exampleFile = (path: string, index: number): string => path.replace(/\.\w+$/, `.example${index + 1}.ts`)

/** Where the compiler finds an example of a file of a package. */
const exampleOf = (place: string, index: number): string =>
  exampleFile(place, index).replace(/^([^/]+)\/(src\/)?/, "$1/examples/")

const examplesIn = (path: string): ReadonlyArray<examples.Example> => examples.inComments(readFileSync(path, "utf8"))

/** Programs of another package that are measured on both majors. */
const measured = [
  "contender.ts",
  "contenders/effectOauth.ts",
  "contenders/httpClient.ts",
  "repeat.ts",
  "repeatInEffect.ts",
  "transport/httpClient.ts",
  "transport/undici.ts",
  "transport/virtualClock.ts"
].map((path) => `benchmarks/src/${path}`)

/** States the version of its package. */
const versioned = "client-credentials/src/internal/http/version.ts"

export const generate = ({ from, own, to }: Folders): void => {
  const files = [
    ...packageNames.flatMap((name) => ["src", "test"].flatMap((part) => filesUnder(join(from, name, part)))),
    ...filesUnder(join(from, "examples", "src")),
    ...testsOfExamples.map((name) => join(from, "examples", "test", name)),
    ...measured.map((path) => join(from, path)).filter((path) => existsSync(path))
  ]
  const code = files.filter((path) => path.endsWith(".ts"))
  const documents = packageNames.map((name) => join(from, name, "README.md"))
  const documented = code.filter((path) => path.includes("/src/"))
  const virtual = new Map(
    documented.flatMap((path) => examplesIn(path).map(({ code }, index) => [exampleFile(path, index), code] as const))
  )
  const program = programOf(from, code, virtual)
  const checker = program.getTypeChecker()
  const written = new Set<string>()

  const put = (place: string, text: string): void => {
    written.add(join(to, place))
    write(join(to, place), text)
  }
  const rewritten = (path: string): string => {
    const file = program.getSourceFile(path)
    if (file === undefined) throw new Error(`${path} cannot be read`)
    return rewrite(file, checker)
  }
  /** A text with its examples rewritten, which are also put into files of their own for the compiler. */
  const withExamples = (path: string, text: string): string =>
    apply(
      text,
      examples.inComments(text).map((example, index) => {
        const place = exampleOf(relative(from, path), index)
        const code = existsSync(join(own, place))
          ? readFileSync(join(own, place), "utf8")
          : rewritten(exampleFile(path, index))
        put(place, code)
        return { ...example, text: examples.placed({ ...example, code }) }
      })
    )

  for (const path of files) {
    const place = relative(from, path)
    if (existsSync(join(own, place)) || left.includes(place)) continue
    if (!path.endsWith(".ts")) {
      written.add(join(to, place))
      mkdirSync(dirname(join(to, place)), { recursive: true })
      copyFileSync(path, join(to, place))
    } else if (place === versioned) {
      put(
        place,
        rewritten(path).replaceAll(/"(\d[^"]*)"/g, (_, one) => `"${versionOf(one)}"`)
      )
    } else put(place, place.includes("/src/") ? withExamples(path, rewritten(path)) : rewritten(path))
  }
  for (const path of documents) put(relative(from, path), forEffect4(readFileSync(path, "utf8")))
  for (const name of [...packageNames, "examples", "benchmarks"]) {
    for (const path of filesUnder(join(own, name))) {
      put(relative(own, path), readFileSync(path, "utf8"))
      if (!path.includes("/src/")) continue
      examplesIn(path).forEach(({ code }, index) => put(exampleOf(relative(own, path), index), code))
    }
  }
  for (const name of packageNames) {
    put(join(name, "package.json"), manifest(readFileSync(join(from, name, "package.json"), "utf8")))
    put(join(name, "CHANGELOG.md"), changelog(readFileSync(join(from, name, "CHANGELOG.md"), "utf8")))
    put(join(name, "LICENSE"), readFileSync(join(from, name, "LICENSE"), "utf8"))
    link(join(to, "node_modules/@effect-oauth", name), join(to, name))
  }
  for (const name of [...packageNames, "examples", "benchmarks"]) {
    for (const part of ["src", "test", "examples"]) {
      for (const path of filesUnder(join(to, name, part))) if (!written.has(path)) rmSync(path)
    }
  }
}
