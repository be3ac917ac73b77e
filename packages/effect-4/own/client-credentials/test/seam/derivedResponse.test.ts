/** Members that only responses of Effect 4 have: the URL and `pipe`. */
import { assert, describe, it } from "@effect/vitest"
import { HttpClientRequest, HttpClientResponse } from "effect/http"

import * as responses from "../../src/internal/seam/responses.js"

const request = HttpClientRequest.get("https://api.example.com/items")
const original = HttpClientResponse.fromWeb(request, Response.json({}))

class Same extends responses.Derived {
  readonly json = original.json
  readonly text = original.text
  readonly urlParamsBody = original.urlParamsBody
  readonly formData = original.formData
  readonly arrayBuffer = original.arrayBuffer
  readonly stream = original.stream
}

describe("a response that is made of another one", () => {
  it("has its URL and its upgrade, and can be piped", () => {
    const same = new Same(Object.defineProperty(original, "url", { value: "https://api.example.com/v2/items" }))
    assert.strictEqual(same.url, "https://api.example.com/v2/items")
    assert.deepStrictEqual(same.upgrade, original.upgrade)
    assert.strictEqual(same.pipe(({ status }) => status), 200)
  })
})
