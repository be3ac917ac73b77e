import { assert, describe, it } from "@effect/vitest"

import {
  advice,
  isFailedAuthentication,
  isRegistered,
  kindOf,
  read,
  statedPause
} from "../../src/internal/protocol/dialect.js"

for (
  const [status, error, expected] of [
    [400, "invalid_client", true],
    [400, "INVALID_CLIENT", true],
    [401, "access_denied", true],
    [401, "unauthorized_client", true],
    [401, "use_dpop_nonce", false],
    [401, "Invalid_DPoP_Proof", false],
    [403, "access_denied", false],
    [400, "unauthorized_client", false],
    [402, "", false]
  ] as const
) {
  it(`status ${status} with "${error}" is ${expected ? "a" : "no"} failed authentication`, () =>
    assert.strictEqual(isFailedAuthentication({ status, error }), expected))
}

describe("an error response is read", () => {
  for (
    const [name, status, json, expected] of [
      ["by the standard", 400, { error: "a", error_description: "b", message: "c", error_uri: "d" }, ["a", "b", "d"]],
      ["in another form, when the error is empty", 400, { error: "", errorCode: "a", errorSummary: "b" }, ["a", "b"]],
      ["by its status before its number", 400, { error: { status: "a", code: 7, message: "b" } }, ["a", "b"]],
      ["by its status alone", 400, { error: { status: "a" } }, ["a", undefined]],
      ["by its number", 400, { error: { status: "", code: 7, message: "b" } }, ["7", "b"]],
      ["by its code", 400, { error: { code: "a" } }, ["a", undefined]],
      ["not from another object", 400, { error: { code: true, status: 1, message: "b" } }, undefined],
      ["not from an object of empty strings", 400, { error: { code: "", status: "" } }, undefined],
      ["from the first of a list", 400, { errors: [{ code: "a", message: "b" }, { code: "c" }] }, ["a", "b"]],
      ["not from an empty code", 400, { errorCode: "", errors: [{ code: "" }] }, undefined],
      ["not from a list of strings", 400, { errors: ["a"] }, undefined],
      ["not from a value that is not a list", 400, { errors: { 0: { code: "a" } } }, undefined],
      ["not from a token", 400, { error: "a", access_token: "b" }, undefined],
      ["not from a list", 400, [{ error: "a" }], undefined],
      ["not from an empty message", 400, { message: "" }, undefined],
      ["not from a message that is not a string", 400, { message: 1 }, undefined],
      ["from a message, 400", 400, { message: "m" }, ["invalid_request", "m"]],
      ["from a message, 401", 401, { message: "m" }, ["invalid_client", "m"]],
      ["from a message, 403", 403, { message: "m" }, ["access_denied", "m"]],
      ["from a message, 404", 404, { message: "m" }, ["not_found", "m"]],
      ["from a message, 405", 405, { message: "m" }, ["not_found", "m"]],
      ["from a message, 410", 410, { message: "m" }, ["not_found", "m"]],
      ["from a message, 429", 429, { message: "m" }, ["too_many_requests", "m"]],
      ["from a message, 499", 499, { message: "m" }, ["invalid_request", "m"]],
      ["from the words of a message", 400, { message: "Bad Credentials!" }, ["invalid_client", "Bad Credentials!"]],
      ...[200, 399, 408, 425, 500, 503].map((other) =>
        [`not from a message, ${other}`, other, { message: "invalid client" }, undefined] as const
      )
    ] as ReadonlyArray<readonly [string, number, unknown, ReadonlyArray<string | undefined> | undefined]>
  ) {
    it(name, () => {
      const found = read(json, status)
      assert.deepStrictEqual<unknown>(
        found && [found.error, found.description, found.uri].slice(0, expected?.length),
        expected
      )
    })
  }
})

describe("an error response is about", () => {
  for (
    const [status, error, errorDescription, expected] of [
      [400, "invalid_client", undefined, "authentication"],
      [401, "access_denied", undefined, "authentication"],
      [503, "invalid_client", undefined, "authentication"],
      [400, "invalid_scope", undefined, "request"],
      [401, "use_dpop_nonce", undefined, "request"],
      [400, "Temporarily_Unavailable", undefined, "unavailable"],
      [400, "SERVER_ERROR", undefined, "unavailable"],
      [503, "invalid_request", undefined, "unavailable"],
      [408, "a", undefined, "unavailable"],
      [429, "invalid_client", undefined, "limit"],
      [400, "Too_Many_Requests", undefined, "limit"],
      [400, "RESOURCE_EXHAUSTED", undefined, "limit"],
      [400, "a", "you reached the hourly quota", "limit"],
      [499, "a", "Exceeded your daily request limit", "limit"],
      [400, "a", `exceeded ${"x".repeat(38)} token limit`, "limit"],
      [400, "a", `exceeded ${"x".repeat(39)} token limit`, "request"],
      [400, "a", "exceeded the rate 12345678 limit", "limit"],
      [400, "a", "exceeded the rate 123456789 limit", "request"],
      [400, "a", "unreached rate limit", "request"],
      [400, "a", "exceeded the pirate limit", "request"],
      [400, "a", "exceeded the rate limits", "request"],
      [400, "a", "the rate limit", "request"],
      [500, "a", "exceeded the rate limit", "unavailable"],
      [399, "a", "exceeded the rate limit", "request"],
      [404, "a", undefined, "wrong endpoint"],
      [405, "a", undefined, "wrong endpoint"],
      [410, "a", undefined, "wrong endpoint"],
      [404, "invalid_request", undefined, "request"],
      [404, "Invalid_Request", "No Route matched", "wrong endpoint"],
      [404, "invalid_request", "it was not found", "wrong endpoint"],
      [404, "invalid_request", "Cannot POST /token", "wrong endpoint"],
      [404, "invalid_request", "it was not foundered", "request"],
      [400, "invalid_request", "not found", "request"],
      [403, "access_denied", "Missing Authentication Token", "wrong endpoint"],
      [400, "access_denied", "Missing Authentication Token", "request"],
      [403, "access_denied", "Missing Authentication", "request"]
    ] as const
  ) {
    it(`${expected}: ${status} ${error} ${errorDescription ?? ""}`, () =>
      assert.strictEqual(kindOf({ status, error, errorDescription }), expected))
  }
})

describe("the advice on an error response", () => {
  const authentication =
    "Check the client id and the client secret or private key (OAUTH_CLIENT_ID, OAUTH_CLIENT_SECRET, " +
    "OAUTH_PRIVATE_KEY), and whether this server requires the secret in the body or by basic auth " +
    "(OAUTH_CLIENT_AUTHENTICATION)."
  for (
    const [status, error, expected] of [
      [400, "Invalid_Client", authentication],
      [401, "invalid_client", authentication],
      [
        401,
        "denied",
        `Status 401 means that client authentication failed (RFC 6749 section 5.2). ${authentication}`
      ],
      [400, "denied", undefined],
      [400, "toString", undefined],
      [
        404,
        "denied",
        "Check the token URL (OAUTH_TOKEN_URL): it must be that of the token endpoint, with its complete path."
      ],
      [
        429,
        "denied",
        "The server limits how many tokens this client may request. Share tokens between processes " +
        "(SharedClientCredentials.layer), or have the limit raised."
      ]
    ] as const
  ) {
    it(`is "${(expected ?? "none").slice(0, 30)}", ${status} ${error}`, () =>
      assert.strictEqual(advice({ status, error }), expected))
  }

  for (
    const [code, setting] of [
      [
        "invalid_request",
        "form or JSON (OAUTH_REQUEST_FORMAT), and whether it requires an audience, a scope or a resource."
      ],
      ["invalid_grant", "assertion or subject token"],
      ["unauthorized_client", "client_credentials grant"],
      [
        "unsupported_grant_type",
        "with the client_credentials grant, and whether this server requires a form or JSON ("
      ],
      ["invalid_scope", "OAUTH_SCOPE"],
      ["invalid_target", "OAUTH_RESOURCE, OAUTH_AUDIENCE"],
      ["invalid_dpop_proof", "OAUTH_DPOP=true), and the clock"],
      ["use_dpop_nonce", "OAUTH_DPOP=true"],
      ["access_denied", "OAUTH_AUDIENCE"]
    ] as const
  ) {
    it(`names the setting: ${code}`, () => {
      assert.include(advice({ status: 400, error: code }), setting)
      assert.include(advice({ status: 400, error: code.toUpperCase() }), setting)
    })
  }
})

describe("the pause that a limit states", () => {
  for (
    const [description, expected] of [
      ["10 tokens/28800 seconds", 2_880_000],
      ["1 token per second: 1 token/1 second", 1000],
      ["at most 5 requests in 60 seconds", 12_000],
      ["at most 5 requests every 60 seconds", 12_000],
      ["2 Requests per 1 Second", 500],
      ["1 request per 2 seconds", 2000],
      ["10 tokens/60seconds", 6000],
      ["5requests/60 seconds", undefined],
      ["0 tokens/60 seconds", undefined],
      ["0 tokens/0 seconds", undefined],
      ["5 tokens/60 secondsteps", undefined],
      ["5 tokens/60 minutes", undefined],
      ["1234567 tokens/60 seconds", undefined],
      ["5 tokens/12345678 seconds", undefined],
      [undefined, undefined]
    ] as const
  ) {
    it(`is ${expected} ms: ${description}`, () => {
      assert.strictEqual(statedPause({ status: 429, error: "a", errorDescription: description }), expected)
      assert.isUndefined(statedPause({ status: 400, error: "a", errorDescription: description }))
    })
  }
})

it("the registered codes are recognized in any letter case, and no other code is", () => {
  for (
    const code of [
      "invalid_request",
      "invalid_client",
      "invalid_grant",
      "unauthorized_client",
      "unsupported_grant_type",
      "invalid_scope",
      "invalid_target",
      "invalid_authorization_details",
      "invalid_dpop_proof",
      "use_dpop_nonce",
      "unsupported_token_type",
      "access_denied",
      "server_error",
      "temporarily_unavailable",
      "too_many_requests"
    ]
  ) {
    assert.isTrue(isRegistered(code))
    assert.isTrue(isRegistered(code.toUpperCase()))
  }
  for (const code of ["", "invalid", "toString", undefined, ["invalid_client"]]) assert.isFalse(isRegistered(code))
})
