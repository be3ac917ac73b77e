/**
 * The declarations in the archives, the README's first example and stores on other clients, by every compiler that is promised;
 * and whether a program can export what it makes with the library, with declarations of its own.
 */
import { existsSync } from "node:fs"
import { readdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"

import { assert, beforeAll, describe, inject, it } from "vitest"

import type { Installed } from "./install.js"
import { run } from "./run.js"
import { compilersOf } from "./tools.js"

const tools = inject("tools")

/** Every module that can be imported. */
const modulesOf = async ({ archives, project }: Installed): Promise<ReadonlyArray<string>> => {
  const specifiers: Array<string> = []
  for (const name of Object.keys(archives)) {
    const directory = join(project, "node_modules", name)
    const { exports } = JSON.parse(await readFile(join(directory, "package.json"), "utf8"))
    const modules = Object.keys(exports).includes("./*")
      ? (await readdir(join(directory, "dist"))).flatMap((file) => /^(.*)\.d\.ts$/.exec(file)?.[1] ?? [])
      : Object.keys(exports).filter((path) => exports[path]?.types !== undefined).map((path) => path.slice(2))
    specifiers.push(...modules.map((module) => module === "index" ? name : `${name}/${module}`))
  }
  return specifiers
}

describe.each(inject("installed"))("type-check without skipLibCheck, Effect $major", (installed) => {
  const { major, project } = installed

  beforeAll(async () => {
    const modules = await modulesOf(installed)
    const looked = modules.map((specifier, index) => `export * as m${index} from "${specifier}"`)
    // The compiler infers and writes down the type of everything that is exported.
    const inferred = modules.filter((specifier) => !specifier.endsWith("/ExitCode")).map((specifier, index) =>
      `import * as m${index} from "${specifier}"\nexport const all${index} = { ...m${index} }`
    )
    await writeFile(join(project, "everything.ts"), looked.join("\n"))
    await writeFile(join(project, "inferred.ts"), inferred.join("\n"))
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
      // Effect's own declarations, and those of what it needs, have mistakes by some compilers: skipLibCheck is for them.
      const others = errors.filter((line) => /^node_modules\/(?!@effect-oauth\/).*\.d\.[cm]?ts\(/.test(line))
      console.log(`${name}, Effect ${major}: ${others.length} errors in the declarations of others`)
      assert.deepStrictEqual(errors.filter((line) => !others.includes(line)), [])
      assert.strictEqual(code === 0, errors.length === 0, output)
    }
    if (existsSync(compiler)) it(name, body)
    else it.skip(`${name} (skipped: the npm registry has no binary of it for this machine)`, body)
  }
})
