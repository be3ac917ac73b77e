import { readdirSync, readFileSync } from "node:fs"

import { assert, it } from "@effect/vitest"

import { fromRoot } from "../../client-credentials/test/support/repository.js"

const at = (path: string) => new URL(`../${path}`, import.meta.url)

it("the guides quote each of the examples, which run as tests", () => {
  const paths = ["rejections", "promises"].map((name) => fromRoot(`guides/${name}.md`))
  const guides = [at("README.md"), ...paths].map((url) => readFileSync(url, "utf8")).join("\n")
  for (const name of readdirSync(at("test/guide"))) {
    assert.include(guides, `\`\`\`ts\n${readFileSync(at(`test/guide/${name}`), "utf8")}\`\`\`\n`)
  }
})
