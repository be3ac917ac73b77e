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
  statSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { dirname, join, relative, resolve } from "node:path"

import ts from "typescript"

import { rewrite } from "./rewrite.js"

export const packageNames = ["client-credentials", "testing", "redis", "sql"] as const

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

export interface Options {
  /** The folder of the packages for Effect 3. */
  readonly from: string
  /** The folder of files that are written for Effect 4 alone. */
  readonly own: string
  /** The folder of the packages for Effect 4. */
  readonly to: string
}

export const generate = ({ from, own, to }: Options): void => {
  const sources = packageNames.flatMap((name) => ["src", "test"].flatMap((part) => filesUnder(join(from, name, part))))
  const code = sources.filter((path) => path.endsWith(".ts"))
  const base = ts.readConfigFile(join(from, "../tsconfig.base.json"), (path) => ts.sys.readFile(path))
  const { options } = ts.convertCompilerOptionsFromJson(base.config.compilerOptions, from)
  const program = ts.createProgram(code, {
    ...options,
    noEmit: true,
    composite: false,
    incremental: false,
    types: ["node"]
  })
  const checker = program.getTypeChecker()
  const written = new Set<string>()
  for (const path of sources) {
    const place = relative(from, path)
    const target = join(to, place)
    written.add(target)
    if (existsSync(join(own, place))) continue
    const file = path.endsWith(".ts") ? program.getSourceFile(path) : undefined
    try {
      if (file === undefined) {
        mkdirSync(dirname(target), { recursive: true })
        copyFileSync(path, target)
      } else write(target, rewrite(file, checker))
    } catch (error) {
      throw new Error(`${place}: ${String(error)}`)
    }
  }
  for (const path of filesUnder(own).filter((path) => packageNames.some((name) => path.startsWith(join(own, name))))) {
    const target = join(to, relative(own, path))
    written.add(target)
    write(target, readFileSync(path, "utf8"))
  }
  for (const name of packageNames) {
    link(join(to, "node_modules/@effect-oauth", name), join(to, name))
    for (const part of ["src", "test"]) {
      for (const path of filesUnder(join(to, name, part))) if (!written.has(path)) rmSync(path)
    }
  }
}

const root = resolve(import.meta.dirname, "..")
if (process.argv[1] !== undefined && statSync(process.argv[1]).isFile() && process.argv[2] === "--write") {
  generate({ from: resolve(root, ".."), own: join(root, "own"), to: join(root, "generated") })
}
