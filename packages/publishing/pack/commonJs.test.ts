/**
 * Programs in CommonJS, from the archives: `require` on each Node.js, types as TypeScript resolves them, and Jest as
 * configured in the guide to promises.
 */
import { existsSync } from "node:fs"
import { mkdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"

import { afterAll, assert, beforeAll, describe, inject, it } from "vitest"

import { run } from "./run.js"
import * as Servers from "./servers.js"
import { compilersOf } from "./tools.js"

const tools = inject("tools")

const nodes = ["node-20", "node-22", "node-24"] as const

const node = (name: string) => join(tools, "node_modules", name, "bin/node")

const program = `const { PromiseClient } = require("@effect-oauth/client-credentials")
const direct = require("@effect-oauth/client-credentials/PromiseClient")

exports.items = async () => {
  if (direct.create !== PromiseClient.create) throw new Error("There are two modules")
  const api = PromiseClient.fromEnv({
    // What it is for is loaded when it is needed.
    overrides: { rejectedWhen: { response: () => false } }
  })
  try {
    return (await (await api.fetch("/items")).json()).length
  } finally {
    await api.close()
  }
}
`

const files = {
  "package.json": "{}",
  "program.js": program,
  "main.js": "require(\"./program.js\").items().then(console.log)\n",
  "program.test.js": `const { items } = require("./program.js")

test("the items", async () => {
  expect(await items()).toBe(${Servers.items.length})
})
`,
  "typed.ts": `import { PromiseClient } from "@effect-oauth/client-credentials"
import * as NodeTls from "@effect-oauth/client-credentials/NodeTls"
import { PromiseClient as Same } from "@effect-oauth/client-credentials/PromiseClient"

export const api: Same = PromiseClient.fromEnv({ httpClient: NodeTls.layerEnv() })
// @ts-expect-error
export const value: number = api.token()
`
}

/** Returns the file in a document that starts with its name in a comment. */
const quoted = async (document: string, name: string): Promise<string> => {
  const text = await readFile(new URL(`../../../${document}`, import.meta.url), "utf8")
  const [, block = ""] =
    new RegExp(`^    // ${name.replaceAll(".", "\\.")}\n((?:    (?!// jest).*\n|\n)*)`, "m").exec(text) ?? []
  assert.notStrictEqual(block, "", `${document} has no ${name}`)
  return block.replaceAll(/^ {4}/gm, "")
}

describe.each(inject("installed"))("CommonJS, Effect $major", ({ major, project }) => {
  const directory = join(project, "commonjs")
  let servers: Servers.Servers
  beforeAll(async () => {
    servers = await Servers.start()
    await mkdir(directory, { recursive: true })
    for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text)
  })
  afterAll(() => servers.close())

  const start = (name: string, args: ReadonlyArray<string>, options: string) =>
    run(node(name), args, {
      cwd: directory,
      env: {
        PATH: process.env["PATH"],
        NODE_PATH: join(tools, "node_modules"),
        NODE_OPTIONS: options,
        ...servers.environment
      }
    })

  for (const name of nodes) {
    it.skipIf(!existsSync(node(name)))(`require, ${name}`, async () => {
      const { code, output } = await start(name, ["main.js"], "")
      assert.deepStrictEqual([code, output.trim()], [0, String(Servers.items.length)])
    })

    it.skipIf(!existsSync(node(name)))(`Jest, ${name}`, async () => {
      const configuration = join(directory, "jest.config.js")
      const isNative = name === "node-24"
      if (!isNative) {
        await writeFile(configuration, await quoted("guides/promises.md", "jest.config.js"))
        await writeFile(join(directory, "jest.esm.js"), await quoted("guides/promises.md", "jest.esm.js"))
      }
      const jest = join(tools, "node_modules/jest/bin/jest.js")
      const args = isNative ? ["--config={}"] : []
      const { code, output } = await start(
        name,
        [jest, ...args, "--no-cache", "--rootDir", directory],
        isNative ? "--experimental-vm-modules" : ""
      )
      assert.strictEqual(code, 0, output)
      assert.include(output, "1 passed")
      assert.notInclude(output, "source map")
    })
  }

  // TypeScript 7 does not support node10.
  const node10 = ["commonjs", "node10"]
  const nodeNext = ["nodenext", "nodenext"]
  for (const name of compilersOf(major)) {
    const compiler = join(tools, "node_modules", name, "bin/tsc")
    const version = Number(name.slice("typescript-".length))
    for (
      const [module = "", resolution = ""] of [...(version < 7 ? [node10] : []), ...(version >= 5.8 ? [nodeNext] : [])]
    ) {
      it.skipIf(!existsSync(compiler))(`types, module ${module}, moduleResolution ${resolution}, ${name}`, async () => {
        const ignored = version === 6 ? { ignoreDeprecations: "6.0" } : {}
        const options = { noEmit: true, strict: true, skipLibCheck: true, target: "es2022", types: ["node"] }
        const configuration = join(directory, `tsconfig.${module}.json`)
        await writeFile(
          configuration,
          JSON.stringify({
            compilerOptions: { ...options, module, moduleResolution: resolution, ...ignored },
            files: ["typed.ts"]
          })
        )
        const { code, output } = await run(process.execPath, [compiler, "-p", configuration], { cwd: directory })
        assert.strictEqual(code, 0, output)
      })
    }
  }
})
