/**
 * Each requirement of guides/requirements.md has its tests, and test files state the requirements that they cover.
 */
import { readdirSync, readFileSync } from "node:fs"
import { basename } from "node:path"

import { assert, describe, it } from "@effect/vitest"

import { fromRoot } from "./support/repository.js"

const guide = readFileSync(fromRoot("guides/requirements.md"), "utf8")

const rows = [...guide.matchAll(/^\| ([A-Z]\d+) \| (.+) \| (.+) \| (.*) \|$/gm)].map(
  ([, id = "", sentence = "", source = "", tests = ""]) => ({ id, sentence, source, tests })
)

/** The ids that begin the names of tests. */
const named = (text: string): ReadonlyArray<string> =>
  [...text.matchAll(/["`]((?:[TRBPD]\d+ )+)/g)].flatMap(([, ids = ""]) => ids.trim().split(" "))

/** The requirements in the comment at the head of a test file. */
const stated = (text: string): ReadonlyArray<string> =>
  [...text.slice(0, text.indexOf("*/")).matchAll(/^ \* - ([A-Z]\d+: .+)$/gm)].map(([, line = ""]) => line)

const here = new URL(".", import.meta.url)

const files = readdirSync(here, { encoding: "utf8", recursive: true })
  .filter((file) => file.endsWith(".test.ts") && file !== "standards.test.ts")
  .map((file) => ({ name: basename(file), text: readFileSync(new URL(file, here), "utf8") }))

it("the requirements are numbered without gaps", () => {
  const expected = Object.entries({ T: 15, R: 10, B: 6, P: 9, D: 5 }).flatMap(([letter, count]) =>
    Array.from({ length: count }, (_, index) => `${letter}${index + 1}`)
  )
  assert.deepStrictEqual(rows.map(({ id }) => id), expected)
})

describe("a requirement has a source, and the tests that its row lists", () => {
  for (const { id, sentence, source, tests } of rows) {
    it(`${id}: ${sentence}`, () => {
      const found = files.filter(({ text }) => named(text).includes(id)).map(({ name }) => `\`${name}\``)
      assert.isNotEmpty(found)
      assert.deepStrictEqual(tests.split(", ").sort(), found.sort())
      assert.match(source, /^(RFC|OAuth 2\.1|FAPI 2\.0)/)
    })
  }
})

describe("a test file states the requirements that its tests name", () => {
  for (const { name, text } of files) {
    const ids = new Set(named(text))
    if (ids.size === 0 && stated(text).length === 0) continue
    it(name, () => {
      const sentences = [...ids].map((id) =>
        `${id}: ${rows.find((row) => row.id === id)?.sentence ?? "no requirement"}`
      )
      assert.deepStrictEqual([...stated(text)].sort(), sentences.sort())
    })
  }
})
