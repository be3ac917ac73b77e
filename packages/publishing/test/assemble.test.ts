/** The packages that are assembled for publication, from a small workspace. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"

import { afterEach, assert, beforeEach, describe, it } from "@effect/vitest"

import { assemble } from "../../../scripts/assemble.mjs"

const library = "packages/client-credentials"
const generated = "packages/effect-4/generated/client-credentials"

/** Compiled modules, as `tsc` writes them. */
const modules = {
  index: "export * as ApiClient from \"./ApiClient.js\"",
  ApiClient: "export { shared } from \"./internal/shared.js\"",
  ClientCredentials: "export { shared } from \"./internal/shared.js\"",
  "internal/shared": "export const shared = {}"
}

describe("assembled packages", () => {
  let root = ""

  const write = (path: string, content: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), content)
  }

  const writeCompiled = (path: string, name: string, code: string) => {
    const sources = [`${"../".repeat(name.split("/").length)}src/${name}.ts`]
    write(`${path}/dist/${name}.js`, `${code}\n//# sourceMappingURL=${name.split("/").pop()}.js.map\n`)
    for (const kind of ["js", "d.ts"]) {
      write(`${path}/dist/${name}.${kind}.map`, JSON.stringify({ version: 3, names: [], sources, mappings: "AAAA" }))
    }
    write(`${path}/dist/${name}.d.ts`, code)
  }

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "assemble-"))
    const manifest = { name: "@effect-oauth/client-credentials", type: "module", main: "./dist/index.js" }
    write(`${library}/package.json`, JSON.stringify(manifest))
    for (const [name, code] of Object.entries(modules)) {
      write(`${library}/src/${name}.ts`, code)
      writeCompiled(library, name, code)
    }
    cpSync(join(root, library), join(root, generated), { recursive: true })
  })
  afterEach(() => rmSync(root, { recursive: true }))

  for (const path of [library, generated]) {
    it(`of ${path} have one instance of what their modules share`, async () => {
      const dist = join(await assemble(root), path, "dist")
      const entries = ["ApiClient", "ClientCredentials"]
      for (const name of entries) {
        assert.match(
          readFileSync(join(dist, `${name}.js`), "utf8"),
          /^export \{ .* \} from "\.\/internal\/core\.js";\n$/
        )
      }
      const [first, second] = await Promise.all(entries.map((name) => import(join(dist, `${name}.js`))))
      assert.strictEqual(first.shared, second.shared)
    })

    it(`of ${path} have no files of a removed module`, async () => {
      for (const name of ["Removed", "internal/removed"]) writeCompiled(path, name, "export const removed = {}")
      const files = readdirSync(join(await assemble(root), path), { encoding: "utf8", recursive: true })
      assert.include(files, "dist/index.d.ts.map")
      assert.deepStrictEqual(files.filter((file) => /removed/i.test(file)), [])
    })

    it(`of ${path} are not assembled before it is built`, async () => {
      rmSync(join(root, path, "dist"), { recursive: true })
      const failure = await assemble(root).then(() => undefined, String)
      assert.include(failure, `${path} is not built. Run npm run build first.`)
    })
  }

  it("are kept when others are assembled in another folder", async () => {
    const [published, other] = [await assemble(root), await assemble(root, "other")]
    assert.notStrictEqual(published, other)
    for (const workspace of [published, other]) {
      assert.isTrue(existsSync(join(workspace, "node_modules/@effect-oauth/client-credentials/dist/index.js")))
    }
  })
})
