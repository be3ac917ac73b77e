/**
 * Every guarantee of `SECURITY.md` has a test: each row names a file and the title of a test in it.
 */
import { existsSync, readFileSync } from "node:fs"

import { assert, describe, it } from "@effect/vitest"

const root = new URL("../../../", import.meta.url)
const read = (path: string) => readFileSync(new URL(path, root), "utf8")

const [, promised = "", rest = ""] = /## Guarantees of the library\n(.*?)\n## Your responsibility\n(.*)/s.exec(
  read("SECURITY.md")
) ?? []

const rows = promised.split("\n").filter((line) => line.startsWith("| ") && !line.startsWith("| Guarantee"))

describe("SECURITY.md", () => {
  it("lists guarantees", () => assert.isAbove(rows.length, 20))

  for (const row of rows) {
    const [, promise = "", file = "", title = ""] = /^\| (.*) \| \[\w+\]\((.*)\) "(.*)" \|$/.exec(row) ?? []
    it(`names a test of: ${promise}`, () => {
      assert.notStrictEqual(promise, "", row)
      assert.isTrue(existsSync(new URL(file, root)), file)
      // A title may consist of parts.
      assert.include(read(file).replaceAll(/\$\{[^}]*\}/g, ""), title)
    })
  }

  it("lists commands that exist", () => {
    const { scripts } = JSON.parse(read("package.json")) as { readonly scripts: Readonly<Record<string, string>> }
    const commands = [...rest.matchAll(/`(?:\w+=\d+ )?npm (?:run )?([\w:]+)[^`]*` \|$/gm)].map(([, name = ""]) => name)
    assert.isNotEmpty(commands)
    for (const name of commands) assert.property(scripts, name)
  })
})
