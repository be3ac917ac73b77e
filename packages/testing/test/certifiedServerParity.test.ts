/**
 * One suite of requests, two servers: the one in memory and `oidc-provider` return the same responses.
 */
import { HttpClient, HttpClientRequest } from "@effect/platform"
import { assert, it } from "@effect/vitest"
import { ClientConfig } from "@effect-oauth/client-credentials"
import * as NodeTls from "@effect-oauth/client-credentials/NodeTls"
import { OAuthTest, TestApi, TestAuthorizationServer } from "@effect-oauth/testing"
import { Effect, Layer, Redacted } from "effect"
import { CompactSign, importJWK } from "jose"

import * as RealServer from "../../client-credentials/test/support/authorizationServer.js"

type Form = Readonly<Record<string, string>>

type Alg = "ES256" | "RS256" | "HS256" | "none"

interface Answer {
  readonly status: number
  readonly error: unknown
  readonly type: unknown
  readonly scope: unknown
  readonly active: unknown
  readonly token: string
}

const basic = (id: string, secret: string) => ({
  authorization: `Basic ${
    btoa([id, secret].map((one) => new URLSearchParams({ "": one }).toString().slice(1)).join(":"))
  }`
})

const secret = RealServer.secret
const grant = { grant_type: "client_credentials" }

const suite = ({ assertion, issuer, requireNonce, resource }: {
  readonly issuer: string
  readonly resource: string
  readonly assertion: (claims?: Readonly<Record<string, unknown>>, alg?: Alg) => Promise<string>
  readonly requireNonce: (wanted: boolean) => void
}) =>
  Effect.gen(function*() {
    const client = yield* HttpClient.HttpClient
    const answers: Record<string, Omit<Answer, "token">> = {}
    const send = (path: string, body: Form | string, headers: Form = {}, method: "GET" | "POST" = "POST") =>
      Effect.gen(function*() {
        const request = HttpClientRequest.make(method)(`${issuer}${path}`).pipe(
          HttpClientRequest.bodyText(
            typeof body === "string" ? body : new URLSearchParams(body).toString(),
            headers["content-type"] ?? "application/x-www-form-urlencoded"
          ),
          HttpClientRequest.setHeaders(headers)
        )
        const response = yield* client.execute(request)
        const text = yield* response.text
        const json = (text.startsWith("{") ? JSON.parse(text) : {}) as Record<string, unknown>
        return {
          status: response.status,
          error: json["error"],
          type: String(json["token_type"] ?? "").toLowerCase(),
          scope: path === "/token" && response.status === 200 ? json["scope"] : undefined,
          active: json["active"],
          token: String(json["access_token"] ?? ""),
          nonce: response.headers["dpop-nonce"]
        }
      })
    const note = (name: string, answer: Effect.Effect.Success<ReturnType<typeof send>>) => {
      const { nonce: _nonce, token: _token, ...rest } = answer
      answers[name] = rest
      return answer
    }
    const ask = (name: string, path: string, body: Form | string, headers?: Form) =>
      Effect.map(send(path, body, headers), (answer) => note(name, answer))

    // Client authentication.
    yield* ask("basic", "/token", grant, basic("basic", secret))
    yield* ask("basic, wrong secret", "/token", grant, basic("basic", "wrong"))
    yield* ask("basic, unknown client", "/token", grant, basic("nobody", secret))
    yield* ask("post", "/token", { ...grant, client_id: "post", client_secret: secret })
    yield* ask("post, wrong secret", "/token", { ...grant, client_id: "post", client_secret: "wrong" })
    yield* ask("no credentials", "/token", grant)
    yield* ask("an id alone", "/token", { ...grant, client_id: "post" })
    yield* ask("two methods", "/token", { ...grant, client_id: "basic", client_secret: secret }, basic("basic", secret))
    yield* ask("another method with the secret", "/token", { ...grant, client_id: "basic", client_secret: secret })
    yield* ask("another method without it", "/token", { ...grant, client_id: "ES256", client_secret: secret })
    yield* ask("basic, not encoded", "/token", grant, { authorization: `Basic ${btoa(`basic:${secret}`)}` })
    const { authorization } = basic("basic", secret)
    for (
      const header of [
        "",
        "Basic",
        "Basic ",
        `Basic  ${authorization.slice(6)}`,
        `basic ${authorization.slice(6)}`,
        `${authorization} more`,
        `${authorization}, ${authorization}`,
        authorization.replace(/=*$/, ""),
        authorization.replace(/=*$/, "==="),
        `Basic !${authorization.slice(6)}`,
        `Basic ${btoa("basic")}`,
        `Basic ${btoa("basic:")}`,
        `Basic ${btoa(`:${secret}`)}`,
        `Basic ${btoa("basic:a%0ab")}`,
        `Basic ${btoa("basic:a%zz")}`,
        `Basic ${btoa("nobody:a")}`,
        "Bearer token"
      ]
    ) yield* ask(`Authorization: ${header}`, "/token", grant, { authorization: header })
    yield* ask("basic, and its id in the body", "/token", { ...grant, client_id: "basic" }, basic("basic", secret))
    yield* ask("basic, and an empty secret in the body", "/token", { ...grant, client_secret: "" }, {
      authorization
    })
    yield* ask("a byte order mark", "/token", "\ufeffgrant_type=client_credentials", basic("basic", secret))
    yield* ask(
      "a byte order mark before the id",
      "/token",
      `\ufeffclient_id=post&client_secret=a&${new URLSearchParams(grant)}`
    )
    const byAssertion = (client_assertion: string) => ({
      ...grant,
      client_id: "ES256",
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      client_assertion
    })
    const once = yield* Effect.promise(() => assertion())
    yield* ask("assertion", "/token", byAssertion(once))
    yield* ask("assertion, used again", "/token", byAssertion(once))
    yield* ask(
      "assertion for elsewhere",
      "/token",
      byAssertion(yield* Effect.promise(() => assertion({ aud: "https://other.example" })))
    )
    yield* ask(
      "assertion for the token endpoint",
      "/token",
      byAssertion(yield* Effect.promise(() => assertion({ aud: `${issuer}/token` })))
    )

    const now = Math.floor(Date.now() / 1000)
    for (
      const [name, claims, alg] of [
        ["with alg none", {}, "none"],
        ["with the public key as a secret", {}, "HS256"],
        ["with another algorithm", {}, "RS256"],
        ["without jti", { jti: undefined }],
        ["with a number as jti", { jti: 1 }],
        ["with an empty jti", { jti: "" }],
        ["for a list", { aud: [issuer] }],
        ["for a list with others", { aud: ["https://other.example", issuer] }],
        ["for a list with a number", { aud: [issuer, 1] }],
        ["for a list of others", { aud: ["https://other.example"] }],
        ["without aud", { aud: undefined }],
        ["for a number", { aud: 1 }],
        ["without exp", { exp: undefined }],
        ["with a string as exp", { exp: String(now + 60) }],
        ["with an exp in the past", { exp: now - 60 }],
        ["without iat", { iat: undefined }],
        ["with a string as iat", { iat: String(now) }],
        ["with an iat in the past", { iat: now - 3600 }],
        ["with an iat in the future", { iat: now + 3600 }],
        ["with an nbf in the future", { nbf: now + 3600 }],
        ["with a string as nbf", { nbf: String(now) }],
        ["without iss", { iss: undefined }],
        ["of another issuer", { iss: "post" }],
        ["without sub", { sub: undefined }],
        ["of another subject", { sub: "post" }],
        ["of a number", { sub: 1 }]
      ] as const
    ) yield* ask(`assertion ${name}`, "/token", byAssertion(yield* Effect.promise(() => assertion(claims, alg))))
    const made = yield* Effect.promise(() => assertion())
    const [head = "", payload = ""] = made.split(".")
    for (const text of ["a", "a.b.c", `${head}.${payload}`, `${head}.${payload}.`, `a.${payload}.c`, `${made}.`]) {
      yield* ask(`assertion ${text.replaceAll(head, "HEAD").slice(0, 20)}`, "/token", byAssertion(text))
    }
    const { client_id: _id, ...unnamed } = byAssertion(made)
    yield* ask("assertion without the id", "/token", unnamed)
    yield* ask("assertion with another id", "/token", { ...byAssertion(made), client_id: "post" })
    yield* ask("assertion of another type", "/token", { ...byAssertion(made), client_assertion_type: "jwt" })
    yield* ask("assertion of no type", "/token", { ...grant, client_assertion: made })
    yield* ask("assertion and a secret", "/token", { ...byAssertion(made), client_secret: secret })
    yield* ask("assertion and basic", "/token", byAssertion(made), basic("basic", secret))

    // Parameters of the request.
    const as = basic("basic", secret)
    yield* ask("no grant type", "/token", {}, as)
    yield* ask("another grant type", "/token", { grant_type: "magic" }, as)
    yield* ask("a scope", "/token", { ...grant, scope: "items:read" }, as)
    yield* ask("a scope that the client has not", "/token", { ...grant, scope: "admin" }, as)
    yield* ask("a resource", "/token", { ...grant, resource, scope: "items:read" }, as)
    yield* ask("an unknown resource", "/token", { ...grant, resource: "https://other.example" }, as)
    yield* ask("a parameter twice", "/token", "grant_type=client_credentials&scope=items%3Aread&scope=items%3Aread", as)
    yield* ask("JSON", "/token", JSON.stringify(grant), { ...as, "content-type": "application/json" })

    // Proof of possession.
    const { dpop: proofKey } = yield* ClientConfig.make({
      tokenUrl: `${issuer}/token`,
      clientId: "dpop",
      clientSecret: Redacted.make(secret),
      apiBaseUrl: issuer,
      allowHttpLoopback: true,
      dpop: true
    })
    assert(proofKey !== undefined)
    const dpop = yield* proofKey
    const bound = basic("dpop", secret)
    const prove = Effect.map(
      dpop.proof({ method: "POST", url: `${issuer}/token` }),
      ({ value }) => ({ ...bound, dpop: value })
    )
    yield* ask("a proof", "/token", grant, yield* prove)
    yield* ask("no proof where one is needed", "/token", grant, bound)
    // A proof used again is "invalid_dpop_proof" in memory (RFC 9449 section 5), "invalid_grant" at oidc-provider.
    const elsewhere = yield* dpop.proof({ method: "GET", url: `${issuer}/token` })
    yield* ask("a proof for another method", "/token", grant, { ...bound, dpop: elsewhere.value })
    requireNonce(true)
    const wanting = yield* ask("a proof without the nonce", "/token", grant, yield* prove)
    const before = yield* dpop.proof({ method: "POST", url: `${issuer}/token` })
    yield* before.onResponse({ "dpop-nonce": wanting.nonce })
    yield* ask("a proof with the nonce", "/token", grant, yield* prove)
    requireNonce(false)

    yield* ask("two blanks in a scope", "/token", { ...grant, scope: "items:read  items:write" }, as)
    yield* ask("an audience, which is not a parameter", "/token", { ...grant, audience: "https://other.example" }, as)
    yield* ask("basic, and another id in the body", "/token", { ...grant, client_id: "post" }, as)

    // Paths and methods.
    yield* ask("metadata by POST", "/.well-known/openid-configuration", {})
    yield* ask("keys by POST", "/jwks", {})
    yield* ask("another path", "/nowhere", {})
    note("the token endpoint by GET", yield* send("/token", "", {}, "GET"))

    // Revocation and introspection of a token.
    const { token } = yield* send("/token", grant, as)
    yield* ask("introspection", "/token/introspection", { token }, as)
    yield* ask("revocation without a token", "/token/revocation", {}, as)
    yield* ask("revocation without a client", "/token/revocation", { token })
    const json = { ...as, "content-type": "application/json" }
    yield* ask("introspection in JSON", "/token/introspection", JSON.stringify({ token }), json)
    yield* ask("revocation in JSON", "/token/revocation", JSON.stringify({ token }), json)
    yield* ask("revocation by another client", "/token/revocation", {
      token,
      client_id: "post",
      client_secret: secret
    })
    yield* ask("introspection after it", "/token/introspection", { token }, as)
    yield* ask("revocation", "/token/revocation", { token }, as)
    yield* ask("introspection after the revocation", "/token/introspection", { token }, as)
    yield* ask("revocation of an unknown token", "/token/revocation", { token: "unknown" }, as)
    yield* ask("introspection of an unknown token", "/token/introspection", { token: "unknown" }, as)
    return answers
  })

const assertionBy =
  (issuer: string, keys: Effect.Effect.Success<typeof RealServer.start>["keys"]) =>
  async (more: Readonly<Record<string, unknown>> = {}, alg: Alg = "ES256") => {
    const iat = Math.floor(Date.now() / 1000)
    const claims = { iss: "ES256", sub: "ES256", aud: issuer, jti: crypto.randomUUID(), iat, exp: iat + 60, ...more }
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url")
    const payload = part(claims)
    if (alg === "none") return `${part({ alg })}.${payload}.`
    const key = alg === "HS256"
      ? new TextEncoder().encode(JSON.stringify(keys.ES256.jwk))
      : await importJWK(keys[alg].privateJwk)
    return new CompactSign(Buffer.from(payload, "base64url"))
      .setProtectedHeader({ alg, kid: "kid-ES256" })
      .sign(key)
  }

it.scopedLive("the server in memory responds as oidc-provider does", () =>
  Effect.gen(function*() {
    const real = yield* RealServer.start
    const expected = yield* suite({
      issuer: real.issuer,
      resource: real.resource,
      assertion: assertionBy(real.issuer, real.keys),
      requireNonce: (wanted) => {
        real.state.requireNonce = wanted
      }
    }).pipe(Effect.provide(NodeTls.layer({ ca: real.ca.cert })))

    const issuer = "https://auth.test"
    const audience = [real.resource]
    const scope = ["items:read", "items:write"]
    const nonce = { required: false }
    const options: TestAuthorizationServer.Options = {
      issuer,
      server: "oidc-provider",
      get requireNonce() {
        return nonce.required
      },
      clients: [
        { id: "basic", secret, scope, audience },
        { id: "post", secret, scope, audience },
        { id: "ES256", keys: [real.keys.ES256.jwk], scope, audience },
        { id: "dpop", secret, dpop: true, scope, audience }
      ]
    }
    const found = yield* suite({
      issuer,
      resource: real.resource,
      assertion: assertionBy(issuer, real.keys),
      requireNonce: (wanted) => {
        nonce.required = wanted
      }
    }).pipe(Effect.provide(
      OAuthTest.layerHttpClient().pipe(
        Layer.provide(TestApi.layer()),
        Layer.provide(TestAuthorizationServer.layer(options))
      )
    ))
    assert.deepStrictEqual(found, expected)
    assert.isAbove(Object.keys(expected).length, 30)
  }))
