import { existsSync, readdirSync, readFileSync } from "node:fs"

import { assert, describe, it } from "@effect/vitest"

const root = new URL("../../../", import.meta.url)
const read = (path: string) => readFileSync(new URL(path, root), "utf8")

/** What each document quotes, in order, and nothing else. */
const documents: Readonly<Record<string, ReadonlyArray<string>>> = {
  "README.md": ["packages/examples/src/quickstart.ts", "packages/testing/test/guide/first.test.ts"],
  "guides/first-call.md": [
    "packages/examples/src/quickstart.ts",
    "packages/examples/src/guides/values.ts",
    "packages/examples/src/guides/errors.ts",
    "packages/examples/src/guides/managedRuntime.ts",
    "packages/examples/src/promise-service.ts"
  ],
  "guides/token-life.md": ["packages/examples/src/guides/rules.ts"],
  "guides/fleets.md": [
    "packages/examples/src/scheduled-job.ts",
    "packages/examples/src/guides/sqlite.ts",
    "packages/examples/src/guides/redis.ts"
  ],
  "guides/moving.md": ["packages/examples/src/guides/values.ts"],
  "packages/client-credentials/README.md": ["packages/examples/src/quickstart.ts"],
  "packages/redis/README.md": ["packages/redis/test/guide/first.ts"],
  "packages/sql/README.md": ["packages/sql/test/guide/first.ts"],
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

describe("links", () => {
  const files = ["README.md", "SECURITY.md", ...readdirSync(new URL("guides", root)).map((name) => `guides/${name}`)]
    .concat("packages/testing/README.md")
  for (const file of files) {
    it(`of ${file} lead somewhere`, () => {
      for (const [, target = ""] of read(file).matchAll(/\]\(([^)#]+)[^)]*\)/g)) {
        if (/^https:/.test(target)) continue
        assert.isTrue(existsSync(new URL(target, new URL(file, root))), target)
      }
    })
  }
})
