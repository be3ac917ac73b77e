/**
 * Published public keys, and the certificate of a key, by which a certified authorization server finds keys.
 */
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, X509Certificate } from "node:crypto"

import { HttpLayerRouter } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { ClientAuthentication, ClientCredentials, Signer, TokenCache } from "@effect-oauth/client-credentials"
import * as JwkSet from "@effect-oauth/client-credentials/JwkSet"
import * as NodeTls from "@effect-oauth/client-credentials/NodeTls"
import { Effect, Layer, Redacted } from "effect"
import { calculateJwkThumbprint, decodeProtectedHeader, type JWK } from "jose"

import * as AuthorizationServer from "./support/authorizationServer.js"
import * as certificates from "./support/certificates.js"
import { printed } from "./support/printed.js"
import * as scenario from "./support/scenario.js"

const ec = (namedCurve = "P-256") => generateKeyPairSync("ec", { namedCurve }).privateKey
const p256 = ec()
const { privateKey: rsa } = generateKeyPairSync("rsa", { modulusLength: 2048 })
const { privateKey: ed25519 } = generateKeyPairSync("ed25519")
const pem = (key: KeyObject) => Redacted.make(String(key.export({ type: "pkcs8", format: "pem" })))
const publicJwk = (key: KeyObject) => createPublicKey(key).export({ format: "jwk" }) as JWK
const thumbprint = (key: KeyObject) => Effect.promise(() => calculateJwkThumbprint(publicJwk(key)))
const jwk = (key: KeyObject, more: object) =>
  Redacted.make(JSON.stringify({ ...key.export({ format: "jwk" }), ...more }))

const signer = (more: object = {}): Signer.Signer =>
  Signer.make({
    algorithm: "ES256",
    keyId: "s",
    publicKey: publicJwk(p256),
    sign: () => Effect.dieMessage("not reached"),
    ...more
  })

/** Returns the response that a server receives from the route. */
const fetched = async (options: JwkSet.Options) => {
  const { dispose, handler } = HttpLayerRouter.toWebHandler(
    HttpLayerRouter.add("GET", "/jwks.json", JwkSet.response(options)),
    { disableLogger: true }
  )
  const response = await handler(new Request("https://client.example/jwks.json"))
  const { headers, status } = response
  const body = await response.text()
  await dispose()
  return { headers, status, body }
}

const served = (options: JwkSet.Options) => Effect.promise(() => fetched(options))

describe("a key set", () => {
  it.effect("has the public parts of all keys, with use, algorithm and key id", () =>
    Effect.gen(function*() {
      const { keys } = yield* JwkSet.make({
        keys: [
          signer(),
          signer({ keyId: undefined }),
          // Listed once, also when repeated, as after the next key has become the current one.
          signer(),
          { key: pem(p256) },
          { key: pem(p256), keyId: "given" },
          { key: Effect.succeed(pem(ed25519)) },
          { key: pem(rsa) },
          { key: pem(rsa), algorithm: "PS256" },
          { key: jwk(rsa, { kid: "own", alg: "RS384" }) }
        ]
      })
      const es256 = { ...publicJwk(p256), use: "sig", alg: "ES256" }
      const of = { ...publicJwk(rsa), use: "sig", kid: yield* thumbprint(rsa) }
      assert.deepStrictEqual(
        keys,
        [
          { ...es256, kid: "s" },
          { ...es256, kid: yield* thumbprint(p256) },
          { ...es256, kid: "given" },
          { ...publicJwk(ed25519), use: "sig", alg: "EdDSA", kid: yield* thumbprint(ed25519) },
          { ...of, alg: undefined },
          { ...of, alg: "PS256" },
          { ...of, alg: "RS384", kid: "own" }
        ] as unknown as JwkSet.JwkSet["keys"]
      )
    }))

  it.effect("is served with its type and cache lifetime, without private members", () =>
    Effect.gen(function*() {
      const { body, headers, status } = yield* served({ keys: [{ key: pem(rsa) }, { key: jwk(p256, {}) }] })
      assert.strictEqual(status, 200)
      assert.strictEqual(headers.get("content-type"), "application/jwk-set+json")
      assert.strictEqual(headers.get("cache-control"), "public, max-age=300")
      const { keys } = JSON.parse(body) as { readonly keys: ReadonlyArray<object> }
      assert.lengthOf(keys, 2)
      for (const key of keys) assert.doesNotHaveAnyKeys(key, ["d", "p", "q", "dp", "dq", "qi", "k"])
      const { d = "", p = "" } = { ...rsa.export({ format: "jwk" }) }
      for (const secret of [d, p, String(p256.export({ format: "jwk" }).d)]) assert.notInclude(body, secret)
      const other = yield* served({ keys: [signer()], maxAge: "1 hour" })
      assert.strictEqual(other.headers.get("cache-control"), "public, max-age=3600")
    }))

  it.effect("that cannot be created is a 503, which is not cached", () =>
    Effect.gen(function*() {
      const { body, headers, status } = yield* served({
        keys: [signer(), { key: Effect.fail({ _tag: "NotFound", secret: "c4n4ry" }) }]
      })
      assert.strictEqual(status, 503)
      assert.strictEqual(headers.get("cache-control"), "no-store")
      assert.strictEqual(body, "")
    }))

  const wrong: ReadonlyArray<readonly [string, unknown, ReadonlyArray<string>]> = [
    ["no options", undefined, ["options", "keys"]],
    ["no keys", { keys: [] }, ["keys"]],
    ["an option that does not exist", { keys: [signer()], life: 5 }, ["life"]],
    ["a duration of zero", { keys: [signer()], maxAge: -1 }, ["maxAge"]],
    ["text", { keys: ["c4n4ry"] }, ["keys.0"]],
    ["a PEM string as a key", { keys: [pem(p256)] }, ["keys.0"]],
    ["a private JWK", { keys: [p256.export({ format: "jwk" })] }, ["keys.0"]],
    ["one key id for two keys", { keys: [signer(), { key: pem(ec()), keyId: "s" }] }, ["keys.1.keyId"]],
    [
      "one key id in two JWKs",
      { keys: [{ key: jwk(ec(), { kid: "s" }) }, { key: pem(p256) }, { key: jwk(ec(), { kid: "s" }) }] },
      ["keys.2.keyId"]
    ],
    ["a signer without public key", { keys: [signer({ publicKey: undefined })] }, ["keys.0.publicKey"]],
    ["an invalid signer", { keys: [signer(), signer({ keyId: "" })] }, ["keys.1.keyId"]],
    ["a key that is not a key", { keys: [{ key: Redacted.make("c4n4ry") }] }, ["keys.0.key"]],
    ["a key that is not Redacted", { keys: [{ key: "c4n4ry" }] }, ["keys.0.key"]],
    ["a key of another algorithm", { keys: [{ key: pem(p256), algorithm: "RS256" }] }, ["keys.0.key"]],
    ["members that do not exist", { keys: [{ key: pem(p256), kid: "c4n4ry" }] }, ["keys.0.kid"]]
  ]
  for (const [name, options, expected] of wrong) {
    it.effect(`is an InvalidConfig with ${name}`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(JwkSet.make(options as JwkSet.Options))
        assert(error._tag === "InvalidConfig")
        assert.deepStrictEqual(error.problems.map(({ setting }) => setting), expected)
        assert.notInclude(printed(error), "c4n4ry")
      }))
  }

  it.effect("of a source with an invalid value is a transient error", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(JwkSet.make({ keys: [{ key: Effect.succeed(Redacted.make("c4n4ry")) }] }))
      assert(error._tag === "CredentialUnavailable")
      assert.isTrue(error.retryable)
      assert.notInclude(printed(error), "c4n4ry")
    }))
})

describe("a certified authorization server that reads the key set of a client", () => {
  it.scopedLive("accepts the current key, after the rotation the next one, and no other", () =>
    Effect.gen(function*() {
      const [current, next, other] = [ec(), ec(), ec()]
      const set = { keys: [{ key: pem(current) }, { key: pem(next) }] }
      const read: Array<string> = []
      const server = yield* AuthorizationServer.startWith(
        AuthorizationServer.algorithms,
        [{
          client_id: "published",
          token_endpoint_auth_signing_alg: "ES256",
          jwks_uri: "https://client.example/jwks.json"
        }],
        (url) => {
          read.push(url)
          return fetched(set).then(({ body, headers, status }) => new Response(body, { status, headers }))
        }
      )
      const token = (key: KeyObject, previous?: KeyObject) =>
        Effect.gen(function*() {
          return yield* Effect.flatMap(TokenCache.TokenCache, ({ get }) => get).pipe(
            Effect.provide(
              ClientCredentials.layer({
                issuer: server.issuer,
                clientId: "published",
                clientAuthentication: ClientAuthentication.privateKeyJwt({
                  key: pem(key),
                  keyId: yield* thumbprint(key),
                  ...(previous === undefined ? {} : { previous: pem(previous) })
                }),
                apiBaseUrl: server.apiBaseUrl,
                tokenCache: { retryTimeout: 0 }
              }).pipe(Layer.provide(NodeTls.layer({ ca: server.ca.cert })))
            )
          )
        })
      yield* token(current)
      yield* token(next)
      const error = yield* Effect.flip(token(other))
      assert.strictEqual(error._tag, "TokenErrorResponse")
      assert.include(read, "https://client.example/jwks.json")
    }))
})

describe("the certificate of a key", () => {
  const headerOf = (options: object, index = 0) =>
    Effect.gen(function*() {
      const method = ClientAuthentication.privateKeyJwt({ key: pem(p256), ...options })
      const problems = method.problems?.("id") ?? []
      const { prove } = yield* method.credentials[index] ?? Effect.dieMessage("no credential")
      const endpoint = "https://auth.example.com/oauth/token"
      const { parameters = {} } = yield* prove({ clientId: "id", issuer: undefined, endpoint, now: 0 })
      return { problems, header: decodeProtectedHeader(parameters["client_assertion"] ?? "") }
    })
  const expected = (cert: string) => createHash("sha256").update(new X509Certificate(cert).raw).digest("base64url")

  it.effect("is identified by its thumbprint, as the first of a chain, and next to a key", () =>
    Effect.gen(function*() {
      const ca = yield* certificates.authority("an authority")
      const { cert, private: own } = yield* certificates.client(ca, "client.example")
      for (const certificate of [cert, `${cert}\n${ca.cert}`, `${own}\n${cert}`, cert.replaceAll("\n", "\\n")]) {
        const { header, problems } = yield* headerOf({ certificate })
        assert.deepStrictEqual(problems, [])
        assert.deepStrictEqual(
          header,
          {
            typ: "client-authentication+jwt",
            alg: "ES256",
            "x5t#S256": expected(cert)
          } as typeof header
        )
      }
      const signed = yield* headerOf({
        certificate: cert,
        key: undefined,
        signer: signer({ sign: () => Effect.succeed(new Uint8Array(64)) })
      })
      assert.propertyVal(signed.header, "x5t#S256", expected(cert))
      const previous = yield* headerOf({ certificate: cert, previous: pem(ec()) }, 2)
      assert.notProperty(previous.header, "x5t#S256")
    }))

  it.effect("is an InvalidConfig when it is not a certificate", () =>
    Effect.gen(function*() {
      const { cert } = yield* certificates.authority("an authority")
      const cut = `${cert.slice(0, 200)}\n-----END CERTIFICATE-----`
      for (const certificate of ["c4n4ry", Redacted.value(pem(p256)), cut, cert.slice(0, -30), ""]) {
        const { clientSecret: _, ...options } = scenario.options
        const error = yield* Effect.flip(Effect.provide(
          TokenCache.TokenCache,
          ClientCredentials.layer({
            ...options,
            tokenUrl: "https://auth.example.com/oauth/token",
            clientAuthentication: ClientAuthentication.privateKeyJwt({ key: pem(p256), certificate })
          }).pipe(Layer.provide(NodeTls.layer({})))
        ))
        assert.match(error.message, /clientAuthentication\.certificate: expected a certificate in PEM/)
        assert.notInclude(printed(error), "c4n4ry")
      }
    }))
})
