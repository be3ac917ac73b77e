import { HttpApi, HttpApiClient, HttpApiEndpoint, HttpApiGroup } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { ApiClient, TokenRequest } from "@effect-oauth/client-credentials"
import { OAuthTest } from "@effect-oauth/testing"
import { Effect, Either, Equal, FastCheck as fc, Hash, Redacted, Schema } from "effect"

import * as tokenRequests from "../src/internal/models/tokenRequests.js"

const request = tokenRequests.make({
  tokenUrl: "https://auth.example.com/oauth/token?tenant=1",
  clientId: "inventory-sync",
  audience: "https://api.example.com"
})

const scopes = fc.array(fc.constantFrom("a", "b", "c:d", "E"), { maxLength: 6 })

describe("TokenRequest", () => {
  it.prop("is equal to another exactly when it requests the same token", [scopes, scopes], ([one, other]) => {
    const same = new Set(one).size === new Set([...one, ...other]).size &&
      new Set(other).size === new Set([...one, ...other]).size
    for (const name of ["scope", "resource"] as const) {
      const left = tokenRequests.override(request, { [name]: one })
      const right = tokenRequests.override(request, { [name]: other.join(" ") })
      assert.strictEqual(Equal.equals(left, right), same)
      if (same) assert.strictEqual(Hash.hash(left), Hash.hash(right))
    }
  })

  it("differs in every field that shapes the request", () => {
    const others = [
      new TokenRequest.TokenRequest({ ...request, tokenUrl: "https://auth.example.com/oauth/token?tenant=2" }),
      new TokenRequest.TokenRequest({ ...request, clientId: "other" }),
      new TokenRequest.TokenRequest({ ...request, clientAuthentication: "client_secret_basic" }),
      new TokenRequest.TokenRequest({ ...request, requestFormat: "json" }),
      new TokenRequest.TokenRequest({ ...request, grant: "grant_type=custom" }),
      tokenRequests.override(request, { onBehalfOf: Redacted.make("a") }),
      tokenRequests.override(request, { audience: "other" }),
      tokenRequests.override(request, { scope: "a" }),
      tokenRequests.override(request, { resource: "urn:a" }),
      tokenRequests.override(request, { authorizationDetails: [{ type: "a" }] }),
      tokenRequests.override(request, { parameters: { tenant: "a" } }),
      new TokenRequest.TokenRequest({ ...request, issuer: "https://auth.example.com" }),
      new TokenRequest.TokenRequest({ ...request, dpopThumbprint: "a" })
    ]
    for (const other of others) assert.isFalse(Equal.equals(request, other))
    assert.isTrue(Equal.equals(request, tokenRequests.override(request, {})))
    assert.isTrue(Equal.equals(request, new TokenRequest.TokenRequest(request)))
  })

  it("shows its endpoint without the query", () => {
    assert.strictEqual(request.endpoint, "https://auth.example.com/oauth/token")
  })
})

describe("withOverrides", () => {
  /** An API that accepts a call if the scope of its token is the path. */
  const Test = OAuthTest.layer({
    api: {
      handler: (request, { scope }) =>
        Effect.sync(() =>
          new URL(request.url).pathname === `/${scope.join("+")}`
            ? Response.json({ ok: true })
            : new Response("", { status: 401 })
        )
    },
    server: { scopes: ["read", "write"] },
    client: { scope: "read" }
  })

  it.effect("sends calls with another token, and leaves those around it unchanged", () =>
    Effect.gen(function*() {
      const client = yield* ApiClient.ApiClient
      const get = (path: string) => Effect.map(client.get(path), ({ status }) => status)
      const writing = TokenRequest.withOverrides({ scope: "write" })
      assert.deepStrictEqual(
        yield* Effect.all([get("read"), writing(get("write")), get("read"), writing(get("write"))]),
        [200, 200, 200, 200]
      )
      yield* OAuthTest.expect({ callsPerToken: [2, 2] })
      // Of nested overrides, the inner ones take precedence.
      assert.strictEqual(
        yield* get("read+write").pipe(TokenRequest.withOverrides({ scope: "write read" }), writing),
        200
      )
      yield* OAuthTest.expect({ tokensIssued: 3 })
    }).pipe(Effect.provide(Test)))

  it.effect("replays with the token of the same overrides", () =>
    Effect.gen(function*() {
      const client = yield* ApiClient.ApiClient
      yield* client.get("read")
      const rejected = yield* client.get("other").pipe(TokenRequest.withOverrides({ scope: "write" }))
      assert.strictEqual(rejected.status, 401)
      yield* OAuthTest.expect({ reasons: ["cold", "cold", "rejected"] })
      // The usual token stays valid.
      assert.strictEqual((yield* client.get("read")).status, 200)
      yield* OAuthTest.expect({ callsPerToken: [2, 1, 1] })
    }).pipe(Effect.provide(Test)))

  it.effect("applies to the calls of an HttpApiClient", () =>
    Effect.gen(function*() {
      const Api = HttpApi.make("api").add(
        HttpApiGroup.make("all").add(
          HttpApiEndpoint.get("write", "/write").addSuccess(Schema.Struct({ ok: Schema.Boolean }))
        )
      )
      const { all } = yield* HttpApiClient.makeWith(Api, { httpClient: yield* ApiClient.ApiClient })
      const { ok } = yield* all.write().pipe(TokenRequest.withOverrides({ scope: ["write"] }))
      assert.isTrue(ok)
    }).pipe(Effect.provide(Test)))

  it.effect("rejects options that it would ignore, so that no call carries the token of another request", () =>
    Effect.gen(function*() {
      const client = yield* ApiClient.ApiClient
      const changes: ReadonlyArray<readonly [unknown, ReadonlyArray<string>]> = [
        [{ organization: "b" }, ["organization"]],
        [{ clientId: "b", tokenUrl: "https://auth.example.com", scope: "\"" }, ["clientId", "tokenUrl", "scope"]],
        [{ organization: undefined }, []],
        [null, ["options"]],
        ["audience=b", ["options"]],
        [[], ["options"]]
      ]
      for (const [change, names] of changes) {
        const call = Effect.either(TokenRequest.withOverrides(change as TokenRequest.Overrides)(client.get("read")))
        const problems = yield* Effect.map(
          call,
          (result) =>
            Either.isLeft(result) && result.left._tag === "InvalidConfig"
              ? result.left.problems.map(({ setting }) => setting)
              : []
        )
        assert.deepStrictEqual(problems, names)
      }
      yield* OAuthTest.expect({ tokensIssued: 1 })
    }).pipe(Effect.provide(Test)))

  it.effect("reports an invalid parameter before anything is sent", () =>
    Effect.gen(function*() {
      const client = yield* ApiClient.ApiClient
      const error = yield* Effect.flip(
        TokenRequest.withOverrides({ audience: "", scope: "\"", resource: "a#b" })(client.get("read"))
      )
      assert(error._tag === "InvalidConfig")
      assert.deepStrictEqual(error.problems.map(({ setting }) => setting), ["audience", "scope", "resource"])
      yield* OAuthTest.expect({ tokenRequests: 0 })
    }).pipe(Effect.provide(Test)))
})
