import { assert, it } from "@effect/vitest"

import { isRecord, readJson } from "../../src/internal/protocol/json.js"

it("an object is a record, and nothing else is", () => {
  assert.deepStrictEqual([{}, { a: 1 }, [], null, undefined, "a", 1].map(isRecord), [
    true,
    true,
    false,
    false,
    false,
    false,
    false
  ])
})

it("JSON is read with and without a byte order mark; other strings give undefined", () => {
  assert.deepStrictEqual(readJson("{\"a\":[1]}"), { a: [1] })
  assert.deepStrictEqual(readJson("\ufeff{\"a\":1}"), { a: 1 })
  assert.strictEqual(readJson("\"\ufeff\""), "\ufeff")
  for (const text of ["", "{", "\ufeff\ufeff{}", "undefined"]) assert.isUndefined(readJson(text))
})
