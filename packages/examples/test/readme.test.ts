import { existsSync, readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

import { assert, describe, it } from "@effect/vitest"

import * as documents from "../../effect-4/src/documents.js"

const root = new URL("../../../", import.meta.url)
const read = (path: string) => readFileSync(new URL(path, root), "utf8")

for (const [path, files] of Object.entries(documents.quoted(fileURLToPath(root)))) {
  describe(path, () => {
    it(`quotes ${files.join(", ")}, for Effect 4 and for Effect 3 (npm run documents)`, () =>
      assert.strictEqual(read(path), documents.document(fileURLToPath(root), path, read(path))))

    it("quotes nothing else", () => assert.strictEqual(documents.blocks(read(path)), files.length))
  })
}

const packages = readdirSync(new URL("packages", root))

const files = [
  "",
  ".changeset/",
  "guides/",
  "packages/examples/recipes/",
  ...packages.map((name) => `packages/${name}/`)
]
  .flatMap((directory) =>
    readdirSync(new URL(directory, root)).filter((name) => name.endsWith(".md")).map((name) => `${directory}${name}`)
  )

/** Removes code, which has no links and no headings. */
const prose = (file: string) => read(file).replaceAll(/^```.*?^```$/gms, "").replaceAll(/^ {4}.*$/gm, "")

/** Returns the anchors of a document, as GitHub creates them from its headings. */
const anchors = (file: string): ReadonlyArray<string> => {
  const slugs = [...prose(file).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase().replaceAll(/[^\p{L}\p{M}\p{N}_ -]/gu, "")
      .replaceAll(" ", "-")
  )
  return slugs.map((slug, index) => {
    const before = slugs.slice(0, index).filter((other) => other === slug).length
    return before === 0 ? slug : `${slug}-${before}`
  })
}

/** The address of a file of this repository. */
const own = "https://github.com/effect-oauth/effect-oauth/blob/main/"

describe("links and pictures", () => {
  for (const file of files) {
    it(`of ${file} have existing targets`, () => {
      const text = prose(file)
      for (const [, link, source] of text.matchAll(/\]\(([^)\s]+)[^)]*\)|\b(?:href|src|srcset)="([^"]+)"/g)) {
        const target = link ?? source ?? ""
        const url = new URL(target.replace(own, root.href), new URL(file, root))
        if (url.protocol !== "file:") {
          assert.strictEqual(url.protocol, "https:", target)
          continue
        }
        assert.isTrue(url.href.startsWith(root.href), `${target} is outside the repository`)
        const path = url.pathname.slice(root.pathname.length)
        assert.notMatch(path, /(^|\/)(build|dist|docs|node_modules)\//, `${target} is not checked in`)
        assert.isTrue(existsSync(new URL(path, root)), target)
        if (url.hash !== "") assert.include(anchors(path), decodeURIComponent(url.hash.slice(1)), target)
      }
    })
  }
})

describe("the alert rules", () => {
  const guide = "guides/fleet-operations.md"
  const rules = read("guides/monitoring/alerts.yml").split("- alert: ").slice(1)

  it("have a row each in the table of the guide, which has no other", () => {
    const rows = [...read(guide).matchAll(/^\| `(OAuth\w+)` \|/gm)].map(([, name]) => name)
    assert.sameMembers(rows, rules.map((rule) => rule.split("\n")[0]))
  })

  it("link to a heading of the guide", () => {
    for (const rule of rules) {
      const [address = "", anchor = ""] = /runbook_url: (\S+)/.exec(rule)?.[1]?.split("#") ?? []
      assert.strictEqual(address, own + guide, rule)
      assert.include(anchors(guide), anchor)
    }
  })
})

it("the command links to the heading about the count of a fleet", () => {
  const [, path = "", anchor = ""] =
    /blob\/main\/([^#"]+)#([\w-]+)/.exec(read("packages/cli/src/internal/fleetStore.ts")) ?? []
  assert.include(anchors(path), anchor)
})

const scripts = (directory: string): object => JSON.parse(read(`${directory}package.json`)).scripts ?? {}

describe("commands", () => {
  for (const file of files) {
    it(`of ${file} are existing scripts and projects`, () => {
      const [own = ""] = /^packages\/[\w-]+\//.exec(file) ?? []
      const known = { ...scripts(""), ...scripts(own) }
      for (const [, name = ""] of read(file).matchAll(/\bnpm run ([\w:-]+)/g)) assert.property(known, name)
      for (const [, name = ""] of read(file).matchAll(/--project ([\w-]+)/g)) {
        assert.include([...packages, "rules"], name)
      }
    })
  }
})

it("CONTRIBUTING.md lists each package", () => {
  for (const name of packages) assert.match(read("CONTRIBUTING.md"), new RegExp(`^ {4}(.*, )?packages/${name}\\b`, "m"))
})
