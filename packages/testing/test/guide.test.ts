import { readdirSync, readFileSync } from "node:fs"

import { assert, it } from "@effect/vitest"

const at = (path: string) => new URL(`../${path}`, import.meta.url)

const quoted = [...readFileSync(at("README.md"), "utf8").matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code)
const examples = readdirSync(at("test/guide")).map((name) => readFileSync(at(`test/guide/${name}`), "utf8"))

it("the guide quotes each of its examples, which run as tests, and nothing else", () =>
  assert.deepStrictEqual([...quoted].sort(), [...examples].sort()))
