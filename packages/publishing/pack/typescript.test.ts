/**
 * The declarations in the archives, the README's first example and stores on other clients, by every supported
 * compiler; and declarations of programs that export values made with the library.
 */
import { existsSync } from "node:fs"
import { readdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

import { assert, beforeAll, describe, inject, it } from "vitest"

import type { Installed } from "./install.js"
import { run, succeed } from "./run.js"
import { compilersOf } from "./tools.js"

const tools = inject("tools")

/** A module that can be imported. */
interface Module {
  readonly specifier: string
  /** The values that it declares, without classes. */
  readonly values: ReadonlyArray<string>
}

const modulesOf = async ({ archives, project }: Installed): Promise<ReadonlyArray<Module>> => {
  const modules: Array<Module> = []
  for (const name of Object.keys(archives)) {
    const directory = join(project, "node_modules", name)
    const { exports } = JSON.parse(await readFile(join(directory, "package.json"), "utf8"))
    const names = Object.keys(exports).includes("./*")
      ? (await readdir(join(directory, "dist"))).flatMap((file) => /^(.*)\.d\.ts$/.exec(file)?.[1] ?? [])
      : Object.keys(exports).filter((path) => exports[path]?.types !== undefined).map((path) => path.slice(2))
    for (const module of names) {
      const text = await readFile(join(directory, "dist", `${module}.d.ts`), "utf8")
      modules.push({
        specifier: module === "index" ? name : `${name}/${module}`,
        values: [...text.matchAll(/^export declare (?:const|function) (\w+)/gm)].flatMap(([, value = ""]) => value)
      })
    }
  }
  return modules
}

/** Returns a program that exports every module, so that every declaration is checked. */
const everything = (modules: ReadonlyArray<Module>): string =>
  modules.map(({ specifier }, index) => `export * as m${index} from "${specifier}"`).join("\n")

/**
 * Returns a program that exports the result of each function, without naming its type: the compiler writes it into the
 * declarations.
 */
const inferred = (modules: ReadonlyArray<Module>): string =>
  [
    "declare function result<A>(self: (...args: Array<never>) => A): A",
    "declare function result<A>(self: A): A",
    ...modules.flatMap(({ specifier, values }, index) => [
      `import * as m${index} from "${specifier}"`,
      ...values.map((value) => `export const ${value}${index} = result(m${index}.${value})`)
    ])
  ].join("\n")

describe.each(inject("installed"))("type-check without skipLibCheck, Effect $major", (installed) => {
  const { major, project } = installed

  beforeAll(async () => {
    const modules = await modulesOf(installed)
    await writeFile(join(project, "everything.ts"), everything(modules))
    await writeFile(join(project, "inferred.ts"), inferred(modules))
    await writeFile(
      join(project, "tsconfig.json"),
      JSON.stringify({
        compilerOptions: {
          strict: true,
          exactOptionalPropertyTypes: true,
          noUncheckedIndexedAccess: true,
          module: "NodeNext",
          target: "ES2022",
          lib: ["ES2022", "DOM", "DOM.Iterable"],
          types: ["node"],
          declaration: true,
          emitDeclarationOnly: true,
          outDir: "declarations",
          skipLibCheck: false
        },
        files: ["node.ts", "fetch.ts", "nodeHttp.ts", "redis.ts", "everything.ts", "inferred.ts"]
      })
    )
  })

  for (const name of compilersOf(major)) {
    const compiler = join(tools, "node_modules", name, "bin/tsc")
    const body = async () => {
      const { code, output } = await run(process.execPath, [compiler, "--pretty", "false", "-p", project], {
        cwd: project
      })
      const errors = output.split("\n").filter((line) => line.includes("error TS"))
      // Effect's own declarations, and those of its dependencies, have errors with some compilers: skipLibCheck is for
      // them.
      const others = errors.filter((line) => /^node_modules\/(?!@effect-oauth\/).*\.d\.[cm]?ts\(/.test(line))
      console.log(`${name}, Effect ${major}: ${others.length} errors in other declarations`)
      assert.deepStrictEqual(errors.filter((line) => !others.includes(line)), [])
      assert.strictEqual(code === 0, errors.length === 0, output)
      // A module that cannot be imported would become `any` in programs that import the declarations.
      assert.notInclude(await readFile(join(project, "declarations", "inferred.d.ts"), "utf8"), "/internal/")
    }
    if (existsSync(compiler)) it(name, body)
    else it.skip(`${name} (skipped: the npm registry has no binary of it for this machine)`, body)
  }
})

describe("the newest compiler", () => {
  const compiler = join(tools, "node_modules", "typescript-7.0", "bin/tsc")
  const projects = ["client-credentials", "testing", "redis", "sql", "programs", "generated-test"]

  it.skipIf(!existsSync(compiler)).each(projects)("type-checks the code generated for Effect 4: %s", async (name) => {
    const options = ["--noEmit", "--composite", "false", "--incremental", "false", "--pretty", "false"]
    const declarations = ["--declaration", "false", "--declarationMap", "false", "--emitDeclarationOnly", "false"]
    await succeed(process.execPath, [compiler, "-p", `tsconfig.${name}.json`, ...options, ...declarations], {
      cwd: fileURLToPath(new URL("../../effect-4", import.meta.url))
    })
  })
})
