import { assert, describe, it } from "@effect/vitest"

import { added } from "../../src/internal/protocol/redactedHeaders.js"

describe("a list of redacted headers", () => {
  it("is extended by the headers that contain a secret, into one list for each", () => {
    const own = ["authorization", /^x-secret/]
    const all = added(own)
    assert.deepStrictEqual(all, [...own, "dpop", "www-authenticate"])
    assert.strictEqual(added(own), all)
    assert.strictEqual(added(all), all)
    assert.deepStrictEqual(added(["dpop"]), ["dpop", "dpop", "www-authenticate"])
  })

  it("is not changed if it contains them", () => {
    const own = ["www-authenticate", "cookie", "dpop"]
    assert.strictEqual(added(own), own)
  })
})
