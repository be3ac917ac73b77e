import { HttpApi, HttpApiClient, HttpApiEndpoint, HttpApiGroup } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { ApiClient, TokenRequest } from "@effect-oauth/client-credentials"
import { Effect, Equal, FastCheck as fc, Hash, Schema } from "effect"

import * as scenario from "./support/scenario.js"

const request = TokenRequest.make({
  tokenUrl: "https://auth.example.com/oauth/token?tenant=1",
  clientId: "inventory-sync",
  audience: "https://api.example.com"
})

const scopes = fc.array(fc.constantFrom("a", "b", "c:d", "E"), { maxLength: 6 })

describe("TokenRequest", () => {
  it.prop("is equal to another exactly when it asks for the same", [scopes, scopes], ([one, other]) => {
    const same = new Set(one).size === new Set([...one, ...other]).size &&
      new Set(other).size === new Set([...one, ...other]).size
    for (const name of ["scope", "resource"] as const) {
      const left = TokenRequest.change(request, { [name]: one })
      const right = TokenRequest.change(request, { [name]: other.join(" ") })
      assert.strictEqual(Equal.equals(left, right), same)
      if (same) assert.strictEqual(Hash.hash(left), Hash.hash(right))
    }
  })

  it("differs in everything that shapes it", () => {
    const others = [
      new TokenRequest.TokenRequest({ ...request, tokenUrl: "https://auth.example.com/oauth/token?tenant=2" }),
      new TokenRequest.TokenRequest({ ...request, clientId: "other" }),
      new TokenRequest.TokenRequest({ ...request, clientAuthentication: "client_secret_basic" }),
      new TokenRequest.TokenRequest({ ...request, requestFormat: "json" }),
      TokenRequest.change(request, { audience: "other" }),
      TokenRequest.change(request, { scope: "a" }),
      TokenRequest.change(request, { resource: "urn:a" }),
      TokenRequest.change(request, { authorizationDetails: [{ type: "a" }] }),
      TokenRequest.change(request, { parameters: { tenant: "a" } }),
      new TokenRequest.TokenRequest({ ...request, issuer: "https://auth.example.com" }),
      new TokenRequest.TokenRequest({ ...request, dpopThumbprint: "a" })
    ]
    for (const other of others) assert.isFalse(Equal.equals(request, other))
    assert.isTrue(Equal.equals(request, TokenRequest.change(request, {})))
    assert.isTrue(Equal.equals(request, new TokenRequest.TokenRequest(request)))
  })

  it("shows its endpoint without the query", () => {
    assert.strictEqual(request.endpoint, "https://auth.example.com/oauth/token")
  })
})

describe("withChange", () => {
  /** Accepts a call if the scope that its token was asked for is the path. */
  const api = () => {
    const { layer, sent } = scenario.make(
      (call) =>
        Effect.sync(() =>
          call.url.endsWith(`/${(scenario.bearerOf(call) ?? "").slice("Bearer of-".length)}`)
            ? Response.json({ ok: true })
            : scenario.refuse()
        ),
      { scope: "read" },
      (_, token) => scenario.tokenJson(`of-${new URLSearchParams(token.body).get("scope")?.replaceAll(" ", "+")}`)
    )
    const tokens = () => sent.filter(({ url }) => url === scenario.options.tokenUrl).length
    return { layer, tokens }
  }

  it.effect("makes calls with another token, and leaves those around it alone", () => {
    const { layer, tokens } = api()
    return Effect.gen(function*() {
      const client = yield* ApiClient.ApiClient
      const get = (path: string) => Effect.map(client.get(path), ({ status }) => status)
      const writing = TokenRequest.withChange({ scope: "write" })
      assert.deepStrictEqual(
        yield* Effect.all([get("read"), writing(get("write")), get("read"), writing(get("write"))]),
        [200, 200, 200, 200]
      )
      assert.strictEqual(tokens(), 2)
      // Within another change the inner one goes before.
      assert.strictEqual(yield* get("read+write").pipe(TokenRequest.withChange({ scope: "write read" }), writing), 200)
      assert.strictEqual(tokens(), 3)
    }).pipe(Effect.provide(layer))
  })

  it.effect("replays with the token that was asked for in the same way", () => {
    const { layer, tokens } = api()
    return Effect.gen(function*() {
      const client = yield* ApiClient.ApiClient
      yield* client.get("read")
      const refused = yield* client.get("other").pipe(TokenRequest.withChange({ scope: "write" }))
      assert.deepStrictEqual([refused.status, tokens()], [401, 3])
      // The usual token is none the worse for it.
      assert.strictEqual((yield* client.get("read")).status, 200)
      assert.strictEqual(tokens(), 3)
    }).pipe(Effect.provide(layer))
  })

  it.effect("works around the calls of an HttpApiClient", () => {
    const Api = HttpApi.make("api").add(
      HttpApiGroup.make("all").add(
        HttpApiEndpoint.get("write", "/write").addSuccess(Schema.Struct({ ok: Schema.Boolean }))
      )
    )
    const { layer } = api()
    return Effect.gen(function*() {
      const { all } = yield* HttpApiClient.makeWith(Api, { httpClient: yield* ApiClient.ApiClient })
      const { ok } = yield* all.write().pipe(TokenRequest.withChange({ scope: ["write"] }))
      assert.isTrue(ok)
    }).pipe(Effect.provide(layer))
  })

  it.effect("says what is wrong with a parameter, before anything is sent", () => {
    const { layer, tokens } = api()
    return Effect.gen(function*() {
      const client = yield* ApiClient.ApiClient
      const error = yield* Effect.flip(
        TokenRequest.withChange({ audience: "", scope: "\"", resource: "a#b" })(client.get("read"))
      )
      assert(error._tag === "InvalidConfig")
      assert.deepStrictEqual(error.problems.map(({ setting }) => setting), ["audience", "scope", "resource"])
      assert.strictEqual(tokens(), 0)
    }).pipe(Effect.provide(layer))
  })
})
