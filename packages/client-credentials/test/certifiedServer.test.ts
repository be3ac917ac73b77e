/**
 * All methods of authentication, against a certified authorization server over TLS. `T1` and so on are the requirements of
 * the standards: each test names those that it is about.
 *
 * Requirements, from guides/requirements.md:
 * - T1: A request authenticates the client by one method only.
 * - T2: HTTP Basic form-encodes client id and secret before it joins and encodes them.
 * - T3: Credentials in the body are never in the URL.
 * - T4: Secrets go over TLS only, to a server whose certificate is valid.
 * - T5: Token requests are sent by POST, keep the query of the URL, and have no empty and no repeated parameters.
 * - T6: The grant type is client_credentials, with an optional scope, form-encoded in UTF-8.
 * - T7: Scope is a set of case-sensitive values; a narrower scope in the response is visible and can be an error.
 * - T8: Resource indicators are absolute URIs without a fragment, may repeat, and are sent unchanged.
 * - T9: Each attempt is signed by a new, short-lived assertion whose issuer and subject are the client id.
 * - T10: The only audience of an assertion is the issuer, unless the token endpoint is configured.
 * - T11: Credentials are sent only to endpoints in the metadata of the configured issuer.
 * - T12: With mutual TLS the client id is sent, mtls_endpoint_aliases apply, and the API gets the same certificate.
 * - T13: With DPoP a token request has a proof, and is repeated once with the nonce that the server requires.
 * - T14: Asymmetric client authentication is supported, with keys in PEM and JWK.
 * - T15: Only the configured scope and audience are requested.
 * - R1: A token of an unknown type is not used; types are compared without case.
 * - R2: Where a bound token was requested, a bearer token is discarded.
 * - B6: Tokens can be bound to a key of the client.
 * - P1: A proof has the type, algorithm, public key, method, URL without query, time and unique id of the standard.
 * - P2: A call with a bound token carries the scheme DPoP and the hash of the token.
 * - P3: Each request and each retry has a new proof.
 * - P4: The newest nonce of a server is used, from successful responses too.
 * - P5: A nonce is used only at the origin that issued it.
 * - P6: A nonce challenge is answered once; the same nonce again is an error.
 * - P7: Algorithms that the server lists are respected.
 * - D1: Metadata is read between host and path of the issuer, and its issuer is identical to the configured one.
 * - D2: The method of client authentication is one that the metadata lists; client_secret_basic where it lists none.
 * - D4: Tokens are revoked by an authenticated POST, on demand and at shutdown.
 */
import { X509Certificate } from "node:crypto"

import { HttpClient, HttpClientRequest } from "@effect/platform"
import { afterAll, assert, describe, it } from "@effect/vitest"
import {
  ApiClient,
  ClientAuthentication,
  ClientCredentials,
  OAuthError,
  TokenCache,
  TokenRequest,
  TokenRevocation
} from "@effect-oauth/client-credentials"
import * as NodeTls from "@effect-oauth/client-credentials/NodeTls"
import { Context, Effect, Layer, ManagedRuntime, Redacted } from "effect"

import * as AuthorizationServer from "./support/authorizationServer.js"
import { printed } from "./support/printed.js"

type Started = Effect.Effect.Success<typeof AuthorizationServer.start>

class Server extends Context.Tag("Server")<Server, Started>() {
  static readonly layer = Layer.scoped(Server, AuthorizationServer.start)
}

const secret = Redacted.make(AuthorizationServer.secret)

type Options = Partial<ClientCredentials.Options> & { readonly clientId: string }

const use = <A, E>(
  options: Options,
  program: Effect.Effect<A, E, Layer.Layer.Success<ReturnType<typeof ClientCredentials.layer>>>,
  tls: NodeTls.Options = {}
) =>
  Effect.flatMap(Server, ({ apiBaseUrl, ca, issuer }) =>
    Effect.provide(
      program,
      ClientCredentials.layer({
        issuer,
        apiBaseUrl,
        clientSecret: undefined,
        ...options,
        tokenCache: { retryTimeout: 0 }
      }).pipe(Layer.provide(NodeTls.layer({ ca: ca.cert, ...tls })))
    ))

const token = Effect.flatMap(TokenCache.TokenCache, ({ get }) => get)
const status = Effect.flatMap(
  ApiClient.ApiClient,
  (api) => Effect.map(api.get("/items?page=1"), ({ status }) => status)
)

const failure = (options: Options, tls?: NodeTls.Options) => Effect.flip(use(options, token, tls))

const rejectedAs = (error: string) => (failed: unknown) => {
  assert.instanceOf(failed, OAuthError.TokenErrorResponse)
  assert.strictEqual(failed.error, error)
  assert.notInclude(printed(failed), AuthorizationServer.secret)
}

describe("a certified authorization server", () => {
  // Not by `layer` of "@effect/vitest", which replaces `it.effect` for the following files of the worker as well.
  const servers = ManagedRuntime.make(Server.layer)
  afterAll(() => servers.dispose())

  const test = <A, E>(name: string, program: () => Effect.Effect<A, E, Server>) =>
    it(name, () => servers.runPromise(Effect.asVoid(program())))

  describe("client authentication", () => {
    const { clientSecretJwt, privateKeyJwt } = ClientAuthentication
    const wrong = Redacted.make("wr0ng but long enough for HMAC, too, by all means")

    for (
      const [clientId, clientAuthentication] of [
        ["basic", "client_secret_basic"],
        ["post", "client_secret_post"],
        ["jwt", "client_secret_jwt"]
      ] as const
    ) {
      test(`T1 T2 T3 T4 T5 T6 ${clientAuthentication}, right and wrong, and by the previous secret`, () =>
        Effect.gen(function*() {
          assert.strictEqual(yield* use({ clientId, clientSecret: secret, clientAuthentication }, status), 200)
          rejectedAs("invalid_client")(yield* failure({ clientId, clientSecret: wrong, clientAuthentication }))
          yield* use({ clientId, clientSecret: wrong, previousClientSecret: secret, clientAuthentication }, token)
        }))
    }

    test("T5 T6 client_secret_jwt as a value, right and wrong", () =>
      Effect.gen(function*() {
        yield* use({ clientId: "jwt", clientAuthentication: clientSecretJwt(secret) }, token)
        rejectedAs("invalid_client")(
          yield* failure({ clientId: "jwt", clientAuthentication: clientSecretJwt(wrong) })
        )
      }))

    for (const algorithm of AuthorizationServer.algorithms) {
      test(`T9 T10 T14 private_key_jwt with ${algorithm}, from PEM and JWK, right and wrong`, () =>
        Effect.gen(function*() {
          const { keys, state } = yield* Server
          const pem = Redacted.make(keys[algorithm].pem)
          const jwk = Redacted.make(JSON.stringify(keys[algorithm].privateJwk))
          for (
            const [key, options] of [
              [pem, { algorithm, keyId: `kid-${algorithm}` }],
              [jwk, { algorithm }],
              [jwk, { algorithm, audience: "token_endpoint", type: "JWT" }]
            ] as const
          ) {
            assert.strictEqual(
              yield* use({ clientId: algorithm, clientAuthentication: privateKeyJwt({ key, ...options }) }, status),
              200
            )
            assert.isUndefined(state.seen.at(-1)?.["client_secret"])
          }
          const other = Redacted.make(JSON.stringify(keys[algorithm === "ES256" ? "EdDSA" : "ES256"].privateJwk))
          const rejected = (options: Partial<Parameters<typeof privateKeyJwt>[0]>) =>
            Effect.map(
              failure({ clientId: algorithm, clientAuthentication: privateKeyJwt({ key: jwk, ...options }) }),
              rejectedAs("invalid_client")
            )
          yield* rejected({ key: other })
          yield* rejected({ audience: "https://other.example" })
          // During the rotation from one key to the other.
          yield* use({ clientId: algorithm, clientAuthentication: privateKeyJwt({ key: other, previous: jwk }) }, token)
        }))
    }

    test("T9 a new assertion for each attempt, short-lived, with the issuer as its only audience", () =>
      Effect.gen(function*() {
        const { issuer, keys, state } = yield* Server
        const key = Redacted.make(JSON.stringify(keys.ES256.privateJwk))
        const before = state.seen.length
        yield* use(
          { clientId: "ES256", clientAuthentication: privateKeyJwt({ key }) },
          Effect.flatMap(TokenCache.TokenCache, ({ get, refresh }) => Effect.flatMap(get, refresh))
        )
        const claims = state.seen.slice(before).map(({ client_assertion }) => {
          const [header, payload] = String(client_assertion).split(".").map((part) =>
            Buffer.from(part, "base64url").toString()
          )
          return { header: JSON.parse(header ?? ""), ...JSON.parse(payload ?? "") }
        })
        assert.lengthOf(claims, 2)
        assert.strictEqual(new Set(claims.map(({ jti }) => jti)).size, 2)
        for (const { aud, exp, header, iat, iss, sub } of claims) {
          assert.deepStrictEqual([iss, sub, aud, exp - iat], ["ES256", "ES256", issuer, 60])
          assert.deepStrictEqual(header, { alg: "ES256", typ: "client-authentication+jwt", kid: "kid-ES256" })
        }
      }))

    test("T12 tls_client_auth with a good, an unknown and no certificate", () =>
      Effect.gen(function*() {
        const { clientCertificate, selfSigned, state } = yield* Server
        const options = { clientId: "tls", clientAuthentication: "tls_client_auth" } as const
        const certificate = { certificate: clientCertificate.cert, key: Redacted.make(clientCertificate.private) }
        yield* use(options, token, certificate)
        assert.deepInclude(state.seen.at(-1), { client_id: "tls", url: "/token?alias=mtls" })
        rejectedAs("invalid_client")(
          yield* failure(options, { certificate: selfSigned.cert, key: Redacted.make(selfSigned.private) })
        )
        const error = yield* failure(options)
        rejectedAs("invalid_client")(error)
        assert.include((error as Error).message, "OAUTH_TLS_CERTIFICATE_FILE")
      }))

    test("T12 self_signed_tls_client_auth with its own certificate and another one", () =>
      Effect.gen(function*() {
        const { clientCertificate, selfSigned } = yield* Server
        const options = { clientId: "self-signed", clientAuthentication: "self_signed_tls_client_auth" } as const
        yield* use(options, token, { certificate: selfSigned.cert, key: Redacted.make(selfSigned.private) })
        rejectedAs("invalid_client")(
          yield* failure(options, {
            certificate: clientCertificate.cert,
            key: Redacted.make(clientCertificate.private)
          })
        )
      }))

    const boundTo = (value: Redacted.Redacted<string>) =>
      Effect.flatMap(Server, ({ introspect }) => Effect.promise(() => introspect(Redacted.value(value)))).pipe(
        Effect.map((found) => found.active ? found.certificate : undefined)
      )

    test("T12 private_key_jwt and tokens that are bound to the certificate, at the endpoint for mutual TLS", () =>
      Effect.gen(function*() {
        const { clientCertificate, keys, state } = yield* Server
        const certificate = { certificate: clientCertificate.cert, key: Redacted.make(clientCertificate.private) }
        const key = Redacted.make(keys.ES256.pem)
        const options = { clientId: "bound", clientAuthentication: privateKeyJwt({ key, keyId: "kid-ES256" }) }
        const { value } = yield* use(options, token, certificate)
        assert.strictEqual(state.seen.at(-1)?.["url"], "/token?alias=mtls")
        const { raw } = new X509Certificate(clientCertificate.cert)
        const thumbprint = Buffer.from(
          yield* Effect.promise(() => crypto.subtle.digest("SHA-256", new Uint8Array(raw)))
        )
        assert.strictEqual(yield* boundTo(value), thumbprint.toString("base64url"))
        // Clients with unbound tokens, or with DPoP, use the usual endpoint.
        for (const more of [{ certificateBoundTokens: false }, { dpop: true }]) {
          yield* use({ ...options, clientId: "ES256", ...more }, token)
          assert.strictEqual(state.seen.at(-1)?.["url"], "/token")
        }
        // A client with a secret uses the aliases too if configured to.
        yield* use({ clientId: "basic", clientSecret: secret, certificateBoundTokens: true }, token, certificate)
        assert.strictEqual(state.seen.at(-1)?.["url"], "/token?alias=mtls")
        yield* use({ clientId: "basic", clientSecret: secret }, token, certificate)
        assert.strictEqual(state.seen.at(-1)?.["url"], "/token")
      }))

    test("T9 FAPI 2.0: an RSA key signs by PS256 where the server lists nothing else", () =>
      Effect.gen(function*() {
        const { clientCertificate, keys, state } = yield* Server
        const certificate = { certificate: clientCertificate.cert, key: Redacted.make(clientCertificate.private) }
        const key = Redacted.make(keys.RS256.pem)
        const by = (options: Partial<Parameters<typeof privateKeyJwt>[0]>) => ({
          clientId: "bound",
          clientAuthentication: privateKeyJwt({ key, keyId: "kid-RS256", ...options })
        })
        const { value } = yield* use(by({}), token, certificate)
        assert.isString(yield* boundTo(value))
        const [header = ""] = String(state.seen.at(-1)?.["client_assertion"]).split(".")
        assert.strictEqual(JSON.parse(Buffer.from(header, "base64url").toString()).alg, "PS256")
        // An algorithm that the server does not list is never used.
        const before = state.seen.length
        const jwk = Redacted.make(JSON.stringify(keys.RS256.privateJwk))
        const ec = Redacted.make(keys.ES256.pem)
        for (
          const [options, found] of [[{ algorithm: "RS256" }, "RS256"], [{ key: jwk }, "RS256"], [
            { key: ec },
            "ES256"
          ]] as const
        ) {
          const error = yield* failure(by(options), certificate)
          assert(error instanceof OAuthError.DiscoveryFailed)
          assert.isFalse(error.retryable)
          assert.match(error.message, new RegExp(`by PS256 only .*sign by ${found}: .*OAUTH_SIGNING_ALGORITHM`))
        }
        assert.lengthOf(state.seen, before)
      }).pipe(Effect.provide(Layer.scoped(Server, AuthorizationServer.startWith(["PS256"])))))

    test("a custom method", () =>
      use({
        clientId: "post",
        clientAuthentication: ClientAuthentication.custom("mine", ({ clientId }) =>
          Effect.succeed({ parameters: { client_id: clientId, client_secret: AuthorizationServer.secret } }))
      }, token))

    test("D2 a method that the server supports, when none is configured", () =>
      use({ clientId: "basic", clientSecret: secret }, token))

    test("T2 a hint when the server may decode basic auth differently", () =>
      Effect.gen(function*() {
        const error = yield* failure({
          clientId: "basic",
          clientSecret: secret,
          basicEncoding: "raw"
        })
        assert.include((error as Error).message, "OAUTH_BASIC_ENCODING")
      }))
  })

  describe("an additional token request that the API requires", () => {
    const organization = { parameters: { organization: "north" } }

    for (
      const [path, tag] of [
        ["/payments", "InsufficientUserAuthentication"],
        ["/mails", "InsufficientClaims"]
      ] as const
    ) {
      test(`${tag} has the overrides for it, in addition to the configured parameters`, () =>
        Effect.gen(function*() {
          const { state } = yield* Server
          state.extras.length = 0
          yield* use(
            { clientId: "post", clientSecret: secret, ...organization },
            Effect.gen(function*() {
              const api = yield* ApiClient.ApiClient
              const call = Effect.map(api.get(path), ({ status }) => status)
              const steppedUp = Effect.catchTags(call, {
                InsufficientClaims: (error) =>
                  error.overrides === undefined
                    ? Effect.fail(error)
                    : TokenRequest.withOverrides(error.overrides)(call),
                InsufficientUserAuthentication: (error) =>
                  error.overrides === undefined
                    ? Effect.fail(error)
                    : TokenRequest.withOverrides(error.overrides)(call)
              })
              assert.strictEqual((yield* Effect.flip(call))._tag, tag)
              assert.strictEqual(yield* steppedUp, 200)
              // Both tokens are cached.
              assert.strictEqual(yield* steppedUp, 200)
              assert.strictEqual((yield* api.get("/items")).status, 200)
            })
          )
          assert.deepStrictEqual(state.extras.map((extra) => extra["organization"]), ["north", "north"])
        }))
    }
  })

  describe("the request contains", () => {
    const options = { clientId: "post", clientSecret: secret, clientAuthentication: "client_secret_post" } as const

    test("T7 T15 R1 the scope, in any order, once each", () =>
      Effect.gen(function*() {
        const { state } = yield* Server
        const { scope } = yield* use({ ...options, scope: "items:write items:read items:write" }, token)
        assert.deepStrictEqual(scope, ["items:read", "items:write"])
        assert.strictEqual(state.seen.at(-1)?.["scope"], "items:read items:write")
        rejectedAs("invalid_scope")(yield* failure({ ...options, scope: "admin" }))
      }))

    test("T8 resource indicators, unchanged", () =>
      Effect.gen(function*() {
        const { resource, state } = yield* Server
        yield* use({ ...options, resource, scope: "items:read" }, token)
        assert.strictEqual(state.seen.at(-1)?.["resource"], resource)
        rejectedAs("invalid_target")(yield* failure({ ...options, resource: "https://other.example" }))
      }))
  })

  describe("DPoP", () => {
    for (const nonces of [false, true]) {
      test(`B6 T13 R2 P1 P2 P3 P4 P5 P6 proofs for token and API, ${nonces ? "with" : "without"} nonces at both`, () =>
        Effect.gen(function*() {
          const { api, state } = yield* Server
          state.requireNonce = nonces
          api.requireNonce = nonces
          yield* use(
            { clientId: "dpop", clientSecret: secret, clientAuthentication: "client_secret_basic", dpop: true },
            Effect.gen(function*() {
              assert.strictEqual((yield* token).type, "DPoP")
              assert.deepStrictEqual(yield* Effect.replicateEffect(status, 5, { concurrency: "unbounded" }), [
                200,
                200,
                200,
                200,
                200
              ])
              // The newest nonce is the one used.
              api.nonce = `${api.nonce}-newer`
              assert.strictEqual(yield* status, 200)
              const post = HttpClientRequest.post("/items").pipe(HttpClientRequest.bodyText("x"))
              const response = yield* Effect.flatMap(ApiClient.ApiClient, (client) => client.execute(post))
              assert.strictEqual(response.status, 200)
            })
          )
        }).pipe(Effect.ensuring(Effect.map(Server, ({ api, state }) => {
          state.requireNonce = false
          api.requireNonce = false
        }))))
    }

    test("R2 no bearer token in place of a bound one, and no proof when none is configured", () =>
      Effect.gen(function*() {
        const error = yield* failure({
          clientId: "dpop",
          clientSecret: secret,
          clientAuthentication: "client_secret_basic"
        })
        assert.instanceOf(error, OAuthError.TokenErrorResponse)
      }))

    test("P7 an algorithm that the server does not support is an error before anything is sent", () =>
      Effect.gen(function*() {
        const error = yield* failure({ clientId: "dpop", clientSecret: secret, dpop: { algorithm: "ES384" } })
        assert.instanceOf(error, OAuthError.DiscoveryFailed)
        assert.include((error as Error).message, "ES256, EdDSA")
      }))

    test("the proof is not shown in traces, errors or responses", () =>
      Effect.gen(function*() {
        const response = yield* use(
          { clientId: "dpop", clientSecret: secret, clientAuthentication: "client_secret_basic", dpop: true },
          Effect.flatMap(ApiClient.ApiClient, (api) => api.get("/items"))
        )
        assert.notInclude(printed(response), "eyJ")
      }))
  })

  describe("revocation", () => {
    test("D4 on demand, seen by introspection", () =>
      Effect.gen(function*() {
        const { introspect } = yield* Server
        yield* use(
          { clientId: "basic", clientSecret: secret },
          Effect.gen(function*() {
            const one = yield* token
            const { revoke } = yield* TokenRevocation.TokenRevocation
            assert.isTrue((yield* Effect.promise(() => introspect(Redacted.value(one.value)))).active)
            yield* revoke(one)
            assert.isFalse((yield* Effect.promise(() => introspect(Redacted.value(one.value)))).active)
            // An unknown token counts as revoked.
            yield* revoke(one)
            assert.strictEqual(yield* status, 200)
          })
        )
      }))

    test("D4 at shutdown, of all cached tokens", () =>
      Effect.gen(function*() {
        const { introspect } = yield* Server
        const tokens = yield* use(
          { clientId: "basic", clientSecret: secret, revokeAtShutdown: true },
          Effect.flatMap(TokenCache.TokenCache, (cache) =>
            Effect.all([cache.get, cache.withOverrides({ scope: "items:read" }).get]))
        )
        for (const { value } of tokens) {
          assert.isFalse(
            (yield* Effect.promise(() =>
              introspect(Redacted.value(value))
            )).active
          )
        }
      }))
  })

  describe("discovery", () => {
    test("D1 T11 rejects the metadata of another issuer, including one that differs by a trailing slash", () =>
      Effect.gen(function*() {
        const { issuer, state } = yield* Server
        const before = state.seen.length
        const error = yield* failure({ clientId: "basic", clientSecret: secret, issuer: `${issuer}/` })
        assert.instanceOf(error, OAuthError.DiscoveryFailed)
        assert.include((error as Error).message, "OAUTH_ISSUER")
        assert.lengthOf(state.seen, before)
      }))
  })

  test("reads the metadata of the server", () =>
    Effect.gen(function*() {
      const { ca, issuer } = yield* Server
      const response = yield* Effect.flatMap(HttpClient.HttpClient, (client) =>
        client.get(`${issuer}/.well-known/openid-configuration`)).pipe(
          Effect.flatMap((response) =>
            response.json
          ),
          Effect.provide(NodeTls.layer({ ca: ca.cert }))
        )
      assert.strictEqual((response as { readonly issuer: string }).issuer, issuer)
    }))
})
