/** Responses of the platform's HTTP client: recognized, and created from one another. */
import { HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"

import * as responses from "../../src/internal/seam/responses.js"

const request = HttpClientRequest.get("https://api.example.com/items")
const original = HttpClientResponse.fromWeb(
  request,
  new Response("{}", { status: 418, headers: { "set-cookie": "name=c00kie", "dpop-nonce": "n0nce" } })
)

class Same extends responses.Derived {
  readonly json = original.json
  readonly text = original.text
  readonly urlParamsBody = original.urlParamsBody
  readonly formData = original.formData
  readonly arrayBuffer = original.arrayBuffer
  readonly stream = original.stream
}

describe("a response created from another one", () => {
  it("is a response, with all members that are not replaced", () => {
    const same = new Same(original)
    assert.isTrue(responses.isResponse(same))
    for (const name of ["request", "status", "headers", "cookies", "remoteAddress"] as const) {
      assert.deepStrictEqual(same[name], original[name], name)
    }
    assert.deepStrictEqual(same.toJSON(), original.toJSON())
  })

  it("is distinguished from a request, and from other values", () => {
    assert.deepStrictEqual([original, request, {}, undefined].map(responses.isResponse), [true, false, false, false])
    assert.deepStrictEqual([original, request, {}, undefined].map(responses.isRequest), [false, true, false, false])
  })

  it("shows the names of headers that hold secrets", () => {
    const shown = JSON.stringify(responses.inspect(original, ["dpop-nonce", "set-cookie"]))
    for (const text of ["418", "dpop-nonce", "api.example.com/items"]) assert.include(shown, text)
    for (const text of ["n0nce", "c00kie"]) assert.notInclude(shown, text)
  })
})
