/**
 * The responses with which APIs reject a token, and their effect on the client of the library: the token is replaced
 * once, if the standards or `rejectedWhen` define the response as a rejection.
 */
import { HttpClient } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { ApiClient, type ClientCredentials, LegacyToken } from "@effect-oauth/client-credentials"
import { OAuthTest, TestApi, TestAuthorizationServer } from "@effect-oauth/testing"
import { Effect, Either, Layer, Redacted } from "effect"

import * as rejections from "../src/internal/rejections.js"

const call = Effect.flatMap(ApiClient.ApiClient, (api) => api.get("/items"))

type RejectedWhen = NonNullable<ClientCredentials.Options["rejectedWhen"]>

/** The settings that a user needs; none for status 401 and for 403 with `error="invalid_token"`. */
const stated: { readonly [Name in rejections.Name]?: RejectedWhen } = {
  400: { statuses: [400] },
  403: { statuses: [403] },
  404: { statuses: [404] },
  419: { statuses: [419] },
  440: { statuses: [440] },
  498: { statuses: [498] },
  graphql: { response: ({ body }) => body.includes("UNAUTHENTICATED") },
  redirect: { statuses: [302] },
  "sign-in-page": { response: ({ headers }) => headers["content-type"] === "text/html" }
}

const revoked = Effect.gen(function*() {
  const { revoke } = yield* TestAuthorizationServer.TestAuthorizationServer
  yield* call
  yield* revoke()
  return (yield* call).status
})

describe("rejections", () => {
  for (const name of Object.keys(rejections.table) as ReadonlyArray<rejections.Name>) {
    const { status } = rejections.table[name]
    it.effect(`${name}: the token is replaced`, () =>
      Effect.gen(function*() {
        assert.strictEqual(yield* revoked, 200)
        yield* OAuthTest.expect({ tokensIssued: 2, statuses: [200, status, 200] })
      }).pipe(Effect.provide(OAuthTest.layer({ api: { rejection: name }, client: { rejectedWhen: stated[name] } }))))

    if (stated[name] === undefined) continue
    it.effect(`${name}: the response is returned to the caller without the setting`, () =>
      Effect.gen(function*() {
        yield* Effect.either(revoked)
        yield* OAuthTest.expect({ tokensIssued: 1 })
      }).pipe(Effect.provide(OAuthTest.layer({ api: { rejection: name } }))))
  }

  it.effect("any other response", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* revoked, 200)
      yield* OAuthTest.expect({ statuses: [200, 499, 200] })
    }).pipe(Effect.provide(OAuthTest.layer({
      api: { rejection: { status: 499, body: "no" } },
      client: { rejectedWhen: { statuses: [499] } }
    }))))
})

describe("a missing token", () => {
  const network = (rejection: rejections.Name | rejections.Rejection) =>
    OAuthTest.layerHttpClient().pipe(
      Layer.provide(TestApi.layer({ rejection })),
      Layer.provide(TestAuthorizationServer.layer())
    )

  /** The status, the challenge and the body for these credentials. */
  const outcome = (authorization?: string) =>
    Effect.gen(function*() {
      const client = yield* HttpClient.HttpClient
      const { headers, status, text } = yield* client.get("https://api.test/items", {
        headers: authorization === undefined ? {} : { authorization }
      })
      return { status, challenge: headers["www-authenticate"], body: yield* text }
    })

  /** Those that differ from the response to an invalid token, by its parameters. */
  const withoutCode: { readonly [Name in rejections.Name]?: readonly [status: number, challenge?: string] } = {
    bearer: [401, "Bearer realm=\"test\""],
    expired_token: [401, "Bearer realm=\"test\""],
    token_expired: [401, "Bearer realm=\"test\""],
    "upper-case": [401, "Bearer realm=\"test\""],
    "empty-error": [401, "Bearer realm=\"test\""],
    "single-quotes": [401, "Bearer realm='test'"],
    "403-invalid_token": [403, "Bearer realm=\"test\""],
    419: [401],
    498: [499]
  }

  for (const name of Object.keys(rejections.table) as ReadonlyArray<rejections.Name>) {
    it.effect(`${name}: as an API of this kind responds`, () =>
      Effect.gen(function*() {
        const missing = yield* outcome()
        for (const credentials of ["Bearer", "Bearer ", "Basic dTpw", "token"]) {
          assert.deepStrictEqual(yield* outcome(credentials), missing, credentials)
        }
        const expected = withoutCode[name]
        if (expected === undefined) assert.deepStrictEqual(missing, yield* outcome("Bearer invalid"))
        else assert.deepStrictEqual([missing.status, missing.challenge], [expected[0], expected[1]])
      }).pipe(Effect.provide(network(name))))
  }

  it.effect("any other response", () =>
    Effect.gen(function*() {
      assert.deepInclude(yield* outcome(), { status: 400, body: "none" })
      assert.deepInclude(yield* outcome("Bearer invalid"), { status: 499, body: "no" })
    }).pipe(Effect.provide(network({ status: 499, body: "no", missing: { status: 400, body: "none" } }))))
})

describe("legacy tokens", () => {
  const legacy = (secret: string, options: TestApi.Options = {}) =>
    LegacyToken.layer({ apiBaseUrl: "https://api.test", tokenId: "id", tokenSecret: Redacted.make(secret) }).pipe(
      Layer.provide(OAuthTest.layerHttpClient()),
      Layer.provideMerge(
        TestApi.layer({
          legacyTokens: [{ id: "id", secret: "a:b", scope: ["items:read"] }],
          handler: (_request, { clientId, number }) => Effect.succeed(Response.json([clientId, number])),
          ...options
        })
      ),
      Layer.provideMerge(TestAuthorizationServer.layer())
    )

  it.effect("are accepted by basic auth", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* Effect.flatMap(call, ({ json }) => json), ["id", 0])
    }).pipe(Effect.provide(legacy("a:b"))))

  it.effect("are rejected with another secret", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* call).status, 401)
    }).pipe(Effect.provide(legacy("b"))))

  const status = Effect.map(call, ({ status }) => status)

  it.effect("are rejected by the rule of a test", () =>
    Effect.gen(function*() {
      const { reject } = yield* TestApi.TestApi
      assert.strictEqual(yield* status, 200)
      yield* reject(({ clientId }) => clientId === "id")
      assert.strictEqual(yield* status, 419)
    }).pipe(Effect.provide(legacy("a:b", { rejection: 419 }))))

  it.effect("are rejected with a secret that was replaced", () =>
    Effect.gen(function*() {
      const { changeSecret } = yield* TestApi.TestApi
      yield* changeSecret("id", "new")
      assert.strictEqual(yield* status, 401)
      yield* changeSecret("id", "a:b")
      assert.strictEqual(yield* status, 200)
    }).pipe(Effect.provide(legacy("a:b"))))

  for (
    const [scope, requiredScope, expected] of [
      [["items:read"], ["items:read"], 200],
      [["items:read"], ["items:write"], 403],
      [undefined, ["items:read"], 403],
      [undefined, [], 200]
    ] as const
  ) {
    it.effect(`with the scope ${scope}, where ${requiredScope} is required: ${expected}`, () =>
      Effect.gen(function*() {
        const outcome = yield* Effect.either(status)
        assert.deepStrictEqual(
          Either.isRight(outcome) ? outcome.right : outcome.left._tag,
          expected === 403 ? "InsufficientScope" : expected
        )
        const { calls } = yield* TestApi.TestApi
        assert.deepStrictEqual((yield* calls).map(({ status }) => status), [expected])
      }).pipe(Effect.provide(legacy("a:b", { requiredScope, legacyTokens: [{ id: "id", secret: "a:b", scope }] }))))
  }
})
