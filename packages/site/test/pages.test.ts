import { existsSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

import { assert, describe, it } from "@effect/vitest"

import * as content from "../src/content.js"
import * as pages from "../src/pages.js"

const root = fileURLToPath(new URL("../../../", import.meta.url))

const all = [...pages.guides, ...pages.recipes].flatMap((section) => section.pages)

const modules = new Set(["api/effect-4/client-credentials/TokenCache"])

const guide = { source: "guides/fleets.md", path: "guides/fleets" }

describe("the pages", () => {
  it("are all guides, recipes and READMEs, each once", () => {
    const sources = all.map(({ source }) => source)
    assert.strictEqual(new Set(sources).size, sources.length)
    assert.strictEqual(new Set(all.map(({ path }) => path)).size, all.length)
    for (const source of sources) assert.isTrue(existsSync(join(root, source)), source)
    for (const folder of ["guides", "packages/examples/recipes"]) {
      for (const name of readdirSync(join(root, folder)).filter((name) => /^[a-z].*\.md$/.test(name))) {
        assert.include(sources, `${folder}/${name}`)
      }
    }
  })
})

describe("links", () => {
  it("lead to pages, to modules of the reference, to copied files, and else to the repository", () => {
    const links = {
      "token-lifecycle.md#your-own-rules": "/guides/token-lifecycle#your-own-rules",
      "../packages/testing/README.md": "/guides/testing",
      "../packages/client-credentials/src/TokenCache.ts": "/api/effect-4/client-credentials/TokenCache",
      "../packages/client-credentials/api.md": "/api/effect-3/client-credentials/",
      "README.md": "/guides/introduction",
      "architecture.svg": "/guides/architecture.svg",
      "../packages/client-credentials/src/internal/token/latch.ts":
        `${pages.repository}/blob/main/packages/client-credentials/src/internal/token/latch.ts`,
      "../packages/soak": `${pages.repository}/tree/main/packages/soak`
    }
    for (const [link, expected] of Object.entries(links)) {
      assert.strictEqual(pages.linkOf(guide, link, modules), expected)
    }
  })

  it("to other sites and within the page stay", () => {
    for (const link of ["https://example.com/a.md", "mailto:a@example.com", "#leases"]) {
      assert.strictEqual(pages.linkOf(guide, link, modules), link)
    }
  })
})

describe("a document", () => {
  const rewritten = (text: string) => content.ofDocument(guide, text, modules)

  it("keeps its code; links of its prose are those of the site", () => {
    assert.strictEqual(
      rewritten("See [keys](keys.md).\n\n```ts\nconst a: Effect<A> // [keys](keys.md)\n```\n\n    [keys](keys.md)\n"),
      "See [keys](/guides/keys).\n\n```ts\nconst a: Effect<A> // [keys](keys.md)\n```\n\n    [keys](keys.md)\n"
    )
  })

  it("shows types in prose as text, and keeps its elements", () => {
    assert.strictEqual(rewritten("Layer<A> {{ a }} <br> `B<C>`"), "Layer&lt;A> &#123;&#123; a }} <br> `B<C>`")
    assert.strictEqual(rewritten("<img src=\"architecture.svg\">"), "<img src=\"/guides/architecture.svg\">")
  })

  it("shows the code of the chosen major", () => {
    const text = "```ts\nfour\n```\n\n<details>\n<summary>On Effect 3</summary>\n\n```ts\nthree\n```\n\n</details>\n"
    assert.strictEqual(
      rewritten(text),
      "<div class=\"effect-4\">\n\n```ts\nfour\n```\n\n</div>\n<div class=\"effect-3\">\n\n```ts\nthree\n```\n\n</div>\n"
    )
  })
})

describe("a module", () => {
  const text = "***\n\ntitle: A.ts\n---\n\n## A overview\n\nThe first\nsentence.\n\nAdded in v0.1.0\n\n---\n\n" +
    "<h2 class=\"text-delta\">Table of contents</h2>\n\n- [make](#make)\n\n---\n\n# constructors\n\n## make\n\n" +
    "```ts\n// # a comment\n```\n\n### a (property)\n\nAdded in v0.1.0\n"

  it("has one title, its categories and its exports", () => {
    const module = content.ofModule({ source: "packages/redis/src/A.ts", path: "api/effect-4/redis/A" }, text, modules)
    assert.deepStrictEqual(module.match(/^#+ .*$/gm), ["# A", "## constructors", "### make", "#### a (property)"])
    assert.include(module, "// # a comment")
    assert.notInclude(module, "Table of contents")
  })

  it("links other modules, its members and sections of standards", () => {
    const page = { source: "packages/client-credentials/src/A.ts", path: "api/effect-4/client-credentials/A" }
    const module = (prose: string) =>
      content.ofModule(page, `## A overview\n\n${prose}\n\n## make (function)\n`, modules)
    assert.include(
      module("See `TokenCache.get`."),
      "See [`TokenCache.get`](/api/effect-4/client-credentials/TokenCache)."
    )
    assert.include(module("See {@link make} and {@link other}."), "See [`make`](#make-function) and `other`.")
    assert.include(
      module("By RFC 6749 section 4.4 and `RFC 7009`."),
      "By [RFC 6749 section 4.4](https://www.rfc-editor.org/rfc/rfc6749#section-4.4) and `RFC 7009`."
    )
    assert.include(module("```ts\n// `TokenCache`, RFC 6749\n```"), "// `TokenCache`, RFC 6749\n")
  })

  it("is listed with its first paragraph", () => {
    assert.strictEqual(content.summaryOf(text), "The first sentence.")
  })
})
