/**
 * Clients of the library at each server of the table: a token if they are configured for it, or the error of that
 * server; and the other options of the server.
 */
import { HttpClient, HttpClientRequest } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { ClientAuthentication, type ClientCredentials, TokenCache } from "@effect-oauth/client-credentials"
import { Fault, OAuthTest, TestApi, TestAuthorizationServer } from "@effect-oauth/testing"
import { Effect, Layer, Redacted, TestClock } from "effect"
import {
  createLocalJWKSet,
  exportJWK,
  exportPKCS8,
  generateKeyPair,
  type JSONWebKeySet,
  jwtVerify,
  SignJWT
} from "jose"

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

/** The settings of the library's client for each server, in addition to its credentials. */
const configured: { readonly [Name in servers.Server]?: Partial<ClientCredentials.Options> } = {
  auth0: { audience },
  keycloak: { scope, clientAuthentication: "client_secret_basic" },
  entra: { scope: `${audience}/.default` },
  okta: { scope, basicEncoding: "raw" },
  cognito: { clientAuthentication: "client_secret_basic", basicEncoding: "raw" },
  apigee: { tokenType: "assume-bearer" },
  shopify: { tokenType: "assume-bearer" },
  "oidc-provider": { clientAuthentication: "client_secret_basic" }
}

/** The errors without one of these settings. */
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
  ["entra", { scope }, "TokenErrorResponse", "invalid_scope"],
  ["entra", { scope: "https://nowhere.example/.default" }, "TokenErrorResponse", "invalid_resource"],
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
    it.effect(`decodes ${contentCoding}, without being requested to`, () =>
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

describe("a clock that is ahead", () => {
  for (const [millis, status] of [[0, 200], [3_600_000, 401]] as const) {
    it.effect(`of the server, by ${millis} milliseconds: a client assertion gets ${status}, and Date shows it`, () =>
      Effect.gen(function*() {
        const { privateKey, publicKey } = yield* Effect.promise(() => generateKeyPair("ES256"))
        const jwk = { ...(yield* Effect.promise(() => exportJWK(publicKey))), alg: "ES256" }
        yield* Effect.gen(function*() {
          const { faults, issuer, tokenUrl } = yield* TestAuthorizationServer.TestAuthorizationServer
          const client = yield* HttpClient.HttpClient
          const claims = { iss: "client", sub: "client", aud: issuer, jti: "1", exp: 60 }
          const assertion = yield* Effect.promise(() =>
            new SignJWT(claims).setProtectedHeader({ alg: "ES256" }).sign(privateKey)
          )
          yield* faults.next(Fault.clockOffset(millis))
          const { headers, status: found } = yield* client.execute(
            HttpClientRequest.post(tokenUrl).pipe(HttpClientRequest.bodyUrlParams({
              grant_type: "client_credentials",
              client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
              client_assertion: assertion
            }))
          )
          assert.deepStrictEqual([found, Date.parse(headers["date"] ?? "")], [status, millis])
        }).pipe(Effect.provide(network({ clients: [{ id: "client", keys: [jwk] }] })))
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

describe("token responses", () => {
  const answerTo = (more: Readonly<Record<string, string>>) =>
    Effect.gen(function*() {
      const { tokenUrl } = yield* TestAuthorizationServer.TestAuthorizationServer
      const client = yield* HttpClient.HttpClient
      const response = yield* client.execute(
        HttpClientRequest.post(tokenUrl).pipe(HttpClientRequest.bodyUrlParams({
          grant_type: "client_credentials",
          client_id: "test-client",
          client_secret: "test-secret",
          ...more
        }))
      )
      return { status: response.status, headers: response.headers, bytes: new Uint8Array(yield* response.arrayBuffer) }
    })

  const answer = answerTo({})

  const plain = { access_token: "token-1", token_type: "Bearer" }

  for (
    const [name, server, body] of [
      ["a fraction", { expiresIn: "float" }, { ...plain, expires_in: 3599.75 }],
      ["a string", { expiresIn: "string" }, { ...plain, expires_in: "3600" }],
      ["the time of expiry", { expiresIn: "time" }, { ...plain, expires_in: 3600 }],
      ["its date", { expiresIn: "date" }, { ...plain, expires_in: "1970-01-01T01:00:00.000Z" }],
      ["no lifetime", { expiresIn: "none" }, plain],
      ["an envelope", { envelope: "data" }, { data: { ...plain, expires_in: 3600 } }]
    ] as const
  ) {
    it.effect(name, () =>
      Effect.gen(function*() {
        const { bytes } = yield* answer
        assert.deepStrictEqual<unknown>(JSON.parse(new TextDecoder().decode(bytes)), body)
      }).pipe(Effect.provide(network({ tokenLife: "1 hour", ...server }))))
  }

  it.effect("a byte order mark, which the client of the library skips", () =>
    Effect.gen(function*() {
      const { bytes } = yield* answer
      assert.deepStrictEqual([...bytes.slice(0, 4)], [0xef, 0xbb, 0xbf, 0x7b])
      yield* token.pipe(Effect.provide(OAuthTest.layer({ server: { byteOrderMark: true } })))
    }).pipe(Effect.provide(network({ byteOrderMark: true }))))

  it.effect("limits of an hour and a day, announced together", () =>
    Effect.gen(function*() {
      yield* TestClock.adjust("30 minutes")
      const shown = Effect.map(answer, ({ headers, status }) => [status, headers["quota"], headers["retry-after"]])
      const found = yield* Effect.replicateEffect(shown, 2)
      yield* TestClock.adjust("30 minutes")
      found.push(...(yield* Effect.replicateEffect(shown, 2)))
      assert.deepStrictEqual(found, [
        [200, "b=per_hour;q=1;r=0;t=1800,b=per_day;q=2;r=1;t=84600", undefined],
        [429, "b=per_hour;q=1;r=0;t=1800,b=per_day;q=2;r=1;t=84600", "1800"],
        [200, "b=per_hour;q=1;r=0;t=3600,b=per_day;q=2;r=0;t=82800", undefined],
        [429, "b=per_hour;q=1;r=0;t=3600,b=per_day;q=2;r=0;t=82800", "82800"]
      ])
    }).pipe(Effect.provide(network({ hourlyLimit: 1, dailyLimit: 2, limitWindow: "UTC day", quotaHeader: "quota" }))))

  for (
    const [tokens, per, limitWindow, wait] of [
      [5, "1 minute", "24 hours", 30],
      [5, "1 minute", "UTC day", 30],
      [2, "8 hours", "24 hours", 8 * 3600 - 30],
      [2, "8 hours", "UTC day", 8 * 3600 - 30],
      [50, "12 hours", "24 hours", 12 * 3600 - 30]
    ] as const
  ) {
    it.effect(`a limit of ${tokens} in ${per}, by a window of the kind "${limitWindow}"`, () =>
      Effect.gen(function*() {
        const shown = Effect.map(answer, ({ headers, status }) => [status, headers["retry-after"]])
        if (limitWindow === "24 hours") yield* Effect.replicateEffect(shown, 1)
        yield* TestClock.adjust("30 seconds")
        const more = limitWindow === "24 hours" ? tokens - 1 : tokens
        assert.deepStrictEqual(yield* Effect.replicateEffect(shown, more), Array(more).fill([200, undefined]))
        assert.deepStrictEqual(yield* shown, [429, String(wait)])
        yield* TestClock.adjust(`${wait} seconds`)
        assert.deepStrictEqual(yield* shown, [200, undefined])
      }).pipe(Effect.provide(network({ limits: [{ tokens, per }], limitWindow }))))
  }

  it.effect("limits that are announced and not enforced, as at Auth0 with enforce: false", () =>
    Effect.gen(function*() {
      const shown = Effect.map(answer, ({ headers, status }) => [status, headers["quota"], headers["retry-after"]])
      assert.deepStrictEqual(yield* Effect.replicateEffect(shown, 4), [
        [200, "b=per_hour;q=2;r=1;t=3600", undefined],
        [200, "b=per_hour;q=2;r=0;t=3600", undefined],
        [200, "b=per_hour;q=2;r=0;t=3600", undefined],
        [200, "b=per_hour;q=2;r=0;t=3600", undefined]
      ])
    }).pipe(Effect.provide(network({ hourlyLimit: 2, enforceLimits: false, quotaHeader: "quota" }))))

  for (
    const [organizations, organization, status] of [
      [["org_1"], "org_1", 200],
      [["org_1"], "org_unknown", 400],
      [[], "org_1", 400],
      [undefined, "org_unknown", 200]
    ] as const
  ) {
    it.effect(`the organization ${organization}, of ${organizations?.length ?? "any"}: ${status}`, () =>
      Effect.gen(function*() {
        const { bytes, status: found } = yield* answerTo({ organization })
        const body = JSON.parse(new TextDecoder().decode(bytes)) as object
        assert.strictEqual(found, status)
        if (status === 400) assert.deepInclude(body, { error: "invalid_request" })
      }).pipe(Effect.provide(network({ organizations }))))
  }
})

describe("the default client", () => {
  const statusOf = (send: (request: HttpClientRequest.HttpClientRequest) => HttpClientRequest.HttpClientRequest) =>
    Effect.gen(function*() {
      const { tokenUrl } = yield* TestAuthorizationServer.TestAuthorizationServer
      const client = yield* HttpClient.HttpClient
      return (yield* client.execute(send(HttpClientRequest.post(tokenUrl)))).status
    })
  const form = (more: string) =>
    HttpClientRequest.bodyText(`grant_type=client_credentials${more}`, "application/x-www-form-urlencoded")
  const basic = statusOf((request) => request.pipe(form(""), HttpClientRequest.basicAuth("test-client", "test-secret")))
  const post = statusOf(form("&client_id=test-client&client_secret=test-secret"))

  for (
    const [name, server, expected] of [
      ["authenticates in the body only", {}, [401, 200]],
      ["by basic auth only", { secretMethods: ["client_secret_basic"] }, [200, 401]],
      ["by both where both are stated", { secretMethods: ["client_secret_basic", "client_secret_post"] }, [200, 200]]
    ] as const
  ) {
    it.effect(name, () =>
      Effect.gen(function*() {
        assert.deepStrictEqual([yield* basic, yield* post], [...expected])
      }).pipe(Effect.provide(network(server))))
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
      [
        "narrowed without a scope in the response",
        { unknownScope: "narrowed", statesScope: false },
        "items:read admin",
        [
          "items:read"
        ]
      ]
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

describe("error responses that a test defines", () => {
  it.effect("an empty body, and a firewall that requires User-Agent", () =>
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
      const rejected = yield* client.execute(HttpClientRequest.setHeader(request, "user-agent", "test"))
      assert.deepStrictEqual([rejected.status, yield* rejected.text], [401, ""])
    }).pipe(
      Effect.provide(network({
        requireUserAgent: true,
        errorResponses: { unknownClient: { status: 401, error: undefined } }
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
        const { tokenUrl } = yield* TestAuthorizationServer.TestAuthorizationServer
        const client = yield* HttpClient.HttpClient
        const answer = yield* client.post(new URL("/oauth/tokens", tokenUrl))
        assert.deepStrictEqual<unknown>([answer.status, yield* answer.json], [404, body])
      }).pipe(Effect.provide(network({
        errorResponses: { wrongPath: { status: 404, error: "Not Found", description: "nothing here", shape } }
      }))))
  }
})
