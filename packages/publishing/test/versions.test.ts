/** The major of a package is that of Effect: the files that state it, and the changes that must not alter it. */
import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

import { assert, describe, it } from "vitest"

import { problems, problemsOfAll } from "../../../scripts/changesets.mjs"
import { ofBothMajors, published, publishedForEffect4 } from "../../../scripts/published.mjs"
import { packageNames } from "../../effect-4/src/generate.js"

const root = fileURLToPath(new URL("../../..", import.meta.url))
const both = ofBothMajors(root)
const names = both.map(({ name }) => name)
const library = "@effect-oauth/client-credentials"

describe("packages for both majors", () => {
  it("are those that are generated for Effect 4, and are released together", () => {
    const { fixed } = JSON.parse(readFileSync(`${root}.changeset/config.json`, "utf8"))
    assert.sameMembers(names, packageNames.map((name) => `@effect-oauth/${name}`))
    assert.deepStrictEqual(fixed.map((group: ReadonlyArray<string>) => [...group].sort()), [[...names].sort()])
    assert.sameMembers(publishedForEffect4(root).map(({ name }) => name), names)
  })

  for (
    const [major, packages, tag] of [["3", both, "effect-3"], ["4", publishedForEffect4(root), undefined]] as const
  ) {
    it(`have the major ${major} with Effect ${major}`, () => {
      for (const { name, peerDependencies, publishConfig, version } of packages) {
        assert.match(version, new RegExp(`^${major}\\.\\d+\\.\\d+$`), name)
        assert.strictEqual(publishConfig.tag, tag, name)
        assert.match(peerDependencies?.["effect"] ?? "", new RegExp(`^\\^${major}\\.`), name)
        if (name !== library) assert.strictEqual(peerDependencies?.[library], `${major}.x`, name)
      }
    })
  }

  it("differ only in the major", () => {
    const rest = (version: string) => version.replace(/^\d+/, "")
    assert.sameDeepMembers(
      publishedForEffect4(root).map(({ name, version }) => [name, rest(version)]),
      both.map(({ name, version }) => [name, rest(version)])
    )
  })
})

describe("the versions that exports exist since", () => {
  const sources = (folder: string) =>
    readdirSync(`${root}${folder}`, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".ts"))
      .map((path) => readFileSync(`${root}${folder}/${path}`, "utf8"))

  for (
    const [major, folders] of [
      ["0", ["packages/cli/src"]],
      ["3", packageNames.map((name) => `packages/${name}/src`)],
      ["4", packageNames.map((name) => `packages/effect-4/generated/${name}/src`)]
    ] as const
  ) {
    it(`have the major ${major} in ${folders.join(", ")}`, () => {
      const stated = folders.flatMap(sources).flatMap((text) => text.match(/(?<=@since )\d+/g) ?? [])
      assert.isNotEmpty(stated)
      assert.deepStrictEqual(stated.filter((one) => one !== major), [])
    })
  }
})

it("the dependencies of a package are ranges, so that users receive patched versions", () => {
  for (const { dependencies = {}, name } of published(root)) {
    for (const [other, range] of Object.entries(dependencies)) {
      assert.match(range, /^\^\d+\.\d+\.\d+$/, `${name}: ${other}`)
    }
  }
})

it("the command line bundles its Effect: it has no peer dependency, and a separate version", () => {
  const [cli, ...others] = published(root).filter(({ name }) => !names.includes(name))
  assert.deepStrictEqual(others, [])
  assert.strictEqual(cli?.name, "@effect-oauth/cli")
  assert.isUndefined(cli?.peerDependencies)
  assert.isUndefined(cli?.publishConfig.tag)
})

describe("a changeset", () => {
  const changeset = (type: string) => `---\n"@effect-oauth/cli": major\n"${library}": ${type}\n---\n\nA change.\n`

  it("with a major change of a package for both majors is rejected", () => {
    assert.deepStrictEqual(problems("a.md", changeset("major"), names), [
      `a.md: ${library} cannot have a major change: its major is that of Effect (3.x for Effect 3, 4.x for Effect 4). ` +
      "State minor, and describe in the changeset what a user has to change."
    ])
    assert.lengthOf(problems("a.md", changeset("major").replaceAll("\"", "'"), names), 1)
    assert.lengthOf(problems("a.md", changeset("major").replaceAll("\"", ""), names), 1)
  })

  it("with a smaller change is accepted", () => {
    for (const type of ["minor", "patch"]) assert.deepStrictEqual(problems("a.md", changeset(type), names), [])
    assert.deepStrictEqual(problems("a.md", `${changeset("minor")}\n"${library}": major\n`, names), [])
  })

  it("of this project contains no such change", () => {
    assert.deepStrictEqual(problemsOfAll(names, `${root}.changeset`), [])
  })
})
