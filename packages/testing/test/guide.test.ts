import { readdirSync, readFileSync } from "node:fs"

import { assert, it } from "@effect/vitest"

const at = (path: string) => new URL(`../${path}`, import.meta.url)

it("the guide quotes each of its examples, which run as tests", () => {
  const guide = readFileSync(at("README.md"), "utf8")
  for (const name of readdirSync(at("test/guide"))) {
    assert.include(guide, `\`\`\`ts\n${readFileSync(at(`test/guide/${name}`), "utf8")}\`\`\`\n`)
  }
})
