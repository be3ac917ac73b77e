import { assert, describe, it } from "@effect/vitest"

import * as redaction from "../../src/internal/protocol/redaction.js"
import { decode, maxMembers, type Response, type Terms } from "../../src/internal/protocol/tokenResponse.js"

const endpoint = "https://auth.example.com/oauth/token"

const outcome = (more: Partial<Response>, other: Partial<Terms> = {}) =>
  decode({ endpoint, status: 200, headers: {}, body: "", requestedAt: 1000, receivedAt: 2000, ...more }, {
    defaultLife: 3_600_000,
    maxLife: 86_400_000,
    redaction: redaction.make(["s3cr3t"]),
    type: "Bearer",
    tokenType: "verify",
    requiredScope: [],
    hint: "A hint.",
    ...other
  })

const token = (members: Readonly<Record<string, unknown>> = {}, other: Partial<Terms> = {}) =>
  outcome({ body: JSON.stringify({ access_token: "t0k3n", token_type: "Bearer", ...members }) }, other)

const issued = (members: Readonly<Record<string, unknown>>) => {
  const found = token(members)
  return found._tag === "Success" ? found.value : assert.fail(JSON.stringify(found.error))
}

const invalid = (status: number, problem: string) => ({
  _tag: "Failure",
  error: { _tag: "InvalidTokenResponse", endpoint, status, problem }
})

describe("a token", () => {
  it("has the values of the response, and nothing else", () => {
    assert.deepStrictEqual(issued({ expires_in: 60, scope: "a  b" }), {
      value: "t0k3n",
      type: "Bearer",
      scope: ["a", "b"],
      requestedAt: 1000,
      expiresAt: 61_000,
      members: undefined,
      warnings: []
    })
    assert.isUndefined(issued({ refresh_token: "a", id_token: "b" }).members)
    assert.strictEqual(issued({ tenant: "a" }).members, "{\"tenant\":\"a\"}")
  })

  for (
    const [expiresIn, millis] of [
      ["0.55", 550],
      ["60x", 3_600_000],
      ["x60", 3_600_000],
      [999_999_999, 86_400_000],
      [1e9, 3_600_000],
      [9_999_999_999_999, 3_600_000],
      [1e13, 86_400_000]
    ] as const
  ) {
    it(`has a lifetime of ${millis} ms when expires_in is ${JSON.stringify(expiresIn)}`, () =>
      assert.strictEqual(issued({ expires_in: expiresIn }).expiresAt - 1000, millis))
  }

  it(`keeps further members up to ${maxMembers} characters of JSON`, () => {
    const more = "x".repeat(maxMembers - "{\"a\":\"\"}".length)
    assert.strictEqual(issued({ a: more }).members?.length, maxMembers)
    assert.deepStrictEqual(issued({ a: more }).warnings, [])
    assert.isUndefined(issued({ a: `${more}x` }).members)
    assert.deepStrictEqual(issued({ a: `${more}x`, expires_in: "x" }).warnings, [
      "unreadable lifetime",
      "too many members"
    ])
  })

  it("shows no part of a scope that repeats a secret", () =>
    assert.deepStrictEqual(issued({ scope: "a s3cr3t" }).scope, ["a"]))
})

describe("a redirect is a problem, and its target is shown as an origin", () => {
  for (
    const [status, location, target] of [
      [300, "https://other.example/a?b", " to https://other.example"],
      [302, "/login", " to https://auth.example.com"],
      [399, "https://s3cr3t.example", " to <redacted>"],
      [302, "https://[", ""],
      [302, undefined, ""]
    ] as const
  ) {
    it(`${status} ${location}`, () =>
      assert.deepStrictEqual<unknown>(
        outcome({ status, headers: { location }, body: "{\"error\":\"invalid_client\"}" }),
        invalid(
          status,
          `that is a redirect${target}, and credentials are never sent after a redirect. Set the token URL ` +
            "(OAUTH_TOKEN_URL) to the final URL of the token endpoint."
        )
      ))
  }
})

describe("a response without JSON is a problem", () => {
  for (
    const [status, body, type, shown] of [
      [200, "<html>", "text/html; charset=utf-8", "text/html"],
      [299, "<html>", undefined, "no content type"],
      [199, "{\"access_token\":\"t0k3n\",\"token_type\":\"Bearer\"}", "text/plain", "text/plain"],
      [400, "{\"access_token\":\"t0k3n\",\"token_type\":\"Bearer\"}", "a/s3cr3t", "<redacted>"],
      [400, "[]", undefined, "no content type"]
    ] as const
  ) {
    it(`${status} ${body}`, () =>
      assert.deepStrictEqual<unknown>(
        outcome({ status, body, headers: { "content-type": type } }),
        invalid(
          status,
          `with ${shown} instead of a JSON token response. Check that the token URL (OAUTH_TOKEN_URL) is the token ` +
            "endpoint, not a page or a gateway in front of it."
        )
      ))
  }
})

describe("a token of another type is a problem", () => {
  const expected = (shown: string, more: string) =>
    invalid(
      200,
      `with token_type ${shown} where "Bearer" is expected, so the token must not be used (RFC 6749 section 7.1). Have ` +
        `the server issue Bearer tokens to this client, or set dpop.${more}`
    )
  const assume = " If its tokens are bearer tokens all the same, set tokenType to \"assume-bearer\" (OAUTH_TOKEN_TYPE)."
  for (
    const [type, shown, more] of [
      [undefined, "missing", assume],
      ["custom", "\"custom\"", assume],
      ["t0k3n", "\"<redacted>\"", assume],
      ["s3cr3t", "\"<redacted>\"", assume],
      ["x".repeat(31), `"${"x".repeat(30)}…"`, assume],
      ["mac ", "\"mac \"", ""],
      ["DPoP", "\"DPoP\"", ""]
    ] as const
  ) {
    it(`${type} where Bearer is expected`, () =>
      assert.deepStrictEqual<unknown>(token({ token_type: type }), expected(shown, more)))
  }

  it("Bearer where DPoP is expected, whatever tokenType the user sets", () => {
    for (const tokenType of ["verify", "assume-bearer"] as const) {
      assert.deepStrictEqual<unknown>(
        token({}, { type: "DPoP", tokenType }),
        invalid(
          200,
          "with token_type \"Bearer\" where \"DPoP\" is expected, so the token must not be used (RFC 6749 section 7.1, " +
            "RFC 9449 section 5). Have the server issue DPoP tokens to this client."
        )
      )
    }
  })
})

it("a token that lacks scopes is a problem when all of them are required", () =>
  assert.deepStrictEqual<unknown>(
    token({ scope: "b" }, { requiredScope: ["a", "b", "c"] }),
    invalid(
      200,
      "with a token that lacks the scope \"a c\" (RFC 6749 section 5.1). Have the server grant it to this client, request a " +
        "smaller scope (OAUTH_SCOPE), or disable requireScope."
    )
  ))

it("a response without a token is a problem", () =>
  assert.deepStrictEqual<unknown>(
    outcome({ body: "{}" }),
    invalid(
      200,
      "without a usable access_token (RFC 6749 section 5.1). Check that the token URL is the token endpoint. If the server " +
        "nests or renames the members of its response, set tokenResponse to a function that decodes them."
    )
  ))

it("a response that the user's schema does not decode is a problem, and a decoded one is not an OAuth error", () => {
  const decodeMembers = (json: unknown) =>
    json === undefined ? undefined : { access_token: "own", token_type: "bearer", expires_in: 1 }
  assert.deepInclude(outcome({ body: "{\"error\":\"invalid_client\"}" }, { decodeMembers }), { _tag: "Success" })
  assert.deepInclude(outcome({ status: 299, body: "{\"error\":\"a\"}" }, { decodeMembers }), { _tag: "Success" })
  for (const status of [199, 300, 400]) {
    assert.deepInclude(outcome({ status, body: "{\"error\":\"invalid_client\"}" }, { decodeMembers }), {
      _tag: "Failure"
    })
  }
  assert.deepStrictEqual<unknown>(
    outcome({ body: "{\"data\":1}" }, { decodeMembers: () => undefined }),
    invalid(200, "with JSON that tokenResponse does not decode. Check that function, and the token URL.")
  )
})

describe("an error response", () => {
  const rejection = (
    status: number,
    members: Readonly<Record<string, unknown>>,
    headers: Readonly<Record<string, string>> = {}
  ) => {
    const found = outcome({ status, body: JSON.stringify(members), headers })
    return found._tag === "Failure" ? found.error : assert.fail("no rejection")
  }

  it("has the error of the server, without secrets, cut", () =>
    assert.deepStrictEqual<unknown>(
      rejection(400, {
        error: "own",
        error_description: "d".repeat(301),
        error_uri: "https://a.example/s3cr3t"
      }, { "retry-after": "7" }),
      {
        _tag: "TokenErrorResponse",
        endpoint,
        status: 400,
        error: "own",
        errorDescription: `${"d".repeat(300)}…`,
        errorUri: "<redacted>",
        hint: undefined,
        retryAfter: 7000
      }
    ))

  it("shows a registered code even if it contains a secret, and other codes without secrets", () => {
    const found = outcome({ status: 400, body: "{\"error\":\"invalid_scope\"}" }, {
      redaction: redaction.make(["invalid_scope"])
    })
    assert.deepInclude(found._tag === "Failure" ? found.error : {}, { error: "invalid_scope" })
    assert.deepInclude(rejection(400, { error: "s3cr3t" }), { error: "<redacted>" })
    assert.deepInclude(rejection(400, { error: "e".repeat(101) }), { error: `${"e".repeat(100)}…` })
  })

  for (
    const [status, error, hint] of [
      [401, "invalid_client", "A hint."],
      [401, "own", "A hint."],
      [400, "Invalid_Request", "A hint."],
      [503, "invalid_request", undefined],
      [400, "invalid_scope", undefined],
      [429, "invalid_request", undefined]
    ] as const
  ) {
    it(`${hint === undefined ? "has no" : "has a"} hint: ${status} ${error}`, () =>
      assert.deepInclude(rejection(status, { error }), { _tag: "TokenErrorResponse", error, hint }))
  }

  for (
    const [members, shown] of [
      [{ error: "not here" }, "not here"],
      [{ error: "own", error_description: "nothing here" }, "nothing here"]
    ] as const
  ) {
    it(`of a wrong path is a problem: ${shown}`, () =>
      assert.deepStrictEqual<unknown>(
        outcome({ status: 404, body: JSON.stringify(members) }),
        invalid(
          404,
          `without a token: "${shown}". Check the token URL (OAUTH_TOKEN_URL): it must be that of the token endpoint, ` +
            "with its complete path."
        )
      ))
  }

  it("is not an OAuth error when the server is temporarily unavailable", () => {
    for (const body of ["", "<html>", "{}"]) {
      assert.deepStrictEqual<unknown>(outcome({ status: 503, body, headers: { "retry-after": "7" } }), {
        _tag: "Failure",
        error: { _tag: "TokenEndpointUnavailable", endpoint, reason: "status", detail: "503", retryAfter: 7000 }
      })
    }
  })

  it("is an invalid credential when the server returns only 401, or an empty 403", () => {
    const expected = {
      _tag: "Failure",
      error: { _tag: "TokenErrorResponse", endpoint, error: "invalid_client", hint: "A hint." }
    }
    for (const [status, body] of [[401, ""], [401, "<html>"], [403, ""], [403, " \n"]] as const) {
      assert.deepStrictEqual<unknown>(outcome({ status, body }), { ...expected, error: { ...expected.error, status } })
    }
  })
})

describe("the token of an exchange (RFC 8693 section 2.2.1)", () => {
  const jwt = "urn:ietf:params:oauth:token-type:jwt"
  const exchanged = (members: Readonly<Record<string, unknown>>) => token(members, { requestedType: jwt })
  const notIssued = (shown: string) =>
    invalid(
      200,
      `with issued_token_type ${shown} where "${jwt}" was requested. Request a type that the server issues (requestedType).`
    )

  it("has the requested type, or none is stated", () => {
    for (const issued_token_type of [jwt, undefined]) {
      assert.strictEqual(exchanged({ issued_token_type })._tag, "Success")
    }
  })

  it("is a problem with another type", () => {
    assert.deepStrictEqual<unknown>(exchanged({ issued_token_type: "urn:a" }), notIssued("urn:a"))
    assert.deepStrictEqual<unknown>(exchanged({ issued_token_type: "s3cr3t" }), notIssued("<redacted>"))
    assert.deepStrictEqual<unknown>(exchanged({ issued_token_type: 1 }), notIssued("unreadable"))
  })

  it("has any type where none was requested", () =>
    assert.strictEqual(token({ issued_token_type: "urn:a" })._tag, "Success"))

  it("may have the token_type N_A, in any case, and no other where the type is verified", () => {
    const typeOf = (token_type: unknown) => exchanged({ token_type, issued_token_type: jwt })._tag
    for (const type of ["N_A", "n_a"]) assert.strictEqual(typeOf(type), "Success")
    for (const type of ["xN_A", "N_Ax", "NA", ["N_A"], undefined]) assert.strictEqual(typeOf(type), "Failure")
    assert.strictEqual(token({ token_type: "N_A" })._tag, "Failure")
  })
})

describe("the hint of an error response", () => {
  const hintOf = (error: string, other: Partial<Terms>) => {
    const found = outcome({ status: 400, body: JSON.stringify({ error }) }, other)
    assert(found._tag === "Failure" && found.error._tag === "TokenErrorResponse")
    return found.error.hint
  }

  it("is that of the grant when the grant is rejected", () => {
    for (const error of ["invalid_grant", "INVALID_GRANT"]) {
      assert.strictEqual(hintOf(error, { grantHint: "A grant." }), "A grant.")
    }
    assert.isUndefined(hintOf("unsupported_grant_type", { grantHint: "A grant." }))
  })

  it("is that of the client where it is not authenticated, else that of the grant", () => {
    for (const error of ["invalid_client", "invalid_request"]) {
      assert.strictEqual(hintOf(error, { grantHint: "A grant." }), "A hint.")
      assert.strictEqual(hintOf(error, { hint: undefined, grantHint: "A grant." }), "A grant.")
    }
  })
})

it("an empty code is not an error response", () =>
  assert.deepStrictEqual<unknown>(outcome({ status: 503, body: "{\"error\":\"\"}" }), {
    _tag: "Failure",
    error: { _tag: "TokenEndpointUnavailable", endpoint, reason: "status", detail: "503", retryAfter: undefined }
  }))
