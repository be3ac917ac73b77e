/**
 * Requirements, from guides/requirements.md:
 * - T7: Scope is a set of case-sensitive values; a narrower scope in the response is visible and can be an error.
 * - R1: A token of an unknown type is not used; types are compared without case.
 * - R2: Where a bound token was requested, a bearer token is discarded.
 * - R3: The lifetime is measured from the moment the request was sent.
 * - R4: Unknown members are ignored, and tokens may have any size within the response limit.
 * - R5: A refresh token is ignored and never stored.
 * - R7: Error responses are typed, whatever their format; messages show no raw body.
 * - R8: The content of an access token is not read.
 * - R9: Retry-After is respected, as seconds and as a date.
 */
import { inspect } from "node:util"

import { assert, describe, it } from "@effect/vitest"
import { AccessToken, OAuthError } from "@effect-oauth/client-credentials"
import { Duration, Either, FastCheck as fc, Option, Redacted, Schema } from "effect"

import type { Received } from "../../src/internal/http/exchange.js"
import * as tokenResponse from "../../src/internal/http/tokenResponse.js"
import * as redaction from "../../src/internal/protocol/redaction.js"
import { retryAfter } from "../../src/internal/protocol/retryAfter.js"
import * as schemas from "../support/schemas.js"

const terms: tokenResponse.Terms = {
  defaultLife: 3_600_000,
  maxLife: 30 * 86_400_000,
  redaction: redaction.make(["s3cr3t"]),
  type: "Bearer",
  tokenType: "verify",
  requiredScope: [],
  hint: undefined
}

const endpoint = "https://auth.example.com/oauth/token"

const decode = (more: Partial<Received & { readonly body: string }>, other: Partial<tokenResponse.Terms> = {}) =>
  tokenResponse.decode(
    { endpoint, status: 200, headers: {}, body: "", requestedAt: 1_000_000, receivedAt: 1_002_000, ...more },
    { ...terms, ...other }
  )

const token = (members: Readonly<Record<string, unknown>>) =>
  decode({ body: JSON.stringify({ access_token: "t0k3n", token_type: "Bearer", ...members }) })

const issued = (members: Readonly<Record<string, unknown>>) => Either.getOrThrow(token(members)).token

const problem = (result: ReturnType<typeof decode>) => Either.getOrThrow(Either.flip(result))

describe("the token response", () => {
  it("R3 R4 is the one of RFC 6749 section 5.1, with a lifetime from the request on; unknown members are ignored", () => {
    const { expiresAt, requestedAt, scope, value } = issued({ expires_in: 3600, scope: "a b", example: true })
    assert.strictEqual(Redacted.value(value), "t0k3n")
    assert.deepStrictEqual([requestedAt, expiresAt], [1_000_000, 1_000_000 + 3_600_000])
    assert.deepStrictEqual(scope, ["a", "b"])
  })

  for (
    const [expiresIn, seconds] of [
      [86_400, 86_400],
      ["3600", 3600],
      [" 60 ", 60],
      [0.5, 0.5],
      [null, 3600],
      [undefined, 3600],
      [0, 0],
      [-5, 0],
      ["-5", 0],
      [86_400_000, 30 * 86_400],
      [1e300, 30 * 86_400]
    ]
  ) {
    it(`has a lifetime of ${seconds} s when expires_in is ${JSON.stringify(expiresIn)}`, () => {
      const { expiresAt, requestedAt } = issued({ expires_in: expiresIn })
      assert.strictEqual(expiresAt - requestedAt, Number(seconds) * 1000)
    })
  }

  for (
    const expiresIn of [
      "soon",
      "",
      "1e3",
      "0x10",
      true,
      [3600],
      {},
      "2026-11-25T18:00:00Z",
      "Wed, 25 Nov 2026 18:00:00 GMT",
      1_795_000_000,
      1_795_000_000_000,
      "1795000000"
    ]
  ) {
    it(`has the default lifetime, with a warning, when expires_in is ${JSON.stringify(expiresIn)}`, () => {
      const { token: { expiresAt, requestedAt }, warnings } = Either.getOrThrow(token({ expires_in: expiresIn }))
      assert.strictEqual(expiresAt - requestedAt, 3_600_000)
      assert.include(warnings.join(), "tokenEndpoint.defaultLife")
    })
  }

  it("logs no warning when expires_in is a number of seconds, or absent", () => {
    for (const expiresIn of [60, "60", "0.5", null, undefined]) {
      assert.lengthOf(Either.getOrThrow(token({ expires_in: expiresIn })).warnings, 0)
    }
  })

  for (const type of ["bearer", "BEARER", "Bearer"]) {
    it(`may have the type ${type}`, () => assert.isTrue(Either.isRight(token({ token_type: type }))))
  }

  for (const type of ["DPoP", "mac", "", null, 1, undefined, "t0k3n s3cr3t"]) {
    it(`R1 is rejected with the type ${JSON.stringify(type)}`, () => {
      const error = problem(token({ token_type: type }))
      assert.strictEqual(error._tag, "InvalidTokenResponse")
      assert.include(error.message, "token_type")
      assert.notMatch(error.message, /t0k3n|s3cr3t/)
    })
  }

  for (
    const type of [
      undefined,
      null,
      "",
      "BearerToken",
      "Bearer ",
      "bearer_token",
      "access_token",
      "JWT",
      "emac",
      "macaroon"
    ]
  ) {
    it(`is rejected with the type ${JSON.stringify(type)} unless tokenType declares it a bearer token`, () => {
      const error = problem(token({ token_type: type }))
      assert.include(error.message, "set tokenType to \"assume-bearer\" (OAUTH_TOKEN_TYPE)")
      const body = JSON.stringify({ access_token: "t0k3n", token_type: type })
      const { token: issued } = Either.getOrThrow(decode({ body }, { tokenType: "assume-bearer" }))
      assert.strictEqual(issued.type, "Bearer")
      assert.isTrue(Either.isLeft(decode({ body }, { tokenType: "assume-bearer", type: "DPoP" })))
    })
  }

  for (
    const type of [
      "mac",
      "MAC",
      "DPoP",
      " dpop ",
      "PoP",
      "pop-token",
      "N_A",
      "na",
      "n/a",
      "hmac",
      "http_signature",
      1,
      {},
      []
    ]
  ) {
    it(`is rejected with the type ${JSON.stringify(type)}, whatever tokenType the user sets`, () => {
      const body = JSON.stringify({ access_token: "t0k3n", token_type: type })
      const error = problem(decode({ body }, { tokenType: "assume-bearer" }))
      assert.strictEqual(error._tag, "InvalidTokenResponse")
      assert.notInclude(error.message, "OAUTH_TOKEN_TYPE")
    })
  }

  for (const accessToken of ["", " ", "a b", "a\r\nb", "é", 17, null, undefined, ["x"]]) {
    it(`is rejected with the access token ${JSON.stringify(accessToken)}`, () => {
      const error = problem(token({ access_token: accessToken }))
      assert.strictEqual(error._tag, "InvalidTokenResponse")
      assert.include(error.message, "access_token")
    })
  }

  for (const body of ["", "<html>", "null", "[]", "\"t0k3n\"", "17", "{\"access_token\":\"t0k3n\""]) {
    it(`is rejected with the body ${JSON.stringify(body)}`, () => {
      const error = problem(decode({ body, headers: { "content-type": "text/html; charset=utf-8" } }))
      assert.strictEqual(error._tag, "InvalidTokenResponse")
      assert.include(error.message, "text/html instead of a JSON token response")
      assert.notInclude(error.message, "t0k3n")
    })
  }

  it("R7 is an error response by RFC 6749 section 5.2, without secrets and line breaks", () => {
    const error = problem(decode({
      status: 400,
      body: JSON.stringify({
        error: "invalid_scope",
        error_description: `no\n\u001b[31m s3cr3t ${"x".repeat(1000)}`,
        error_uri: "https://e.example"
      })
    }))
    assert.instanceOf(error, OAuthError.TokenErrorResponse)
    assert.strictEqual(error.error, "invalid_scope")
    assert.strictEqual(error.errorUri, "https://e.example")
    assert.match(error.errorDescription ?? "", /^<redacted>$/)
    assert.isBelow(error.message.length, 600)
    assert.include(error.message, "OAUTH_SCOPE")
    assert.isFalse(error.retryable)
  })

  it("R2 is rejected with a bearer token where one bound to a key is expected, and vice versa", () => {
    const body = (type: string) => JSON.stringify({ access_token: "t0k3n", token_type: type })
    assert.isTrue(Either.isRight(decode({ body: body("dpop") }, { type: "DPoP" })))
    for (const [answered, expected] of [["Bearer", "DPoP"], ["DPoP", "Bearer"]] as const) {
      const error = problem(decode({ body: body(answered) }, { type: expected }))
      assert(error._tag === "InvalidTokenResponse")
      assert.include(error.message, `where "${expected}" is expected`)
    }
  })

  it("R5 ignores a refresh token", () => {
    const result = issued({ refresh_token: "r3fr3sh" })
    assert.notInclude(JSON.stringify(Object.entries(result)), "r3fr3sh")
  })

  it("keeps other members, which are not printed, and are decoded by a schema", () => {
    const other = { instance_url: "https://eu7.example.com", n: 17, refresh_token: "r3fr3sh", id_token: "1d" }
    const result = issued(other)
    const Members = Schema.Struct({ instance_url: Schema.String })
    assert.deepStrictEqual(AccessToken.membersOf(result, Members), Option.some({ instance_url: other.instance_url }))
    assert.notInclude(inspect(result, { showHidden: true, depth: 9 }) + JSON.stringify(result), "eu7")
    assert.notMatch(Redacted.value(result.members ?? assert.fail()), /r3fr3sh|1d|t0k3n/)
    assert.deepStrictEqual(AccessToken.membersOf(result, Schema.Struct({ n: Schema.String })), Option.none())
    assert.deepStrictEqual(AccessToken.membersOf(issued({}), Members), Option.none())
  })

  it("keeps other members up to 8,192 characters, with a warning", () => {
    const { token: result, warnings } = Either.getOrThrow(token({ more: "x".repeat(9000) }))
    assert.isUndefined(result.members)
    assert.include(warnings.join(), "AccessToken.membersOf")
  })

  it("may be nested and renamed if a schema of the user decodes it", () => {
    const nested = { response: Schema.decodeUnknownOption(schemas.nested) }
    const data = { token: "t0k3n", ttl: 60, token_type: "Bearer", host: "eu7" }
    for (const body of [{ data }, { error: { code: 0, message: "success" }, data }, { message: "ok", data }]) {
      const { token: result } = Either.getOrThrow(decode({ body: JSON.stringify(body) }, nested))
      assert.strictEqual(Redacted.value(result.value), "t0k3n")
      assert.strictEqual(result.expiresAt - result.requestedAt, 60_000)
      const members = AccessToken.membersOf(result, Schema.Struct({ host: Schema.String }))
      assert.deepStrictEqual(members, Option.some({ host: "eu7" }))
    }
    const other = problem(decode({ body: JSON.stringify({ data: {} }) }, nested))
    assert.include(other.message, "tokenResponse")
    const rejected = problem(
      decode({ status: 401, body: JSON.stringify({ error: "invalid_client", data }) }, nested)
    )
    assert.strictEqual(rejected._tag, "TokenErrorResponse")
    const unread = problem(decode({ body: JSON.stringify({ data }) }))
    assert.include(unread.message, "set tokenResponse to a function")
    assert.include(
      problem(decode({ body: "{}" }, { response: Schema.decodeUnknownOption(schemas.throwing) })).message,
      "tokenResponse"
    )
  })

  for (const status of [200, 201, 203]) {
    it(`is JSON for every content type, also with a byte order mark, with ${status}`, () => {
      for (const type of [undefined, "text/html", "application/octet-stream"]) {
        const body = JSON.stringify({ access_token: "t0k3n", token_type: "Bearer", expires_in: "59.5" })
        const headers = type === undefined ? {} : { "content-type": type }
        for (const text of [body, `\ufeff${body}`]) {
          assert.isTrue(Either.isRight(decode({ status, body: text, headers })), text)
        }
      }
    })
  }

  it("shows no scope that repeats a secret, unless it was requested", () => {
    const body = JSON.stringify({ access_token: "t", token_type: "bearer", scope: "a s3cr3t &#115;3cr3t b" })
    assert.deepStrictEqual(Either.getOrThrow(decode({ body })).token.scope, ["a", "b"])
    const asked = Either.getOrThrow(decode({ body }, { requestedScope: ["s3cr3t"] }))
    assert.deepStrictEqual(asked.token.scope, ["a", "s3cr3t", "b"])
  })

  it("R8 does not decode the token: a JWT with an expiry in the past has the lifetime of the response", () => {
    const expired = `${btoa(`{"alg":"none"}`)}.${btoa(`{"exp":1}`)}.x`
    const { expiresAt } = issued({ access_token: expired, expires_in: 60 })
    assert.strictEqual(expiresAt, 1_000_000 + 60_000)
  })

  it("T7 reports a narrower scope, and rejects it when all of it is required", () => {
    const narrow = { body: JSON.stringify({ access_token: "t", token_type: "bearer", scope: "a c" }) }
    assert.deepStrictEqual(Either.getOrThrow(decode(narrow)).token.scope, ["a", "c"])
    assert.isTrue(Either.isRight(decode(narrow, { requiredScope: ["a"] })))
    const error = problem(decode(narrow, { requiredScope: ["a", "b"] }))
    assert.include(error.message, "lacks the scope \"b\"")
    // A response without a scope grants the requested scope.
    const silent = { body: JSON.stringify({ access_token: "t", token_type: "bearer" }) }
    assert.isTrue(Either.isRight(decode(silent, { requiredScope: ["a", "b"] })))
  })

  it("is invalid_client when the status is 403 and the body empty, as some servers respond", () => {
    const error = problem(decode({ status: 403, body: "" }))
    assert(error._tag === "TokenErrorResponse")
    assert.strictEqual(error.error, "invalid_client")
  })

  it("is invalid_client when the status is 401 without further information", () => {
    const error = problem(decode({ status: 401 }))
    assert(error._tag === "TokenErrorResponse")
    assert.strictEqual(error.error, "invalid_client")
  })

  for (const status of [408, 425, 429, 500, 502, 503, 504]) {
    it(`is "not now" with ${status}`, () => {
      const error = problem(decode({ status, headers: { "retry-after": "17" }, body: "<html>" }))
      assert(error._tag === "TokenEndpointUnavailable")
      assert.isTrue(error.retryable)
      assert.deepStrictEqual(error.retryAfter, Duration.seconds(17))
    })
  }

  for (const status of [400, 403, 404, 405]) {
    it(`is not a token response with ${status} and a page`, () => {
      assert.strictEqual(problem(decode({ status, body: "<html>" }))._tag, "InvalidTokenResponse")
    })
  }

  for (
    const [header, millis] of [
      [undefined, undefined],
      ["17", 17_000],
      [" 0 ", 0],
      ["999999999", 86_400_000],
      ["-1", undefined],
      ["1.5", undefined],
      ["soon", undefined],
      ["Thu, 01 Jan 1970 00:00:20 GMT", 20_000 - 2000],
      ["Thu, 01 Jan 1970 00:00:01 GMT", 0],
      ["Thu, 01 Jan 2970 00:00:01 GMT", 86_400_000]
    ] as const
  ) {
    it(`R9 reads Retry-After: ${header}`, () => {
      const wait = retryAfter(header === undefined ? {} : { "retry-after": header }, 2000)
      assert.strictEqual(wait, millis)
    })
  }

  it.prop(
    "is a token or a typed error for any response, and no error contains a secret or a token",
    [
      fc.integer({ min: 100, max: 999 }),
      fc.oneof(
        fc.string({ unit: "binary" }),
        fc.json(),
        fc.record({
          access_token: fc.oneof(fc.constantFrom("t0k3n", "a b"), fc.anything()),
          token_type: fc.oneof(fc.constantFrom("Bearer", "t0k3n", "s3cr3t"), fc.anything()),
          expires_in: fc.oneof(fc.integer(), fc.constant("s3cr3t"), fc.anything()),
          error: fc.oneof(fc.constantFrom("s3cr3t", "invalid_client"), fc.anything()),
          error_description: fc.oneof(fc.constant("... s3cr3t ..."), fc.anything())
        }, { requiredKeys: [] }).map((members) =>
          JSON.stringify(members, (_, value: unknown) => typeof value === "bigint" ? Number(value) : value)
        )
      ),
      fc.record({ "content-type": fc.string(), "retry-after": fc.string(), location: fc.webUrl() }, {
        requiredKeys: []
      })
    ],
    ([status, body, headers]) => {
      const result = decode({ status, body, headers })
      if (Either.isRight(result)) {
        assert.isAtLeast(result.right.token.expiresAt, result.right.token.requestedAt)
      } else {
        assert.isTrue(OAuthError.isOAuthError(result.left))
        // Beside another token, "t0k3n" is not a secret.
        const secrets = body.includes("\"access_token\":\"t0k3n\"") ? /t0k3n|s3cr3t/ : /s3cr3t/
        assert.notMatch(`${result.left.message}${JSON.stringify(result.left)}`, secrets)
      }
    }
  )
})
