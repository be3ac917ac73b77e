import { readdirSync, readFileSync } from "node:fs"

import { assert, it } from "@effect/vitest"

const at = (path: string) => new URL(`../${path}`, import.meta.url)

it("each program has its page, which quotes it", () =>
  assert.deepStrictEqual(
    readdirSync(at("src/recipes")).map((file) => file.replace(".ts", ".md")),
    readdirSync(at("recipes"))
  ))

it("each page names its sources", () => {
  for (const page of readdirSync(at("recipes"))) {
    assert.match(readFileSync(at(`recipes/${page}`), "utf8"), /^- Sources?: \[[^\]]+\]\(https:/m, page)
  }
})
