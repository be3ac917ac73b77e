import { assert, describe, it } from "@effect/vitest"
import { Duration, Either } from "effect"

import * as tokenResponse from "../../src/internal/http/tokenResponse.js"
import * as redaction from "../../src/internal/protocol/redaction.js"

const answer = (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}) => {
  const result = tokenResponse.decode({
    endpoint: "https://auth.example.com/oauth/token",
    status,
    headers,
    body: typeof body === "string" ? body : JSON.stringify(body),
    requestedAt: 0,
    receivedAt: 0
  }, {
    defaultLife: 3_600_000,
    maxLife: 30 * 86_400_000,
    redaction: redaction.make(["s3cr3t"]),
    type: "Bearer",
    tokenType: "verify",
    requiredScope: [],
    hint: "A hint."
  })
  return Either.getOrThrow(Either.flip(result))
}

const rates = "Client abc has exceeded the rate limit of 10 tokens/28800 seconds"

describe("the error responses of token endpoints", () => {
  const rejections: ReadonlyArray<readonly [string, number, unknown, string, string | undefined, RegExp]> = [
    ["RFC 6749", 401, { error: "invalid_client" }, "invalid_client", undefined, /OAUTH_CLIENT_SECRET/],
    ["other letter case", 401, { error: "Invalid_Client" }, "Invalid_Client", undefined, /^.*Check the client id/],
    ["other letter case, 400", 400, { error: "INVALID_SCOPE" }, "INVALID_SCOPE", undefined, /OAUTH_SCOPE/],
    [
      "Auth0",
      401,
      { error: "access_denied", error_description: "Unauthorized" },
      "access_denied",
      "Unauthorized",
      /401/
    ],
    [
      "UAA",
      401,
      { error: "unauthorized", error_description: "Bad credentials" },
      "unauthorized",
      "Bad credentials",
      /401/
    ],
    ["message beside error", 400, { error: "invalid_scope", message: "no" }, "invalid_scope", "no", /OAUTH_SCOPE/],
    [
      "Okta",
      401,
      { errorCode: "E0000004", errorSummary: "Authentication failed" },
      "E0000004",
      "Authentication failed",
      /client authentication failed/
    ],
    [
      "Google",
      403,
      { error: { code: 403, message: "Denied.", status: "PERMISSION_DENIED" } },
      "PERMISSION_DENIED",
      "Denied.",
      /status 403/
    ],
    ["Google without status", 400, { error: { code: 400, message: "Bad" } }, "400", "Bad", /status 400/],
    ["Twitch", 400, { status: 400, message: "invalid client" }, "invalid_client", "invalid client", /OAUTH_CLIENT_ID/],
    [
      "Twitch",
      403,
      { status: 403, message: "invalid client secret" },
      "invalid_client",
      "invalid client secret",
      /OAUTH/
    ],
    [
      "FedEx",
      422,
      { errors: [{ code: "BAD.REQUEST.ERROR", message: "Missing" }] },
      "BAD.REQUEST.ERROR",
      "Missing",
      /status 422/
    ],
    ["a gateway", 403, { message: "Forbidden" }, "access_denied", "Forbidden", /OAUTH_AUDIENCE/],
    ["a gateway, 401", 401, { message: "Unauthorized" }, "invalid_client", "Unauthorized", /OAUTH_CLIENT_ID/],
    ["nothing, 401", 401, "", "invalid_client", undefined, /OAUTH_CLIENT_ID/],
    ["a page, 401", 401, "<html>", "invalid_client", undefined, /OAUTH_CLIENT_ID/],
    ["a proof is required", 401, { error: "use_dpop_nonce" }, "use_dpop_nonce", undefined, /OAUTH_DPOP/],
    ["a proof is rejected", 400, { error: "invalid_dpop_proof" }, "invalid_dpop_proof", undefined, /OAUTH_DPOP/],
    ["another 404", 404, { error: "invalid_client" }, "invalid_client", undefined, /OAUTH_CLIENT_ID/]
  ]
  for (const [server, status, body, code, description, message] of rejections) {
    it(`${server}: ${status} ${JSON.stringify(body)}`, () => {
      const error = answer(status, body)
      assert(error._tag === "TokenErrorResponse", error._tag)
      assert.strictEqual(error.error, code)
      assert.strictEqual(error.errorDescription, description)
      assert.isFalse(error.retryable)
      assert.match(error.message, message)
    })
  }

  const limits: ReadonlyArray<readonly [string, number, unknown, number | undefined]> = [
    ["Auth0", 429, { error: "too_many_requests" }, undefined],
    ["Vertex", 400, { error: "invalid_request", error_description: rates }, 2_880_000],
    ["a gateway", 429, { message: "API rate limit exceeded" }, undefined],
    ["Google", 429, { error: { code: 429, status: "RESOURCE_EXHAUSTED", message: "Quota" } }, undefined],
    ["a custom code", 403, { error: "quota", error_description: "You have reached your daily limit" }, undefined]
  ]
  for (const [server, status, body, pause] of limits) {
    it(`a limit, ${server}: ${status} ${JSON.stringify(body)} may be retried after a pause`, () => {
      const error = answer(status, body)
      assert(error._tag === "TokenErrorResponse", error._tag)
      assert.isTrue(error.retryable)
      assert.include(error.message, "Share tokens between processes")
      assert.strictEqual(error.retryAfter && Duration.toMillis(error.retryAfter), pause)
      const later = answer(status, body, { "retry-after": "7" })
      assert(later._tag === "TokenErrorResponse")
      assert.strictEqual(later.retryAfter && Duration.toMillis(later.retryAfter), 7000)
    })
  }

  for (
    const [server, status, body] of [
      ["Rails", 404, { error: "Not Found", status: 404 }],
      ["in lower case", 404, { error: "not found" }],
      ["in words", 404, { error: "resource not found" }],
      ["Kong", 404, { message: "no Route matched with those values" }],
      ["AWS", 403, { message: "Missing Authentication Token" }],
      ["Spring", 405, { error: "Method Not Allowed", message: "Request method 'POST' is not supported" }],
      ["a page", 404, "<html>"]
    ] as const
  ) {
    it(`a wrong path, ${server}: ${status} ${JSON.stringify(body)} is not an OAuth error of the client`, () => {
      const error = answer(status, body)
      assert.strictEqual(error._tag, "InvalidTokenResponse")
      assert.include(error.message, "OAUTH_TOKEN_URL")
    })
  }

  it("repeat no secret in any of these forms", () => {
    for (
      const body of [
        { error: "s3cr3t" },
        { error: { code: "s3cr3t", message: "s3cr3t" } },
        { errorCode: "s3cr3t", errorSummary: "s3cr3t" },
        { errors: [{ code: "s3cr3t", message: "s3cr3t" }] },
        { message: "s3cr3t" }
      ]
    ) {
      for (const status of [400, 401, 404, 429]) assert.notInclude(answer(status, body).message, "s3cr3t")
    }
  })

  it("are not read from a token response or from a value that is not an object", () => {
    for (const body of [[], "17", "null", { errors: [] }, { error: {} }, { error: 17 }]) {
      assert.strictEqual(answer(200, body)._tag, "InvalidTokenResponse")
    }
  })
})
