import { readdirSync, readFileSync } from "node:fs"

import { assert, it } from "@effect/vitest"

const at = (path: string) => new URL(`../${path}`, import.meta.url)
const names = readdirSync(at("recipes"))

for (const name of names) {
  it(`${name} quotes its program, which compiles`, () => {
    const [, quoted] = /^```ts\n(.*?)^```$/ms.exec(readFileSync(at(`recipes/${name}`), "utf8")) ?? []
    assert.strictEqual(quoted, readFileSync(at(`src/recipes/${name.replace(".md", ".ts")}`), "utf8"))
  })
}

it("each program has its page", () =>
  assert.deepStrictEqual(readdirSync(at("src/recipes")).map((file) => file.replace(".ts", ".md")), names))
