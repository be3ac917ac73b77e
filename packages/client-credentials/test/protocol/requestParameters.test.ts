import { assert, describe, it } from "@effect/vitest"

import * as requestParameters from "../../src/internal/protocol/requestParameters.js"

const { canonical, canonicalJson, overrideProblems, problems, sorted, words } = requestParameters

/** Returns the reported settings. */
const wrong = (parameters: requestParameters.Parameters) => problems(parameters).map(({ setting }) => setting)

const cyclic: Record<string, unknown> = { type: "a" }
cyclic["self"] = cyclic

describe("the parameters of a token request", () => {
  for (
    const [value, expected] of [
      [undefined, []],
      [" a  b ", ["a", "b"]],
      [["a b", ""], ["a b", ""]],
      [1, [1]]
    ] as const
  ) {
    it(`are words, separated by spaces or in a list: ${JSON.stringify(value)}`, () => {
      assert.deepStrictEqual(words(value), expected)
    })
  }

  it("are equal in any order", () => {
    assert.strictEqual(canonical("b a b"), "a b")
    assert.strictEqual(canonical(["b", "a"]), "a b")
    assert.strictEqual(canonical(undefined), "")
    assert.strictEqual(sorted({ b: "1 &", a: "2" }), "a=2&b=1+%26")
    assert.strictEqual(canonicalJson({ c: 1, a: 2, d: 3, b: 4 }), "{\"a\":2,\"b\":4,\"c\":1,\"d\":3}")
    assert.strictEqual(
      canonicalJson([{ b: [2, 1], a: { d: 1, c: null } }]),
      "[{\"a\":{\"c\":null,\"d\":1},\"b\":[2,1]}]"
    )
  })

  for (
    const [setting, accepted, rejected] of [
      ["audience", ["https://api", "a b", "ü"], ["", "a\nb", 1]],
      ["scope", ["a b", "!#[]~", ["a"]], [["a b"], "a\"", "a\\", "ä", "a\u007f", [""], 1]],
      ["resource", ["https://a https://b/c?d", ["urn:a:b"]], [
        "a",
        "https://a#",
        "https://a/ü",
        [" https://a"],
        ["https://a b"],
        [["urn:a:b"]],
        1
      ]],
      [
        "authorizationDetails",
        [[], [{ type: "a" }, { type: "b", more: [1] }]],
        ["a", {}, [{}], [{ type: 1 }], [{ type: "a" }, "b"], [cyclic], null]
      ],
      [
        "parameters",
        [{}, { a: "b", Scope: "c" }],
        [
          "a",
          null,
          { "": "a" },
          { a: "" },
          { a: 1 },
          { a: "b", scope: "c" },
          ...[
            "grant_type",
            "client_id",
            "client_secret",
            "client_assertion",
            "client_assertion_type",
            "audience",
            "resource",
            "authorization_details"
          ].map((name) => ({ [name]: "a" }))
        ]
      ]
    ] as ReadonlyArray<readonly [string, ReadonlyArray<unknown>, ReadonlyArray<unknown>]>
  ) {
    it(`are validated: ${setting}`, () => {
      for (const value of accepted) assert.deepStrictEqual(wrong({ [setting]: value }), [])
      for (const value of rejected) assert.deepStrictEqual(wrong({ [setting]: value }), [setting])
    })
  }

  it("are reported with the expected values", () => {
    assert.deepStrictEqual(problems({}), [])
    assert.deepStrictEqual(
      problems({ audience: "", scope: "\"", resource: "a", authorizationDetails: 1, parameters: 1 }).map((one) =>
        one.expected
      ),
      [
        "a string of one or more characters, without line breaks",
        "scopes separated by spaces, of printable ASCII without quotes and backslashes (RFC 6749 section 3.3)",
        "absolute URIs without fragment (RFC 8707 section 2)",
        "a list of objects, each with a type (RFC 9396 section 2)",
        "strings by name, none empty, and none of grant_type, client_id, client_secret, client_assertion, " +
        "client_assertion_type, audience, scope, resource, authorization_details, assertion, subject_token, " +
        "subject_token_type, actor_token, actor_token_type, requested_token_type"
      ]
    )
  })

  it("are the only members of overrides", () => {
    const known = { audience: "a", scope: "a", resource: "urn:a", authorizationDetails: [], parameters: {} }
    assert.deepStrictEqual(overrideProblems({ ...known, unset: undefined }), [])
    assert.deepStrictEqual(overrideProblems({ ...known, scopes: "a", scope: "\"" }).map(({ setting }) => setting), [
      "scopes",
      "scope"
    ])
    for (const name of ["parameters", "additionalParameters"]) {
      assert.deepStrictEqual(overrideProblems({ [name]: { claims: "{}" } }), [])
      for (const given of [{ scope: "a" }, { claims: "" }, "claims", { claims: 1 }]) {
        assert.deepStrictEqual(overrideProblems({ [name]: given }).map(({ setting }) => setting), [name])
      }
    }
    assert.deepStrictEqual(overrideProblems({ scopes: "a" }), [{
      setting: "scopes",
      expected: "no option of this name; the options are additionalParameters, audience, authorizationDetails, " +
        "onBehalfOf, parameters, resource, scope"
    }])
    assert.deepStrictEqual(overrideProblems("a"), [{ setting: "options", expected: "an object of options" }])
  })
})
