/**
 * The responses with which APIs reject a token, and their effect on the client of the library: the token is replaced
 * once, if the standards or `rejectedWhen` define the response as a rejection.
 */
import { assert, describe, it } from "@effect/vitest"
import { ApiClient, type ClientCredentials, LegacyToken } from "@effect-oauth/client-credentials"
import { OAuthTest, TestApi, TestAuthorizationServer } from "@effect-oauth/testing"
import { Effect, Layer, Redacted } from "effect"

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

describe("legacy tokens", () => {
  const legacy = (secret: string) =>
    LegacyToken.layer({ apiBaseUrl: "https://api.test", tokenId: "id", tokenSecret: Redacted.make(secret) }).pipe(
      Layer.provide(OAuthTest.layerHttpClient()),
      Layer.provideMerge(
        TestApi.layer({
          legacyTokens: [{ id: "id", secret: "a:b" }],
          handler: (_request, { clientId, number }) => Effect.succeed(Response.json([clientId, number]))
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
})
