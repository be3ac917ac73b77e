import { readdirSync } from "node:fs"

import { assert, it } from "@effect/vitest"

const at = (path: string) => new URL(`../${path}`, import.meta.url)

it("each program has its page, which quotes it", () =>
  assert.deepStrictEqual(
    readdirSync(at("src/recipes")).map((file) => file.replace(".ts", ".md")),
    readdirSync(at("recipes"))
  ))
