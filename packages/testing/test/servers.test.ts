/**
 * Each server of the table: it refuses what it states in the way it states, its tokens are as it states, and the clients of the
 * library get a token where they are configured for it, or the error of that server.
 */
import { HttpClient, HttpClientRequest } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { ClientAuthentication, type ClientCredentials, TokenCache } from "@effect-oauth/client-credentials"
import { OAuthTest, TestApi, TestAuthorizationServer } from "@effect-oauth/testing"
import { Effect, Layer, Redacted, TestClock } from "effect"
import { createLocalJWKSet, exportJWK, exportPKCS8, generateKeyPair, type JSONWebKeySet, jwtVerify } from "jose"

import type { Situation } from "../src/internal/behavior.js"
import * as servers from "../src/internal/servers.js"

const secret = "s3cr3t/+ %:x"
const audience = "https://api.example.com"
const scope = "items:read"

const options = (server: servers.Server): TestAuthorizationServer.Options => ({
  server,
  scopes: [scope],
  audiences: [audience],
  dailyLimit: 2,
  clients: [
    { id: "client", secret },
    { id: "other", secret, method: "client_secret_jwt" },
    { id: "bound", secret, method: "client_secret_post", dpop: true }
  ]
})

const network = (options: TestAuthorizationServer.Options) =>
  OAuthTest.layerHttpClient().pipe(
    Layer.provide(TestApi.layer()),
    Layer.provideMerge(TestAuthorizationServer.layer(options))
  )

type Form = ReadonlyArray<readonly [string, string]>

interface Sent {
  readonly path?: string
  readonly client?: string
  readonly secret?: string
  readonly form?: Form
  readonly body?: string
  readonly type?: string
  readonly headers?: Readonly<Record<string, string>>
}

const encoded = (text: string) => new URLSearchParams({ "": text }).toString().slice(1)

/** A token request, by the first method and in a format that the server takes. */
const send = (server: servers.Server, sent: Sent) =>
  Effect.gen(function*() {
    const { basicEncoding, requestFormat, secretMethods } = servers.behaviorOf(server)
    const { tokenUrl } = yield* TestAuthorizationServer.TestAuthorizationServer
    const client = yield* HttpClient.HttpClient
    const [id, key] = [sent.client ?? "client", sent.secret ?? secret]
    const basic = secretMethods[0] === "client_secret_basic" && id !== "bound"
    const pair = basicEncoding === "raw" ? [id, key] : [encoded(id), encoded(key)]
    const credentials: Form = basic || sent.client === "" ? [] : [["client_id", id], ["client_secret", key]]
    const pairs = [...credentials, ...(sent.form ?? [])]
    const json = requestFormat === "json"
    const body = sent.body ??
      (json
        ? JSON.stringify(Object.fromEntries(pairs))
        : new URLSearchParams(pairs as Array<[string, string]>).toString())
    const response = yield* client.execute(
      HttpClientRequest.post(new URL(sent.path ?? "", tokenUrl)).pipe(
        HttpClientRequest.bodyText(
          body,
          sent.type ?? (json ? "application/json" : "application/x-www-form-urlencoded")
        ),
        HttpClientRequest.setHeaders({
          ...(basic && sent.client !== "" ? { authorization: `Basic ${btoa(pair.join(":"))}` } : {}),
          ...sent.headers
        })
      )
    )
    const text = yield* response.text
    return { status: response.status, text, headers: response.headers }
  })

const grant: Form = [["grant_type", "client_credentials"]]
const whole: Form = [...grant, ["scope", scope], ["audience", audience]]

/** A request for each situation. */
const requests: Readonly<Record<Exclude<Situation, "noNonce">, Sent>> = {
  malformed: { form: [...whole, ["scope", scope]] },
  otherFormat: { body: "<a/>", type: "text/xml" },
  noCredentials: { client: "", form: whole },
  severalMethods: {
    client: "",
    form: [...whole, ["client_id", "client"], ["client_secret", secret]],
    headers: { authorization: `Basic ${btoa(`client:${secret}`)}` }
  },
  unknownClient: { client: "nobody", form: whole },
  wrongCredential: { secret: "wrong", form: whole },
  otherMethod: { client: "other", form: whole },
  noGrantType: { form: [["scope", scope], ["audience", audience]] },
  otherGrantType: { form: [["grant_type", "password"]] },
  noScope: { form: [...grant, ["audience", audience]] },
  unknownScope: { form: [...grant, ["scope", "items:raed"], ["audience", audience]] },
  noTarget: { form: [...grant, ["scope", scope]] },
  unknownResource: { form: [...whole, ["resource", "https://nowhere.example"]] },
  unknownAudience: { form: [...grant, ["scope", scope], ["audience", "https://nowhere.example"]] },
  noProof: { client: "bound", form: whole },
  wrongProof: { form: whole, headers: { dpop: "no proof" } },
  limit: { form: whole },
  wrongPath: { path: "/nowhere" }
}

/** Whether the server refuses the request of a situation at all. */
const isRefused = (server: servers.Server, situation: Situation): boolean => {
  const { missingScope, missingTarget, target } = servers.behaviorOf(server)
  switch (situation) {
    case "noScope":
      return missingScope === "refused"
    case "noTarget":
      return missingTarget === "refused"
    case "unknownResource":
      return target === "any" || target === "resource"
    case "unknownAudience":
      return target === "any" || target === "audience"
    default:
      return true
  }
}

for (const server of servers.names) {
  const { refusals } = servers.behaviorOf(server)
  describe(server, () => {
    for (const [situation, sent] of Object.entries(requests) as ReadonlyArray<[keyof typeof requests, Sent]>) {
      const expected = refusals[situation]
      const name = isRefused(server, situation)
        ? `${situation}: ${expected.status} ${expected.error}`
        : `${situation}: a token`
      it.effect(name, () =>
        Effect.gen(function*() {
          // The limit counts what was issued before.
          if (situation === "limit") {
            yield* Effect.replicateEffect(send(server, { form: whole }), 2)
          }
          const answer = yield* send(server, sent)
          const { received } = yield* TestAuthorizationServer.TestAuthorizationServer
          const { error, problem } = (yield* received).at(-1) ?? assert.fail()
          if (!isRefused(server, situation)) {
            assert.strictEqual(answer.status, servers.behaviorOf(server).tokenStatus)
            return assert.isUndefined(problem)
          }
          assert.strictEqual(answer.status, expected.status)
          assert.isString(problem)
          assert.strictEqual(error, expected.error)
          if (expected.shape === undefined && expected.error !== undefined) {
            assert.strictEqual((JSON.parse(answer.text) as { readonly error?: string }).error, expected.error)
          }
          return undefined
        }).pipe(Effect.provide(network(options(server)))))
    }
  })
}

/** Facts of the table once more, as they were recorded: status and body of a refusal. */
const recorded: ReadonlyArray<readonly [servers.Server, keyof typeof requests, number, object]> = [
  ["auth0", "wrongCredential", 401, { error: "access_denied", error_description: "Unauthorized" }],
  ["auth0", "unknownAudience", 403, {
    error: "access_denied",
    error_description: "Service not enabled within domain: https://nowhere.example"
  }],
  ["auth0", "unknownScope", 403, {
    error: "access_denied",
    error_description: "Client has not been granted scopes: items:raed"
  }],
  ["keycloak", "wrongCredential", 401, {
    error: "unauthorized_client",
    error_description: "Invalid client or Invalid client credentials"
  }],
  ["keycloak", "unknownClient", 401, {
    error: "invalid_client",
    error_description: "Invalid client or Invalid client credentials"
  }],
  ["okta", "unknownClient", 401, {
    errorCode: "invalid_client",
    errorSummary: "Invalid value for 'client_id' parameter.",
    errorLink: "invalid_client",
    errorCauses: []
  }],
  ["uaa", "wrongCredential", 401, { error: "unauthorized", error_description: "Bad credentials" }],
  ["cognito", "wrongCredential", 400, { error: "invalid_client" }],
  ["twitch", "wrongCredential", 403, { status: 403, message: "invalid client secret" }],
  ["fedex", "noGrantType", 422, {
    errors: [{ code: "BAD.REQUEST.ERROR", message: "Missing or duplicate parameters." }]
  }],
  ["vertex", "limit", 400, {
    error: "invalid_request",
    error_description: "Client client has exceeded the rate limit of 2 tokens/86400 seconds"
  }]
]

describe("recorded refusals", () => {
  for (const [server, situation, status, body] of recorded) {
    it.effect(`${server}, ${situation}: ${status} ${JSON.stringify(body)}`, () =>
      Effect.gen(function*() {
        if (situation === "limit") yield* Effect.replicateEffect(send(server, { form: whole }), 2)
        const answer = yield* send(server, requests[situation])
        assert.deepStrictEqual([answer.status, JSON.parse(answer.text)], [status, body])
      }).pipe(Effect.provide(network(options(server)))))
  }

  it.effect("auth0: the quota of the day in UTC, on success and on 429", () =>
    Effect.gen(function*() {
      yield* TestClock.adjust("20 hours")
      const answers = yield* Effect.replicateEffect(send("auth0", { form: whole }), 3)
      assert.deepStrictEqual(
        answers.map(({ headers, status }) => [status, headers["auth0-client-quota-limit"], headers["retry-after"]]),
        [
          [200, "b=per_day;q=2;r=1;t=14400", undefined],
          [200, "b=per_day;q=2;r=0;t=14400", undefined],
          [429, "b=per_day;q=2;r=0;t=14400", "14400"]
        ]
      )
      yield* TestClock.adjust("4 hours")
      assert.strictEqual((yield* send("auth0", { form: whole })).status, 200)
    }).pipe(Effect.provide(network(options("auth0")))))
})

/** What the library's client has to state for each server, beside its credentials. */
const configured: { readonly [Name in servers.Server]?: Partial<ClientCredentials.Options> } = {
  auth0: { audience },
  keycloak: { scope, clientAuthentication: "client_secret_basic" },
  entra: { scope },
  okta: { scope, basicEncoding: "raw" },
  cognito: { clientAuthentication: "client_secret_basic", basicEncoding: "raw" },
  apigee: { tokenType: "assume-bearer" },
  shopify: { tokenType: "assume-bearer" },
  "oidc-provider": { clientAuthentication: "client_secret_basic" }
}

/** What goes wrong without one of them. */
const misconfigured: ReadonlyArray<
  readonly [servers.Server, Partial<ClientCredentials.Options>, tag: string, code: string | undefined]
> = [
  [
    "generic",
    { clientAuthentication: "client_secret_basic", basicEncoding: "raw" },
    "TokenErrorResponse",
    "invalid_client"
  ],
  ["generic", { requestFormat: "json" }, "TokenErrorResponse", "invalid_request"],
  ["generic", { scope: "items:raed" }, "TokenErrorResponse", "invalid_scope"],
  ["generic", { resource: "https://nowhere.example" }, "TokenErrorResponse", "invalid_target"],
  ["generic", { audience: "https://nowhere.example" }, "TokenErrorResponse", "access_denied"],
  ["auth0", { audience: undefined }, "TokenErrorResponse", "access_denied"],
  ["keycloak", { scope: "items:raed" }, "TokenErrorResponse", "invalid_scope"],
  ["entra", { scope: undefined }, "TokenErrorResponse", "invalid_request"],
  ["okta", { scope: undefined }, "TokenErrorResponse", "invalid_scope"],
  [
    "okta",
    { basicEncoding: undefined, clientAuthentication: "client_secret_post" },
    "TokenErrorResponse",
    "invalid_client"
  ],
  ["cognito", { basicEncoding: "form" }, "TokenErrorResponse", "invalid_client"],
  ["apigee", { tokenType: "verify" }, "InvalidTokenResponse", undefined],
  ["shopify", { tokenType: "verify" }, "InvalidTokenResponse", undefined]
]

const clientOf = (server: servers.Server, more: Partial<ClientCredentials.Options> = {}) =>
  OAuthTest.layer({
    server: options(server),
    client: {
      clientId: "client",
      clientSecret: Redacted.make(secret),
      tokenCache: { retryTimeout: 0 },
      ...configured[server],
      ...more
    }
  })

const token = Effect.flatMap(TokenCache.TokenCache, ({ get }) => get)

describe("clients of the library", () => {
  for (const server of servers.names) {
    it.effect(`${server}: a token for a client that is configured for it`, () =>
      Effect.gen(function*() {
        const { value } = yield* token
        const { issued } = yield* TestAuthorizationServer.TestAuthorizationServer
        assert.deepStrictEqual((yield* issued).map((one) => Redacted.value(one.value)), [Redacted.value(value)])
      }).pipe(Effect.provide(clientOf(server))))
  }

  for (const [server, more, tag, code] of misconfigured) {
    it.effect(`${server}: ${code ?? tag} for one with ${JSON.stringify(more)}`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(token)
        assert.strictEqual(error._tag, tag)
        assert.strictEqual(error._tag === "TokenErrorResponse" ? error.error : undefined, code)
      }).pipe(Effect.provide(clientOf(server, more))))
  }

  for (const contentCoding of ["gzip", "deflate", "br"] as const) {
    it.effect(`decodes ${contentCoding}, unasked`, () =>
      Effect.gen(function*() {
        yield* token
        yield* OAuthTest.expect({ tokensIssued: 1 })
      }).pipe(Effect.provide(OAuthTest.layer({ server: { contentCoding }, api: { contentCoding } }))))
  }
})

describe("JWT access tokens", () => {
  it.effect("are verified with the keys of the server", () =>
    Effect.gen(function*() {
      const { value } = yield* token
      const { issuer, jwksUrl } = yield* TestAuthorizationServer.TestAuthorizationServer
      const keys = yield* Effect.flatMap(HttpClient.get(jwksUrl), ({ json }) => json).pipe(
        Effect.provide(OAuthTest.layerHttpClient()),
        Effect.map((json) => json as unknown as JSONWebKeySet)
      )
      const { payload, protectedHeader } = yield* Effect.promise(() =>
        jwtVerify(Redacted.value(value), createLocalJWKSet(keys), { issuer, audience, currentDate: new Date(0) })
      )
      assert.deepStrictEqual(payload, {
        iss: issuer,
        sub: "test-client",
        aud: audience,
        client_id: "test-client",
        iat: 0,
        exp: 3600,
        jti: "token-1",
        scope,
        tenant: "acme"
      })
      assert.deepInclude(protectedHeader, { alg: "RS256", typ: "at+jwt" })
    }).pipe(Effect.provide(OAuthTest.layer({
      server: {
        accessTokens: "jwt",
        tokenLife: "1 hour",
        scopes: [scope],
        audiences: [audience],
        claims: { tenant: "acme" }
      },
      client: { scope, audience }
    }))))
})

describe("client assertions", () => {
  const key = Effect.promise(async () => {
    const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true })
    return { pem: Redacted.make(await exportPKCS8(privateKey)), jwk: { ...(await exportJWK(publicKey)), alg: "ES256" } }
  })

  for (
    const [name, server, options, problem] of [
      ["for the issuer", { assertionAudiences: ["issuer"] }, { audience: "issuer" }, undefined],
      ["for the token endpoint", { assertionAudiences: ["token_endpoint"] }, { audience: "token_endpoint" }, undefined],
      ["for the token endpoint, where it must be the issuer", { assertionAudiences: ["issuer"] }, {
        audience: "token_endpoint"
      }, "aud"],
      ["for the issuer, where it must be the token endpoint", { server: "okta" }, { audience: "issuer" }, "aud"],
      ["that lasts too long", { assertionLife: "1 minute" }, { life: "2 minutes" }, "60 seconds"]
    ] as const
  ) {
    it.effect(name, () =>
      Effect.gen(function*() {
        const { jwk, pem } = yield* key
        const outcome = yield* Effect.gen(function*() {
          yield* Effect.either(token)
          const { received } = yield* TestAuthorizationServer.TestAuthorizationServer
          return (yield* received).find(({ endpoint }) => endpoint === "token")
        }).pipe(Effect.provide(OAuthTest.layer({
          server: { ...server, scopes: [scope], clients: [{ id: "client", keys: [jwk] }] },
          client: {
            clientId: "client",
            scope,
            issuer: "https://auth.test",
            tokenUrl: "server" in server ? "https://auth.test/oauth2/default/v1/token" : "https://auth.test/token",
            clientAuthentication: ClientAuthentication.privateKeyJwt({ key: pem, ...options }),
            tokenCache: { retryTimeout: 0 }
          }
        })))
        assert.strictEqual(outcome?.status, problem === undefined ? 200 : 401)
        if (problem === undefined) assert.isUndefined(outcome?.problem)
        else assert.include(outcome?.problem, problem)
      }))
  }
})

describe("one token per client", () => {
  const twice = Effect.gen(function*() {
    const cache = yield* TokenCache.TokenCache
    const first = yield* cache.get
    const second = yield* cache.refresh(first)
    const { issued } = yield* TestAuthorizationServer.TestAuthorizationServer
    return {
      isSame: Redacted.value(first.value) === Redacted.value(second.value),
      revoked: (yield* issued).map(({ revoked }) => revoked)
    }
  })

  for (
    const [onePerClient, expected] of [
      ["none", { isSame: false, revoked: [false, false] }],
      ["reissue", { isSame: true, revoked: [false] }],
      ["revoke", { isSame: false, revoked: [true, false] }]
    ] as const
  ) {
    it.effect(onePerClient, () =>
      Effect.gen(function*() {
        assert.deepStrictEqual<object>(yield* twice, expected)
      }).pipe(Effect.provide(OAuthTest.layer({ server: { onePerClient } }))))
  }
})

describe("scopes", () => {
  for (
    const [name, server, requested, granted] of [
      ["none by default", {}, undefined, []],
      ["all that the client has", { missingScope: "all" }, undefined, ["items:read", "items:write"]],
      [
        "its default scopes",
        { clients: [{ id: "test-client", secret: "test-secret", defaultScope: ["basic"] }] },
        undefined,
        [
          "basic"
        ]
      ],
      ["narrowed", { unknownScope: "narrowed" }, "items:read admin", ["items:read"]],
      ["narrowed without saying so", { unknownScope: "narrowed", statesScope: false }, "items:read admin", [
        "items:read"
      ]]
    ] as const
  ) {
    it.effect(name, () =>
      Effect.gen(function*() {
        yield* token
        const { issued } = yield* TestAuthorizationServer.TestAuthorizationServer
        assert.deepStrictEqual((yield* issued).map(({ scope }) => scope), [granted])
      }).pipe(Effect.provide(OAuthTest.layer({
        server: { scopes: ["items:read", "items:write"], ...server },
        client: { scope: requested }
      }))))
  }
})

describe("refusals that a test states", () => {
  it.effect("an empty body, and a firewall that misses User-Agent", () =>
    Effect.gen(function*() {
      const { tokenUrl } = yield* TestAuthorizationServer.TestAuthorizationServer
      const client = yield* HttpClient.HttpClient
      const request = HttpClientRequest.post(tokenUrl).pipe(
        HttpClientRequest.bodyText(
          "grant_type=client_credentials&client_id=nobody",
          "application/x-www-form-urlencoded"
        )
      )
      const blocked = yield* client.execute(request)
      assert.strictEqual(blocked.status, 403)
      const refused = yield* client.execute(HttpClientRequest.setHeader(request, "user-agent", "test"))
      assert.deepStrictEqual([refused.status, yield* refused.text], [401, ""])
    }).pipe(
      Effect.provide(network({
        requireUserAgent: true,
        refusals: { unknownClient: { status: 401, error: undefined } }
      }))
    ))

  for (
    const [shape, body] of [
      ["standard", { error: "Not Found", error_description: "nothing here" }],
      ["gateway", { message: "nothing here" }],
      ["google", { error: { code: 404, message: "nothing here", status: "Not Found" } }]
    ] as const
  ) {
    it.effect(`a wrong path, in the shape "${shape}"`, () =>
      Effect.gen(function*() {
        const answer = yield* send("generic", { path: "/oauth/tokens" })
        assert.deepStrictEqual<unknown>([answer.status, JSON.parse(answer.text)], [404, body])
      }).pipe(Effect.provide(network({
        refusals: { wrongPath: { status: 404, error: "Not Found", description: "nothing here", shape } }
      }))))
  }
})
