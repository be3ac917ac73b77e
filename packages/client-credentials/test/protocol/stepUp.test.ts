import { assert, describe, it } from "@effect/vitest"

import { ofAuthentication, ofClaims } from "../../src/internal/protocol/stepUp.js"

describe("the parameters of one more token request", () => {
  it("are those of the challenge (RFC 9470 section 4)", () => {
    assert.deepStrictEqual(ofAuthentication({ acrValues: ["silver", "gold"], maxAge: 5 }), {
      additionalParameters: { acr_values: "silver gold", max_age: "5" }
    })
    assert.deepStrictEqual(ofAuthentication({ acrValues: ["gold"] }), { additionalParameters: { acr_values: "gold" } })
    assert.deepStrictEqual(ofAuthentication({ acrValues: [], maxAge: 0 }), { additionalParameters: { max_age: "0" } })
    assert.isUndefined(ofAuthentication({ acrValues: [] }))
  })

  it("are the claims", () => {
    assert.deepStrictEqual(ofClaims("{}"), { additionalParameters: { claims: "{}" } })
    assert.isUndefined(ofClaims(undefined))
  })
})
