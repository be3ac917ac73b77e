/**
 * The requirements of the standards, by the names that the tests bear: T token requests, R token responses, B bearer
 * tokens, P proofs of possession, D discovery and what is around it.
 */
import { readdirSync, readFileSync } from "node:fs"

import { assert, it } from "@effect/vitest"

const rows = Object.entries({ T: 15, R: 10, B: 6, P: 9, D: 5 }).flatMap(([letter, count]) =>
  Array.from({ length: count }, (_, index) => `${letter}${index + 1}`)
)

const names = readdirSync(new URL(".", import.meta.url))
  .filter((file) => file.endsWith(".test.ts"))
  .flatMap((file) => [...readFileSync(new URL(file, import.meta.url), "utf8").matchAll(/(?:["`])((?:[TRBPD]\d+ )+)/g)])
  .flatMap(([, tags]) => (tags ?? "").trim().split(" "))

for (const row of rows) {
  it(`${row} has its test`, () => assert.include(names, row))
}
