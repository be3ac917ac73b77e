/** The declarations in the archives, the README's first example and stores on other clients, by every compiler that is promised. */
import { existsSync } from "node:fs"
import { readdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"

import { assert, beforeAll, describe, inject, it } from "vitest"

import { run } from "./run.js"
import { compilers } from "./tools.js"

const { archives, project, tools } = inject("installed")

/** Imports every module that can be imported, so that every declaration is looked at. */
const everything = async (): Promise<string> => {
  const specifiers: Array<string> = []
  for (const name of Object.keys(archives)) {
    const directory = join(project, "node_modules", name)
    const { exports } = JSON.parse(await readFile(join(directory, "package.json"), "utf8"))
    const modules = Object.keys(exports).includes("./*")
      ? (await readdir(join(directory, "dist"))).flatMap((file) => /^(.*)\.d\.ts$/.exec(file)?.[1] ?? [])
      : Object.keys(exports).filter((path) => exports[path]?.types !== undefined).map((path) => path.slice(2))
    specifiers.push(...modules.map((module) => module === "index" ? name : `${name}/${module}`))
  }
  return specifiers.map((specifier, index) => `export * as m${index} from "${specifier}"`).join("\n")
}

beforeAll(async () => {
  await writeFile(join(project, "everything.ts"), await everything())
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
        noEmit: true,
        skipLibCheck: false
      },
      files: ["node.ts", "fetch.ts", "redis.ts", "everything.ts"]
    })
  )
})

describe("type-check without skipLibCheck", () => {
  for (const name of Object.keys(compilers)) {
    const compiler = join(tools, "node_modules", name, "bin/tsc")
    const body = async () => {
      const { code, output } = await run(process.execPath, [compiler, "--pretty", "false", "-p", project], {
        cwd: project
      })
      const errors = output.split("\n").filter((line) => line.includes("error TS"))
      // Effect's own declarations, and those of what it needs, have mistakes by some compilers: skipLibCheck is for them.
      const others = errors.filter((line) => /^node_modules\/(?!@effect-oauth\/).*\.d\.[cm]?ts\(/.test(line))
      console.log(`${name}: ${others.length} errors in the declarations of others`)
      assert.deepStrictEqual(errors.filter((line) => !others.includes(line)), [])
      assert.strictEqual(code === 0, errors.length === 0, output)
    }
    if (existsSync(compiler)) it(name, body)
    else it.skip(`${name} (skipped: the npm registry has no binary of it for this machine)`, body)
  }
})
