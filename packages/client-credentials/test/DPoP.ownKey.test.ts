/**
 * Proofs by a key of the configuration: tokens that are bound to it are shared and survive a restart.
 */
import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto"

import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { ApiClient, ClientConfig, SharedTokens, Signer, TokenSeal, TokenStore } from "@effect-oauth/client-credentials"
import { ConfigProvider, Effect, Layer, Redacted } from "effect"
import { calculateJwkThumbprint, decodeProtectedHeader, EmbeddedJWK, type JWK, jwtVerify } from "jose"

import * as fleet from "./support/fleet.js"
import { printed } from "./support/printed.js"
import * as scenario from "./support/scenario.js"
import { sealKey } from "./support/sealKey.js"

const { privateKey: p256 } = generateKeyPairSync("ec", { namedCurve: "P-256" })
const { privateKey: p384 } = generateKeyPairSync("ec", { namedCurve: "P-384" })
const { privateKey: rsa } = generateKeyPairSync("rsa", { modulusLength: 2048 })
const { privateKey: ed25519 } = generateKeyPairSync("ed25519")
const pem = (key: KeyObject) => Redacted.make(String(key.export({ type: "pkcs8", format: "pem" })))
const jwk = (key: KeyObject, more = {}) => Redacted.make(JSON.stringify({ ...key.export({ format: "jwk" }), ...more }))
const publicJwk = (key: KeyObject) => createPublicKey(key).export({ format: "jwk" }) as JWK

const signer = (more: object = {}): Signer.Signer =>
  Signer.fromDer({
    algorithm: "ES256",
    keyId: "k",
    publicKey: publicJwk(p256),
    sign: (data) => Effect.sync(() => new Uint8Array(sign("sha256", data, p256))),
    ...more
  })

const configured = (dpop: unknown) =>
  ClientConfig.make({ ...scenario.options, dpop: dpop as NonNullable<ClientConfig.Options["dpop"]> })

const proofKey = (dpop: unknown) =>
  Effect.flatMap(configured(dpop), (config) => config.dpop ?? Effect.dieMessage("no key"))

const proofOf = (dpop: unknown) =>
  Effect.gen(function*() {
    const { proof, thumbprint } = yield* proofKey(dpop)
    const { value } = yield* proof({ method: "GET", url: "https://api.example.com/v1/items" })
    yield* Effect.promise(() => jwtVerify(value, EmbeddedJWK, { currentDate: new Date(0), typ: "dpop+jwt" }))
    return { header: decodeProtectedHeader(value), thumbprint }
  })

describe("a proof key of the configuration", () => {
  for (
    const [name, key, algorithm, dpop] of [
      ["PEM on P-256", p256, "ES256", { key: pem(p256) }],
      ["PEM on P-384", p384, "ES384", { key: pem(p384) }],
      ["PEM of RSA", rsa, "RS256", { key: pem(rsa) }],
      ["PEM of RSA, by the algorithm of the option", rsa, "PS256", { key: pem(rsa), algorithm: "PS256" }],
      ["PEM of Ed25519", ed25519, "EdDSA", { key: pem(ed25519) }],
      ["a JWK", p256, "ES256", { key: jwk(p256, { kid: "k" }) }],
      ["a JWK, by its algorithm", rsa, "PS256", { key: jwk(rsa, { alg: "PS256" }) }],
      ["an Effect that reads it", p256, "ES256", { key: Effect.succeed(pem(p256)) }],
      ["a signer", p256, "ES256", { key: signer() }]
    ] as const
  ) {
    it.effect(`is ${name}`, () =>
      Effect.gen(function*() {
        const { header, thumbprint } = yield* proofOf(dpop)
        // There is no `kid`: the proof contains the key itself, without its private part.
        assert.deepStrictEqual(header, { typ: "dpop+jwt", alg: algorithm, jwk: publicJwk(key) })
        assert.strictEqual(thumbprint, yield* Effect.promise(() => calculateJwkThumbprint(publicJwk(key))))
      }))
  }

  it.effect("is a key of the platform, which need not be extractable", () =>
    Effect.gen(function*() {
      const key = yield* Effect.promise(() =>
        crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"])
      )
      const { header } = yield* proofOf({ key: yield* Signer.fromCryptoKey({ key }) })
      assert.deepInclude(header, { alg: "ES256" })
    }))

  it.effect("is read once, with the first use", () =>
    Effect.gen(function*() {
      let reads = 0
      const { dpop } = yield* configured({ key: Effect.sync(() => (reads += 1, pem(p256))) })
      assert.strictEqual(reads, 0)
      const [one, other] = yield* Effect.all([dpop ?? Effect.die(""), dpop ?? Effect.die("")])
      assert.strictEqual(one, other)
      assert.strictEqual(reads, 1)
    }))

  it.effect("is not printed, and neither is its signer", () =>
    Effect.gen(function*() {
      const shown = printed([yield* configured({ key: jwk(p256) }), yield* proofKey({ key: jwk(p256) })])
      assert.notInclude(shown, String(p256.export({ format: "jwk" }).d))
    }))

  const wrong: ReadonlyArray<readonly [string, unknown, string, RegExp]> = [
    ["text that is not Redacted", { key: "c4n4ry" }, "dpop.key", /Redacted\.make.*or a Signer/],
    ["no key", { key: Redacted.make("c4n4ry") }, "dpop.key", /neither PEM nor JWK/],
    ["a public key", { key: Redacted.make(JSON.stringify(publicJwk(p256))) }, "dpop.key", /a public key/],
    ["a key of another algorithm", { key: pem(p256), algorithm: "RS256" }, "dpop.algorithm", /ES256, by which this/],
    ["a signer without public key", { key: signer({ publicKey: undefined }) }, "dpop.key.publicKey", /in each proof/],
    ["a signer with an algorithm beside it", { key: signer(), algorithm: "ES256" }, "dpop.algorithm", /absent/],
    ["a signer that cannot sign", { key: signer({ sign: undefined }) }, "dpop.key.sign", /function/],
    ["an object that is not a signer", { key: {} }, "dpop.key.algorithm", /ES256/]
  ]
  for (const [name, dpop, setting, expected] of wrong) {
    it.effect(`is an InvalidConfig as ${name}`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(configured(dpop))
        assert.strictEqual(error.problems[0]?.setting, setting)
        assert.match(error.problems[0]?.expected ?? "", expected)
        assert.notInclude(printed(error), "c4n4ry")
      }))
  }

  it.effect("that cannot be read or imported is an InvalidConfig on first use", () =>
    Effect.gen(function*() {
      const damaged = Redacted.make(
        JSON.stringify({ ...p256.export({ format: "jwk" }), ...publicJwk(p384), crv: "P-256" })
      )
      for (
        const [key, reason] of [
          [Effect.fail({ _tag: "AccessDenied", secret: "c4n4ry" }), /that can be read, but AccessDenied/],
          [Effect.succeed(Redacted.make("c4n4ry")), /neither PEM nor JWK/],
          [damaged, /damaged/]
        ] as const
      ) {
        const error = yield* Effect.flip(proofKey({ key }))
        assert.deepStrictEqual(error.problems.map(({ setting }) => setting), ["dpop.key"])
        assert.match(error.message, reason)
        assert.notInclude(printed(error), "c4n4ry")
      }
    }))

  it.effect("whose signer fails is an error of the call, and no token is requested", () =>
    Effect.gen(function*() {
      const { counts, layer } = scenario.make(scenario.ok, {
        dpop: { key: signer({ sign: () => Effect.fail({ _tag: "AccessDenied", secret: "c4n4ry" }) }) },
        tokenCache: { retryTimeout: 0 }
      })
      const error = yield* Effect.flip(
        Effect.provide(Effect.flatMap(ApiClient.ApiClient, (api) => api.get("/items")), layer)
      )
      assert(error._tag === "CredentialUnavailable")
      assert.match(error.message, /its signer failed \(AccessDenied\)\. Check the signer/)
      assert.notInclude(printed(error), "c4n4ry")
      assert.deepStrictEqual(counts, { tokens: 0, calls: 0 })
    }))
})

describe("tokens that are bound to a key of the configuration", () => {
  const dpop = { key: pem(p256) }
  const memory = Effect.map(Layer.build(TokenStore.layerMemory), (context) => Layer.succeedContext(context))

  it.scoped("are shared by all processes with this key, also by one that starts later", () =>
    Effect.gen(function*() {
      const store = yield* memory
      const [one, other] = yield* fleet.startProcesses(2, store, { dpop })
      assert(one !== undefined && other !== undefined)
      const responses = [yield* one, yield* other, yield* one, yield* other]
      // A restart: the key is the same, the cache is empty.
      const restarted = yield* fleet.startProcess(store, { dpop: { key: Effect.succeed(jwk(p256)) } })
      const later = yield* restarted
      assert.deepStrictEqual([...responses, later].map(({ status }) => status), [200, 200, 200, 200, 200])
      assert.strictEqual(yield* fleet.tokensIssued, 1)
    }).pipe(Effect.provide(fleet.Servers)))

  it.scoped("are not used with another key or with a key of the process", () =>
    Effect.gen(function*() {
      const store = yield* memory
      for (const options of [{ dpop }, { dpop: { key: pem(p384), algorithm: "ES384" } }, { dpop: true }, {}] as const) {
        const call = yield* fleet.startProcess(store, options)
        assert.strictEqual((yield* call).status, 200)
      }
      assert.strictEqual(yield* fleet.tokensIssued, 4)
    }).pipe(Effect.provide(fleet.Servers)))

  it.scoped("are loaded from the store and revoked by the key", () =>
    Effect.gen(function*() {
      const store = yield* memory
      yield* yield* fleet.startProcess(store, { dpop })
      const config = (options: Partial<ClientConfig.Options>) =>
        ClientConfig.layer({
          tokenUrl: "https://auth.test/token",
          clientId: "test-client",
          clientSecret: Redacted.make("test-secret"),
          apiBaseUrl: "https://api.test",
          ...options
        })
      const services = (options: Partial<ClientConfig.Options>) =>
        Layer.mergeAll(config(options), store, TokenSeal.layer([sealKey(1)]))
      assert.isUndefined(yield* Effect.provide(SharedTokens.stored, services({})))
      const token = yield* Effect.provide(SharedTokens.stored, services({ dpop }))
      assert(token !== undefined)
      assert.strictEqual(token.type, "DPoP")
      yield* Effect.provide(SharedTokens.forget(token), services({ dpop }))
      assert.isUndefined(yield* Effect.provide(SharedTokens.stored, services({ dpop })))
    }).pipe(Effect.provide(fleet.Servers)))
})

describe("OAUTH_DPOP_KEY", () => {
  const environment = (more: Record<string, string>, overrides: Partial<ClientConfig.Options> = {}) =>
    Effect.provide(ClientConfig.ClientConfig, ClientConfig.layerEnv({ overrides })).pipe(
      Effect.withConfigProvider(ConfigProvider.fromMap(
        new Map(Object.entries({
          OAUTH_TOKEN_URL: "https://auth.example.com/oauth/token",
          OAUTH_CLIENT_ID: "inventory-sync",
          OAUTH_CLIENT_SECRET: "s3cr3t",
          API_BASE_URL: "https://api.example.com",
          ...more
        }))
      )),
      Effect.provide(NodeContext.layer)
    )
  const thumbprintOf = ({ dpop }: ClientConfig.ClientConfig) =>
    Effect.map(dpop ?? Effect.dieMessage("no key"), ({ thumbprint }) => thumbprint)
  const expected = Effect.promise(() => calculateJwkThumbprint(publicJwk(p256)))

  it.effect("is read from a value or a file", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const file = yield* fs.makeTempFileScoped()
      yield* fs.writeFileString(file, Redacted.value(pem(p256)))
      for (
        const variables of [
          { OAUTH_DPOP_KEY: Redacted.value(pem(p256)) },
          { OAUTH_DPOP_KEY: Redacted.value(jwk(p256)), OAUTH_DPOP: "true" },
          { OAUTH_DPOP_KEY_FILE: file }
        ]
      ) assert.strictEqual(yield* Effect.flatMap(environment(variables), thumbprintOf), yield* expected)
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)))

  it.effect("is not read when an override is set", () =>
    Effect.gen(function*() {
      const { dpop } = yield* environment({ OAUTH_DPOP_KEY: "c4n4ry" }, { dpop: false })
      assert.isUndefined(dpop)
    }))

  it.effect("is named when it is invalid, without its value", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const file = yield* fs.makeTempFileScoped()
      yield* fs.writeFileString(file, "c4n4ry")
      for (
        const [variables, reason] of [
          [{ OAUTH_DPOP_KEY: "c4n4ry" }, /Expected OAUTH_DPOP_KEY to be a private key.*neither PEM nor JWK/],
          [{ OAUTH_DPOP_KEY_FILE: file }, /Expected OAUTH_DPOP_KEY_FILE to be the path of a file with a private key/],
          [
            { OAUTH_DPOP_KEY_FILE: "/nowhere" },
            /Expected OAUTH_DPOP_KEY_FILE to be the path of a file that can be read/
          ],
          [{ OAUTH_DPOP_KEY: Redacted.value(pem(p256)), OAUTH_DPOP: "false" }, /Expected OAUTH_DPOP_KEY to be unset/]
        ] as const
      ) {
        const error = String(yield* Effect.flip(environment(variables)))
        assert.match(error, reason)
        assert.notInclude(error, "c4n4ry")
      }
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)))
})
