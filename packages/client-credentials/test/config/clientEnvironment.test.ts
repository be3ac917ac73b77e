/**
 * All methods of authentication, configured by the environment alone.
 */
import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { ClientAuthentication, ClientConfig } from "@effect-oauth/client-credentials"
import { ConfigProvider, Effect, Layer, Redacted } from "effect"
import { decodeJwt, decodeProtectedHeader, exportJWK, exportPKCS8, generateKeyPair } from "jose"

const necessary = {
  OAUTH_TOKEN_URL: "https://auth.example.com/oauth/token",
  OAUTH_CLIENT_ID: "inventory-sync",
  API_BASE_URL: "https://api.example.com"
}

const read = (environment: Record<string, string>) =>
  Effect.provide(ClientConfig.ClientConfig, ClientConfig.layerEnv()).pipe(
    Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries({ ...necessary, ...environment })))),
    Effect.provide(NodeContext.layer)
  )

const proof = (environment: Record<string, string>) =>
  Effect.gen(function*() {
    const { authentication, request } = yield* read(environment)
    const { credentials: [first], method, mutualTls } = authentication(undefined)
    const { headers = {}, parameters = {} } = yield* Effect.flatMap(first, ({ prove }) =>
      prove({ clientId: request.clientId, issuer: request.issuer, endpoint: necessary.OAUTH_TOKEN_URL, now: 60_000 }))
    return { method, mutualTls, headers, parameters, request }
  })

const secret = "a secret/+ of more than thirty-two bytes"

const long = "s3cr3t".padEnd(64, "x")

describe("the environment", () => {
  it.effect("selects a method with a secret", () =>
    Effect.gen(function*() {
      const by = (method: string, more: Record<string, string> = {}) =>
        proof({ OAUTH_CLIENT_AUTHENTICATION: method, OAUTH_CLIENT_SECRET: secret, ...more })
      assert.deepInclude((yield* by("client_secret_post")).parameters, { client_secret: secret })
      const basic = (text: string) => `Basic ${btoa(text)}`
      assert.deepStrictEqual((yield* by("client_secret_basic")).headers, {
        authorization: basic(`inventory-sync:${new URLSearchParams({ "": secret }).toString().slice(1)}`)
      })
      assert.deepStrictEqual((yield* by("client_secret_basic", { OAUTH_BASIC_ENCODING: "raw" })).headers, {
        authorization: basic(`inventory-sync:${secret}`)
      })
      const jwt = (yield* by("client_secret_jwt", { OAUTH_ASSERTION_AUDIENCE: "token_endpoint" })).parameters
      const { aud, exp, iat } = decodeJwt(jwt["client_assertion"] ?? "")
      assert.deepStrictEqual([aud, iat, exp], [necessary.OAUTH_TOKEN_URL, 60, 120])
    }))

  it.effect("selects a signing algorithm that the server lists and for which the secret is long enough", () =>
    Effect.gen(function*() {
      const by = (length: number, signingAlgorithms: ReadonlyArray<string> | undefined, wanted?: "HS512") =>
        Effect.flatMap(
          ClientAuthentication.clientSecretJwt(Redacted.make("x".repeat(length)), { algorithm: wanted }).credentials[0],
          ({ prove }) =>
            prove({ clientId: "id", issuer: undefined, endpoint: "https://a.example", now: 0, signingAlgorithms })
        ).pipe(
          Effect.map(({ parameters = {} }) => decodeProtectedHeader(parameters["client_assertion"] ?? "").alg),
          Effect.catchAll((error) => Effect.succeed(error._tag))
        )
      assert.strictEqual(yield* by(64, undefined), "HS256")
      assert.strictEqual(yield* by(64, ["RS256", "HS512", "HS384"]), "HS384")
      assert.strictEqual(yield* by(64, ["HS512"]), "HS512")
      assert.strictEqual(yield* by(32, ["HS512"]), "DiscoveryFailed")
      assert.strictEqual(yield* by(64, ["HS256"], "HS512"), "DiscoveryFailed")
      assert.strictEqual(yield* by(32, undefined, "HS512"), "CredentialUnavailable")
    }))

  it.effect("configures whether tokens are bound to the certificate", () =>
    Effect.gen(function*() {
      for (const [text, value] of [["true", true], ["false", false], ["", undefined]] as const) {
        const found = yield* read({ OAUTH_CLIENT_SECRET: secret, OAUTH_CERTIFICATE_BOUND_TOKENS: text })
        assert.strictEqual(found.certificateBoundTokens, value)
      }
    }))

  it.scopedLive("selects a key, from a variable or a file, PEM or JWK", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const { privateKey } = yield* Effect.promise(() => generateKeyPair("ES384", { extractable: true }))
      const pem = yield* Effect.promise(() => exportPKCS8(privateKey))
      const jwk = JSON.stringify({ ...(yield* Effect.promise(() => exportJWK(privateKey))), kid: "from the JWK" })
      const file = yield* fs.makeTempFileScoped()
      yield* fs.writeFileString(file, `${pem}\n`)
      for (
        const [environment, keyId] of [
          [{ OAUTH_PRIVATE_KEY: pem }, undefined],
          [{ OAUTH_PRIVATE_KEY_FILE: file, OAUTH_PRIVATE_KEY_ID: "2026-11" }, "2026-11"],
          [{ OAUTH_PRIVATE_KEY: jwk }, "from the JWK"]
        ] as const
      ) {
        const { method, parameters } = yield* proof({
          ...environment,
          OAUTH_ISSUER: "https://auth.example.com/",
          OAUTH_CLIENT_AUTHENTICATION: "private_key_jwt",
          OAUTH_ASSERTION_TYPE: "JWT"
        })
        assert.strictEqual(method, "private_key_jwt")
        const { alg, kid, typ } = decodeProtectedHeader(parameters["client_assertion"] ?? "")
        assert.deepStrictEqual([alg, kid, typ], ["ES384", keyId, "JWT"])
        assert.strictEqual(decodeJwt(parameters["client_assertion"] ?? "").aud, "https://auth.example.com/")
      }
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("presents the identity token of a platform, read from its file for each request", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const file = yield* fs.makeTempFileScoped()
      const write = (text: string) => fs.writeFileString(file, `${text}\n`)
      const [first, second] = ["1", "2"].map((id) => `e30.${btoa(JSON.stringify({ jti: id })).replace(/=+$/, "")}.c2ln`)
      for (
        const [environment, method, type] of [
          [{ OAUTH_CLIENT_ASSERTION_FILE: file }, "workload_identity", "jwt-bearer"],
          [
            { OAUTH_CLIENT_ASSERTION_FILE: file, OAUTH_CLIENT_AUTHENTICATION: "spiffe_jwt" },
            "spiffe_jwt",
            "jwt-spiffe"
          ]
        ] as const
      ) {
        yield* write(first ?? "")
        const { authentication, request } = yield* read(environment)
        assert.strictEqual(request.clientAuthentication, method)
        yield* write(second ?? "")
        const { prove } = yield* authentication(undefined).credentials[0]
        const { parameters } = yield* prove({
          clientId: request.clientId,
          issuer: undefined,
          endpoint: necessary.OAUTH_TOKEN_URL,
          now: 0
        })
        assert.deepStrictEqual(parameters, {
          client_id: "inventory-sync",
          client_assertion_type: `urn:ietf:params:oauth:client-assertion-type:${type}`,
          client_assertion: second ?? ""
        })
      }
      for (const [grant, name] of [["jwt_bearer", "assertion"], ["token_exchange", "subject_token"]] as const) {
        yield* write(first ?? "")
        const config = yield* read({ OAUTH_GRANT: grant, OAUTH_SUBJECT_TOKEN_FILE: file, OAUTH_CLIENT_ID: "" })
        assert.strictEqual(config.request.clientId, "")
        assert.strictEqual(config.authentication(undefined).method, "none")
        yield* write(second ?? "")
        const present = config.grant?.present ?? assert.fail()
        const { parameters } = yield* present({
          clientId: "",
          issuer: undefined,
          endpoint: necessary.OAUTH_TOKEN_URL,
          now: 0,
          subject: undefined
        })
        assert.deepStrictEqual(parameters, { [name]: second })
      }
    }).pipe(Effect.provide(NodeContext.layer)))

  it.live("reports variables of a grant that are missing, invalid or unused", () =>
    Effect.gen(function*() {
      const wrong: ReadonlyArray<readonly [Record<string, string>, RegExp]> = [
        [{ OAUTH_GRANT: "jwt_bearer" }, /OAUTH_SUBJECT_TOKEN/],
        [{ OAUTH_GRANT: "password", OAUTH_SUBJECT_TOKEN: "a" }, /OAUTH_GRANT/],
        [{ OAUTH_SUBJECT_TOKEN: "a", OAUTH_CLIENT_SECRET: secret }, /OAUTH_SUBJECT_TOKEN/],
        [
          { OAUTH_GRANT: "jwt_bearer", OAUTH_SUBJECT_TOKEN: "a", OAUTH_SUBJECT_TOKEN_TYPE: "jwt" },
          /OAUTH_SUBJECT_TOKEN_TYPE/
        ],
        [
          { OAUTH_GRANT: "token_exchange", OAUTH_SUBJECT_TOKEN: "a", OAUTH_SUBJECT_TOKEN_TYPE: "tokens" },
          /OAUTH_SUBJECT_TOKEN_TYPE/
        ],
        [{ OAUTH_CLIENT_AUTHENTICATION: "workload_identity" }, /OAUTH_CLIENT_ASSERTION/],
        [{ OAUTH_CLIENT_ASSERTION: "a", OAUTH_CLIENT_SECRET: secret }, /OAUTH_CLIENT_ASSERTION/],
        [{ OAUTH_CLIENT_ASSERTION_FILE: "/nowhere/token" }, /OAUTH_CLIENT_ASSERTION_FILE/]
      ]
      for (const [environment, expected] of wrong) {
        assert.match((yield* Effect.flip(read(environment))).message, expected)
      }
    }))

  it.effect("reports an unknown grant without further errors, and an unused file by its variable", () =>
    Effect.gen(function*() {
      const messages = (environment: Record<string, string>) =>
        Effect.map(Effect.flip(read(environment)), (error) => String(error).match(/Expected OAUTH_[^\n"]*/g))
      const grant = "Expected OAUTH_GRANT to be jwt_bearer, token_exchange, or unset"
      for (const subject of [{}, { OAUTH_SUBJECT_TOKEN: "a" }, { OAUTH_SUBJECT_TOKEN_TYPE: "jwt" }]) {
        assert.deepStrictEqual(yield* messages({ OAUTH_GRANT: "jwtbearer", OAUTH_CLIENT_ID: "", ...subject }), [grant])
      }
      const fs = yield* FileSystem.FileSystem
      const file = yield* fs.makeTempFileScoped()
      yield* fs.writeFileString(file, "s3cr3t")
      const method = { OAUTH_CLIENT_SECRET: secret, OAUTH_CLIENT_AUTHENTICATION: "client_secret_post" }
      assert.deepStrictEqual(yield* messages({ ...method, OAUTH_PRIVATE_KEY_FILE: file }), [
        "Expected OAUTH_PRIVATE_KEY_FILE to be unset, unless OAUTH_CLIENT_AUTHENTICATION is private_key_jwt"
      ])
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)))

  it.effect("implies private_key_jwt by a private key alone", () =>
    Effect.gen(function*() {
      const { privateKey } = yield* Effect.promise(() => generateKeyPair("ES256", { extractable: true }))
      const { method } = yield* proof({ OAUTH_PRIVATE_KEY: yield* Effect.promise(() => exportPKCS8(privateKey)) })
      assert.strictEqual(method, "private_key_jwt")
    }))

  it.effect("reports every problem at once: flags, files, unused variables, overrides", () =>
    Effect.gen(function*() {
      const problems = (environment: Record<string, string>, overrides?: Partial<ClientConfig.Options>) =>
        Layer.build(ClientConfig.layerEnv({ prefix: "B", overrides })).pipe(
          Effect.scoped,
          Effect.withConfigProvider(
            ConfigProvider.fromJson({ B: { ...necessary, ...environment } })
          ),
          Effect.provide(NodeContext.layer),
          Effect.flip,
          Effect.map((error) => [...new Set(String(error).match(/B_[A-Z_]+|overrides[.\w]+/g))].sort())
        )
      assert.deepStrictEqual(
        yield* problems({ OAUTH_CLIENT_SECRET_FILE: "/nowhere", OAUTH_DPOP: "yes", API_ALLOW_OUTSIDE_BASE_PATH: "no" }),
        ["B_API_ALLOW_OUTSIDE_BASE_PATH", "B_OAUTH_CLIENT_SECRET_FILE", "B_OAUTH_DPOP"]
      )
      assert.deepStrictEqual(
        yield* problems({ OAUTH_PRIVATE_KEY_FILE: "/nowhere", OAUTH_PRIVATE_KEY_ID: "1", OAUTH_CLIENT_ID: "" }),
        ["B_OAUTH_CLIENT_ID", "B_OAUTH_PRIVATE_KEY_FILE"]
      )
      assert.deepStrictEqual(
        yield* problems({ OAUTH_CLIENT_AUTHENTICATION: "private_key_jwt", OAUTH_TOKEN_TYPE: "x" }),
        ["B_OAUTH_PRIVATE_KEY", "B_OAUTH_TOKEN_TYPE"]
      )
      assert.deepStrictEqual(
        yield* problems({ OAUTH_CLIENT_SECRET: secret, OAUTH_PRIVATE_KEY_ID: "1" }, { apiBaseUrl: "nowhere" }),
        ["B_OAUTH_PRIVATE_KEY_ID", "overrides.apiBaseUrl"]
      )
    }))

  it.effect("implies client_secret_basic by its encoding alone, unless the server is known to require another method", () =>
    Effect.gen(function*() {
      const of = (encoding: Record<string, string>, supported: ReadonlyArray<string> | undefined) =>
        Effect.gen(function*() {
          const { authentication } = yield* read({ OAUTH_CLIENT_SECRET: secret, ...encoding })
          const { credentials: [first], method } = authentication(supported)
          const { prove } = yield* first
          const { headers } = yield* prove({ clientId: "id", issuer: undefined, endpoint: "https://a.example", now: 0 })
          return [method, headers?.["authorization"]]
        })
      const raw = { OAUTH_BASIC_ENCODING: "raw" }
      const basic = ["client_secret_basic", `Basic ${btoa(`id:${secret}`)}`]
      assert.deepStrictEqual(yield* of(raw, undefined), basic)
      assert.deepStrictEqual(yield* of(raw, ["client_secret_post", "client_secret_basic"]), basic)
      assert.deepStrictEqual(yield* of(raw, ["client_secret_post"]), ["client_secret_post", undefined])
      assert.deepStrictEqual(yield* of({}, undefined), ["client_secret_post", undefined])
      const form = `Basic ${btoa(`id:${new URLSearchParams({ "": secret }).toString().slice(1)}`)}`
      assert.deepStrictEqual(yield* of({}, ["client_secret_basic"]), ["client_secret_basic", form])
    }))

  it.effect("allows a colon in the id when only one reading is possible", () =>
    Effect.gen(function*() {
      const id = { OAUTH_CLIENT_ID: "urn:client", OAUTH_CLIENT_SECRET: secret }
      for (const method of ["client_secret_post", "client_secret_basic", "client_secret_jwt"]) {
        yield* read({ ...id, OAUTH_CLIENT_AUTHENTICATION: method })
      }
      yield* read({ ...id, OAUTH_BASIC_ENCODING: "form" })
    }))

  it.effect("selects the client certificate of the connection", () =>
    Effect.gen(function*() {
      for (const method of ["tls_client_auth", "self_signed_tls_client_auth"]) {
        const found = yield* proof({ OAUTH_CLIENT_AUTHENTICATION: method })
        assert.deepInclude(found, { method, mutualTls: true, parameters: { client_id: "inventory-sync" } })
      }
    }))

  it.effect("sets the parameters of the token request", () =>
    Effect.gen(function*() {
      const { dpop, request, revocationUrl } = yield* read({
        OAUTH_CLIENT_SECRET: secret,
        OAUTH_PARAMETERS: "tier=2&tenant=acme",
        OAUTH_AUTHORIZATION_DETAILS: `[{"type":"payment","limit":17}]`,
        OAUTH_REVOCATION_URL: "https://auth.example.com/revoke",
        OAUTH_DPOP: "true"
      })
      assert.strictEqual(request.parameters, "tenant=acme&tier=2")
      assert.strictEqual(request.authorizationDetails, `[{"limit":17,"type":"payment"}]`)
      assert.strictEqual((yield* dpop ?? assert.fail()).algorithm, "ES256")
      assert.strictEqual(revocationUrl, "https://auth.example.com/revoke")
    }))

  for (
    const [environment, variable] of [
      [{ OAUTH_CLIENT_AUTHENTICATION: "none" }, "OAUTH_CLIENT_AUTHENTICATION"],
      [{ OAUTH_CLIENT_AUTHENTICATION: "private_key_jwt" }, "OAUTH_PRIVATE_KEY"],
      [{ OAUTH_CLIENT_AUTHENTICATION: "tls_client_auth", OAUTH_CLIENT_SECRET: "s3cr3t" }, "OAUTH_CLIENT_SECRET"],
      [{ OAUTH_CLIENT_SECRET: "s3cr3t", OAUTH_BASIC_ENCODING: "rot13" }, "OAUTH_BASIC_ENCODING"],
      ...["client_secret_post", "client_secret_jwt", "tls_client_auth"].map((method) =>
        [
          { OAUTH_CLIENT_AUTHENTICATION: method, OAUTH_CLIENT_SECRET: long, OAUTH_BASIC_ENCODING: "raw" },
          "OAUTH_BASIC_ENCODING"
        ] as const
      ),
      // A variable that the method does not use.
      [{ OAUTH_CLIENT_SECRET: "s3cr3t", OAUTH_PRIVATE_KEY: "a key" }, "OAUTH_CLIENT_AUTHENTICATION"],
      [{
        OAUTH_CLIENT_AUTHENTICATION: "client_secret_post",
        OAUTH_CLIENT_SECRET: "s3cr3t",
        OAUTH_PRIVATE_KEY: "a key"
      }, "OAUTH_PRIVATE_KEY"],
      ...["PRIVATE_KEY_PREVIOUS", "PRIVATE_KEY_ID", "SIGNING_ALGORITHM", "ASSERTION_AUDIENCE", "ASSERTION_TYPE"].map((
        name
      ) => [{ OAUTH_CLIENT_SECRET: "s3cr3t", [`OAUTH_${name}`]: "x" }, `OAUTH_${name}`] as const),
      // RFC 7617 section 2.
      [{ OAUTH_CLIENT_ID: "a:b", OAUTH_CLIENT_SECRET: "s3cr3t", OAUTH_BASIC_ENCODING: "raw" }, "OAUTH_CLIENT_ID"],
      [{
        OAUTH_CLIENT_ID: "a:b",
        OAUTH_CLIENT_AUTHENTICATION: "client_secret_basic",
        OAUTH_CLIENT_SECRET: "s3cr3t",
        OAUTH_BASIC_ENCODING: "raw"
      }, "OAUTH_CLIENT_ID"],
      // RFC 7518 section 3.2.
      ...[["HS256", 31], ["HS384", 47], ["HS512", 63]].map(([algorithm, length]) =>
        [{
          OAUTH_CLIENT_AUTHENTICATION: "client_secret_jwt",
          OAUTH_CLIENT_SECRET: "s3cr3t".padEnd(Number(length), "x"),
          OAUTH_SIGNING_ALGORITHM: String(algorithm)
        }, "OAUTH_CLIENT_SECRET"] as const
      ),
      [{
        OAUTH_CLIENT_AUTHENTICATION: "client_secret_jwt",
        OAUTH_CLIENT_SECRET: long,
        OAUTH_CLIENT_SECRET_PREVIOUS: "s3cr3t"
      }, "OAUTH_CLIENT_SECRET_PREVIOUS"],
      [{
        OAUTH_CLIENT_AUTHENTICATION: "client_secret_jwt",
        OAUTH_CLIENT_SECRET: long,
        OAUTH_SIGNING_ALGORITHM: "ES256"
      }, "OAUTH_SIGNING_ALGORITHM"],
      [{ OAUTH_CLIENT_SECRET: "s3cr3t", OAUTH_DPOP: "yes" }, "OAUTH_DPOP"],
      [{ OAUTH_CLIENT_SECRET: "s3cr3t", OAUTH_CERTIFICATE_BOUND_TOKENS: "yes" }, "OAUTH_CERTIFICATE_BOUND_TOKENS"],
      [{ OAUTH_CLIENT_SECRET: "s3cr3t", OAUTH_PARAMETERS: "client_id=other" }, "OAUTH_PARAMETERS"],
      [{ OAUTH_CLIENT_SECRET: "s3cr3t", OAUTH_PARAMETERS: "grant_type=password" }, "OAUTH_PARAMETERS"],
      [{ OAUTH_CLIENT_SECRET: "s3cr3t", OAUTH_AUTHORIZATION_DETAILS: "{}" }, "OAUTH_AUTHORIZATION_DETAILS"],
      [{ OAUTH_CLIENT_SECRET: "s3cr3t", OAUTH_AUTHORIZATION_DETAILS: "[" }, "OAUTH_AUTHORIZATION_DETAILS"],
      [{ OAUTH_CLIENT_SECRET: "s3cr3t", OAUTH_ISSUER: "http://auth.example.com" }, "OAUTH_ISSUER"],
      [{ OAUTH_CLIENT_SECRET: "s3cr3t", OAUTH_ISSUER: "https://auth.example.com?a" }, "OAUTH_ISSUER"],
      [{ OAUTH_CLIENT_SECRET: "s3cr3t", OAUTH_TOKEN_URL: "" }, "OAUTH_TOKEN_URL"],
      [{ OAUTH_CLIENT_SECRET: "s3cr3t", OAUTH_REVOCATION_URL: "http://auth.example.com" }, "OAUTH_REVOCATION_URL"]
    ] as ReadonlyArray<readonly [Record<string, string>, string]>
  ) {
    it.effect(`names ${variable} when it is invalid: ${JSON.stringify(environment)}`, () =>
      Effect.gen(function*() {
        const error = String(yield* Effect.flip(read(environment)))
        assert.include(error, `Expected ${variable} to be`)
        assert.notInclude(error, "s3cr3t")
      }))
  }
})
