import { readFileSync } from "node:fs"

import { assert, it } from "@effect/vitest"

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8")

const blocks = [...read("README.md").matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code)

for (
  const [index, path] of ["packages/examples/src/quickstart.ts", "packages/testing/test/guide/first.test.ts"]
    .entries()
) {
  it(`the README quotes ${path}`, () => assert.strictEqual(blocks[index], read(path)))
}

it("the README quotes nothing else", () => assert.lengthOf(blocks, 2))
