import { readFileSync } from "node:fs"

import { assert, describe, it } from "@effect/vitest"

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8")

/** What each document quotes, in order, and nothing else. */
const documents = {
  "README.md": ["packages/examples/src/quickstart.ts", "packages/testing/test/guide/first.test.ts"],
  "guides/operating.md": ["packages/examples/src/observed.ts", "packages/examples/src/readiness.ts"]
}

for (const [document, quoted] of Object.entries(documents)) {
  describe(document, () => {
    const blocks = [...read(document).matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code)
    for (const [index, path] of quoted.entries()) {
      it(`quotes ${path}`, () => assert.strictEqual(blocks[index], read(path)))
    }
    it("quotes nothing else", () => assert.lengthOf(blocks, quoted.length))
  })
}
