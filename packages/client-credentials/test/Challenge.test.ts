/**
 * Requirements, from guides/requirements.md:
 * - B3: Challenges are parsed as lists of schemes with parameters, from any number of headers.
 * - B4: Each error code of a challenge has its outcome: invalid_token replays, insufficient_scope states the scope.
 */
import { assert, describe, it } from "@effect/vitest"
import { Challenge } from "@effect-oauth/client-credentials"
import { FastCheck as fc } from "effect"

const token = fc.stringMatching(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,12}$/)
const text = fc.string({
  unit: fc.oneof(fc.constantFrom("\"", "\\", ",", " ", "=", "é"), fc.string({ minLength: 1, maxLength: 1 }))
})

const challenge = fc.record({
  scheme: token,
  parameters: fc.uniqueArray(fc.tuple(token, text), { minLength: 1, selector: ([name]) => name.toLowerCase() })
})

const quote = (value: string) => `"${value.replace(/["\\]/g, "\\$&")}"`

const render = ({ parameters, scheme }: { scheme: string; parameters: Array<[string, string]> }) =>
  `${scheme} ${parameters.map(([name, value]) => `${name}=${quote(value)}`).join(", ")}`

describe("Challenge", () => {
  it.prop("B3 parses every challenge that was written", [fc.array(challenge)], ([challenges]) => {
    assert.deepStrictEqual(
      Challenge.parse(challenges.map(render).join(", ")),
      challenges.map(({ parameters, scheme }) => ({
        scheme: scheme.toLowerCase(),
        parameters: Object.fromEntries(parameters.map(([name, value]) => [name.toLowerCase(), value])),
        token68: undefined
      }))
    )
  })

  it.prop(
    "parses any string without failing and always terminates",
    [fc.string({ unit: "binary", maxLength: 300 })],
    ([header]) => {
      for (const { scheme } of Challenge.parse(header)) assert.strictEqual(scheme, scheme.toLowerCase())
    }
  )

  it.prop(
    "finds a challenge after any prefix that ends with a comma",
    [fc.stringMatching(/^[^"]*$/)],
    ([noise]) => {
      assert.deepStrictEqual(Challenge.meaning(Challenge.parse(`${noise}, Bearer error="invalid_token"`)), {
        _tag: "InvalidToken"
      })
    }
  )

  for (
    const [header, expected] of [
      ["", []],
      [" , ,", []],
      ["Bearer", [["bearer", {}, undefined]]],
      ["Negotiate YWJj==", [["negotiate", {}, "YWJj=="]]],
      ["Basic realm=\"a, b\", Bearer realm=api", [["basic", { realm: "a, b" }, undefined], [
        "bearer",
        { realm: "api" },
        undefined
      ]]],
      ["Bearer ERROR = \"x\\\"y\"", [["bearer", { error: "x\"y" }, undefined]]],
      ["Bearer error=a, error=b", [["bearer", { error: "a" }, undefined]]],
      ["Negotiate YQ==, Bearer error=\"invalid_token\"", [["negotiate", {}, "YQ=="], [
        "bearer",
        { error: "invalid_token" },
        undefined
      ]]],
      ["Bearer __proto__=\"x\"", [["bearer", Object.fromEntries([["__proto__", "x"]]), undefined]]]
    ] as const
  ) {
    it(`B3 reads ${header}`, () => {
      assert.deepStrictEqual(
        Challenge.parse(header).map(({ parameters, scheme, token68 }) => [scheme, parameters, token68]),
        expected.map((one) => [...one])
      )
    })
  }

  it("parses a hundred kilobytes of any characters in one pass", () => {
    for (const piece of ["\"", "\\", ",", "a=", "a=\"\\", "Bearer ", "=", "a b,"]) {
      Challenge.parse(piece.repeat(100_000 / piece.length))
    }
  })

  it("B3 B4 takes the outcome from the Bearer or DPoP challenge that has an error", () => {
    const json = `{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}`
    const claims = btoa(json)
    for (
      const [header, outcome] of [
        [
          `Basic error="no", Bearer realm="a", DPoP error="insufficient_scope", scope="items:read  items:write"`,
          { _tag: "InsufficientScope", scope: ["items:read", "items:write"] }
        ],
        [`Bearer error=insufficient_scope`, { _tag: "InsufficientScope", scope: [] }],
        [`Bearer error="invalid_token"`, { _tag: "InvalidToken" }],
        [`Bearer error="invalid_request"`, { _tag: "InvalidRequest" }],
        [`DPoP algs="ES256 PS256", error="use_dpop_nonce"`, { _tag: "UseDPoPNonce" }],
        [`DPoP error="invalid_dpop_proof"`, { _tag: "InvalidDPoPProof" }],
        [`Bearer error="expired_token"`, { _tag: "Other", error: "expired_token" }],
        [`Bearer error='INVALID_TOKEN'`, { _tag: "InvalidToken" }],
        [`Bearer error=""`, { _tag: "Unknown" }],
        [`Bearer error="constructor"`, { _tag: "Other", error: "constructor" }],
        [
          `Bearer error="insufficient_user_authentication", acr_values="silver gold", max_age=300`,
          { _tag: "InsufficientUserAuthentication", acrValues: ["silver", "gold"], maxAge: 300 }
        ],
        [
          `Bearer error="insufficient_user_authentication", max_age="-1"`,
          { _tag: "InsufficientUserAuthentication", acrValues: [], maxAge: undefined }
        ],
        [`Bearer error="insufficient_claims", claims="${claims}"`, { _tag: "InsufficientClaims", claims: json }],
        [`Bearer error="insufficient_claims", claims="no JSON"`, { _tag: "InsufficientClaims", claims: undefined }],
        [`Basic error="invalid_token"`, { _tag: "Unknown" }],
        ["", { _tag: "Unknown" }]
      ] as const
    ) assert.deepStrictEqual(Challenge.meaning(Challenge.parse(header)), outcome)
  })

  it("takes the outcome for the scheme of the call when a server accepts two", () => {
    const both = Challenge.parse(`Bearer error="invalid_token", DPoP algs="ES256", error="use_dpop_nonce"`)
    assert.deepStrictEqual(Challenge.meaning(both, "dpop"), { _tag: "UseDPoPNonce" })
    assert.deepStrictEqual(Challenge.meaning(both, "bearer"), { _tag: "InvalidToken" })
    assert.deepStrictEqual(Challenge.meaning(both), { _tag: "InvalidToken" })
  })
})
