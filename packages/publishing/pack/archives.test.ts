/** Checks of the archives as a registry receives them: their manifests, types and contents. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { basename, dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

import { assert, describe, inject, it } from "vitest"

import { run, succeed } from "./run.js"

const root = fileURLToPath(new URL("../../..", import.meta.url))
const bin = (name: string) => `${root}node_modules/.bin/${name}`

const archives = inject("installed").flatMap(({ archives }) => Object.entries(archives))

for (const [name, archive] of archives) {
  describe(basename(archive), () => {
    it("passes publint", async () => {
      const { code, output } = await run(bin("publint"), ["--strict", archive])
      assert.strictEqual(code, 0, output)
      assert.include(output, "All good!")
    })

    it("has types that resolve as its modules do", async () => {
      const { code, output } = await run(bin("attw"), [archive, "--profile", "esm-only"])
      assert.strictEqual(code, 0, output)
    })

    it("contains the required files, and no others", async () => {
      const files = (await succeed("tar", ["-tzf", archive])).trim().split("\n")
      const expected = [
        /^(dist|src)\/(internal\/([a-z]+\/)?|(TokenStore|ClientConfig)\/)?[A-Za-z]+\.(ts|d\.ts|js|d\.ts\.map|js\.map)$/,
        /^dist\/internal\/rolldown-runtime\.js$/,
        /^dist\/bundle\/[\w-]+\.(c?js|json|txt)$/,
        /^(package\.json|README\.md|LICENSE|CHANGELOG\.md)$/
      ]
      const paths = files.map((file) => file.replace(/^package\//, ""))
      assert.deepStrictEqual(paths.filter((path) => !expected.some((pattern) => pattern.test(path))), [])
      assert.includeMembers(paths, ["README.md", "LICENSE"])
    })

    it("has maps of its code and its declarations that name its sources", async () => {
      const folder = await mkdtemp(join(tmpdir(), "archive-"))
      try {
        await succeed("tar", ["-xzf", archive, "-C", folder])
        const files = await readdir(join(folder, "package"), { recursive: true })
        for (const file of files.filter((file) => file.endsWith(".map"))) {
          const { sources }: { readonly sources: ReadonlyArray<string> } = JSON.parse(
            await readFile(join(folder, "package", file), "utf8")
          )
          assert.isNotEmpty(sources, file)
          assert.includeMembers(files, sources.map((source) => join(dirname(file), source)), file)
        }
      } finally {
        await rm(folder, { recursive: true })
      }
    })

    it("has a complete manifest", async () => {
      const manifest = JSON.parse(await succeed("tar", ["-xzOf", archive, "package/package.json"]))
      for (const field of ["description", "keywords", "license", "homepage", "bugs", "engines"]) {
        assert.isNotEmpty(manifest[field], field)
      }
      assert.strictEqual(manifest.repository.directory, `packages/${name.replace("@effect-oauth/", "")}`)
      assert.strictEqual(manifest.publishConfig.access, "public")
    })
  })
}
