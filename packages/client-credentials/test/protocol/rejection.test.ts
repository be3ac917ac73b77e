import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"

import { classify, isKnownCode, meaning } from "../../src/internal/protocol/rejection.js"

const bearer = (parameters: Readonly<Record<string, string>>) => ({ scheme: "bearer", parameters })
const dpop = (parameters: Readonly<Record<string, string>>) => ({ scheme: "dpop", parameters })
const base64 = (text: string) => Buffer.from(text).toString("base64")

describe("the meaning of a challenge is", () => {
  for (
    const [name, parameters, expected] of [
      ["unknown without a code", { realm: "api" }, { _tag: "Unknown" }],
      ["unknown with an empty code", { error: "\"\"" }, { _tag: "Unknown" }],
      ["an invalid token", { error: "invalid_token" }, { _tag: "InvalidToken" }],
      ["the same in any case and quoting", { error: " 'Invalid_Token\" " }, { _tag: "InvalidToken" }],
      ["an invalid request", { error: "invalid_request" }, { _tag: "InvalidRequest" }],
      ["a nonce", { error: "use_dpop_nonce" }, { _tag: "UseDPoPNonce" }],
      ["a rejected proof", { error: "invalid_dpop_proof" }, { _tag: "InvalidDPoPProof" }],
      ["another code, as it was sent", { error: "'Expired_Token'" }, { _tag: "Other", error: "'Expired_Token'" }],
      ["no member of every object", { error: "toString" }, { _tag: "Other", error: "toString" }],
      [
        "a missing scope, without invalid characters",
        { error: "insufficient_scope", scope: "'a  b:c d\\e f\"g \u00e4'" },
        { _tag: "InsufficientScope", scope: ["a", "b:c"] }
      ],
      ["a missing scope without its name", { error: "insufficient_scope" }, { _tag: "InsufficientScope", scope: [] }],
      [
        "another authentication",
        { error: "insufficient_user_authentication", acr_values: "'one  two é t\"u \"va'", max_age: "'60'" },
        { _tag: "InsufficientUserAuthentication", acrValues: ["one", "two"], maxAge: 60 }
      ],
      [
        "another authentication without readable values",
        { error: "insufficient_user_authentication", max_age: "60s" },
        { _tag: "InsufficientUserAuthentication", acrValues: [], maxAge: undefined }
      ],
      [
        "another authentication with an age of too many digits",
        { error: "insufficient_user_authentication", max_age: "1234567890123456" },
        { _tag: "InsufficientUserAuthentication", acrValues: [], maxAge: undefined }
      ],
      [
        "claims in base64",
        { error: "insufficient_claims", claims: base64("{\"a\":1}") },
        { _tag: "InsufficientClaims", claims: "{\"a\":1}" }
      ],
      [
        "claims as JSON",
        { error: "insufficient_claims", claims: "{\"a\":1}" },
        { _tag: "InsufficientClaims", claims: "{\"a\":1}" }
      ],
      [
        "claims of the greatest length",
        { error: "insufficient_claims", claims: `{"a":"${"b".repeat(4088)}"}` },
        { _tag: "InsufficientClaims", claims: `{"a":"${"b".repeat(4088)}"}` }
      ],
      ...[
        `{"a":"${"b".repeat(4089)}"}`,
        Buffer.from([...Buffer.from("{\"a\":\""), 0xff, ...Buffer.from("\"}")]).toString("base64"),
        "",
        "[]",
        "%%%",
        base64("[1]"),
        base64("a"),
        "/w==",
        base64(`{"a":"${"b".repeat(4096)}"}`)
      ].map((claims) =>
        [
          `no claims of ${claims.slice(0, 20)}`,
          { error: "insufficient_claims", claims },
          { _tag: "InsufficientClaims", claims: undefined }
        ] as const
      ),
      ["no claims, where there are none", { error: "insufficient_claims" }, {
        _tag: "InsufficientClaims",
        claims: undefined
      }]
    ] as const
  ) {
    it(name, () => assert.deepStrictEqual<unknown>(meaning([bearer(parameters)]), expected))
  }

  it("that of the scheme of the call first, then that of any token scheme, and of no other scheme", () => {
    const both = [bearer({ error: "invalid_token" }), dpop({ error: "use_dpop_nonce" })]
    assert.strictEqual(meaning(both)._tag, "InvalidToken")
    assert.strictEqual(meaning(both, "dpop")._tag, "UseDPoPNonce")
    assert.strictEqual(meaning(both, "basic")._tag, "InvalidToken")
    assert.strictEqual(meaning([bearer({}), dpop({ error: "use_dpop_nonce" })], "bearer")._tag, "UseDPoPNonce")
    assert.strictEqual(meaning([{ scheme: "basic", parameters: { error: "invalid_token" } }])._tag, "Unknown")
    assert.strictEqual(
      meaning([{ scheme: "custom", parameters: { error: "invalid_token" } }], "custom")._tag,
      "InvalidToken"
    )
    assert.strictEqual(meaning([], "bearer")._tag, "Unknown")
  })
})

it("the known codes are recognized in any letter case and quoting", () => {
  for (const code of ["invalid_token", "'INVALID_TOKEN'", "insufficient_claims"]) assert.isTrue(isKnownCode(code))
  for (const code of ["expired_token", "", "toString"]) assert.isFalse(isKnownCode(code))
})

describe("a response", () => {
  for (
    const [status, error, scheme, expected] of [
      [401, undefined, "bearer", "Rejected"],
      [401, undefined, undefined, "Rejected"],
      [401, "expired_token", "bearer", "Rejected"],
      [401, "invalid_request", "bearer", "Rejected"],
      [401, "invalid_token", "bearer", "Rejected"],
      [401, "insufficient_scope", "bearer", "InsufficientScope"],
      [401, "insufficient_user_authentication", "bearer", "InsufficientUserAuthentication"],
      [401, "insufficient_claims", "bearer", "InsufficientClaims"],
      [401, "use_dpop_nonce", "bearer", "Rejected"],
      [401, "use_dpop_nonce", "dpop", "UseDPoPNonce"],
      [401, "invalid_dpop_proof", "dpop", "InvalidDPoPProof"],
      [400, "use_dpop_nonce", "dpop", "UseDPoPNonce"],
      [400, "invalid_dpop_proof", "dpop", "InvalidDPoPProof"],
      [400, "use_dpop_nonce", "bearer", "None"],
      [400, "invalid_token", "bearer", "None"],
      [400, "insufficient_scope", "bearer", "None"],
      [403, "invalid_token", "bearer", "Rejected"],
      [403, "insufficient_scope", "bearer", "InsufficientScope"],
      [403, "expired_token", "bearer", "None"],
      [403, undefined, "bearer", "None"],
      [402, "invalid_token", "bearer", "None"],
      [200, "invalid_token", "bearer", "None"],
      [404, "use_dpop_nonce", "dpop", "None"]
    ] as const
  ) {
    it(`with status ${status} and ${error ?? "no code"} to a call by ${scheme} is ${expected}`, () => {
      const challenges = [{ scheme: scheme ?? "bearer", parameters: error === undefined ? {} : { error } }]
      assert.strictEqual(classify({ status, challenges, scheme })._tag, expected)
    })
  }

  const schemes = ["bearer", "dpop"] as const
  const ofProofs = ["use_dpop_nonce", "invalid_dpop_proof"]
  const exceptions = ["insufficient_scope", "insufficient_user_authentication", "insufficient_claims"]
  const quotes = fc.constantFrom(`"`, `'`, "", `"'`)
  const written = (error: string, quote: string) => `${quote}${error}${[...quote].reverse().join("")}`

  it("with status 401 rejects the token, for every scheme and code except those that a new token does not change", () => {
    const scheme = fc.constantFrom("bearer", "dpop", "basic", "token", "oauth", "digest")
    const code = fc.oneof(fc.constantFrom("", "invalid_token", "unauthorized"), fc.stringMatching(/^[a-z_]{1,30}$/))
    fc.assert(fc.property(scheme, code, quotes, (scheme, error, quote) => {
      fc.pre(![...exceptions, ...ofProofs].includes(error))
      const challenges = [{ scheme, parameters: { realm: "a", error: written(error, quote) } }]
      for (const own of schemes) {
        assert.strictEqual(classify({ status: 401, challenges, scheme: own })._tag, "Rejected")
        const counts = error === "invalid_token" && ["bearer", "dpop"].includes(scheme)
        assert.strictEqual(classify({ status: 403, challenges, scheme: own })._tag, counts ? "Rejected" : "None")
      }
    }))
  })

  it("with such a code does not, in any letter case and quoting", () => {
    const named = fc.constantFrom(...exceptions, ...ofProofs)
    const status = fc.constantFrom(401, 403)
    fc.assert(
      fc.property(
        named,
        fc.boolean(),
        quotes,
        fc.constantFrom(...schemes),
        status,
        (error, isUpper, quote, scheme, status) => {
          const challenges = [{ scheme, parameters: { error: written(isUpper ? error.toUpperCase() : error, quote) } }]
          // Of a call without a proof, the codes of proofs state that the token is not accepted.
          const counts = scheme === "bearer" && ofProofs.includes(error) && status === 401
          assert.strictEqual(classify({ status, challenges, scheme })._tag === "Rejected", counts)
        }
      )
    )
  })
})
