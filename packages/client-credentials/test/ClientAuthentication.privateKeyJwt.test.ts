/**
 * Private keys in the formats that are in use: read, or rejected with the reason before anything is sent.
 */
import { constants, createPublicKey, generateKeyPairSync, type KeyObject, verify } from "node:crypto"

import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { ClientAuthentication, ClientConfig, ClientCredentials, TokenCache } from "@effect-oauth/client-credentials"
import { ConfigProvider, Effect, Layer, Redacted } from "effect"
import { decodeProtectedHeader, jwtVerify } from "jose"

import * as certificates from "./support/certificates.js"
import * as fakeHttp from "./support/fakeHttp.js"
import { printed } from "./support/printed.js"
import * as scenario from "./support/scenario.js"

const { privateKey: rsa } = generateKeyPairSync("rsa", { modulusLength: 2048 })
const { privateKey: pss } = generateKeyPairSync("rsa-pss", { modulusLength: 2048 })
const ec = (namedCurve: string) => generateKeyPairSync("ec", { namedCurve }).privateKey
const p256 = ec("P-256")
const { privateKey: ed25519 } = generateKeyPairSync("ed25519")

const pem = (key: KeyObject, type: "pkcs8" | "pkcs1" | "sec1" = "pkcs8") => String(key.export({ type, format: "pem" }))
const jwk = (key: KeyObject) => key.export({ format: "jwk" })
const bytes = (key: KeyObject, member: "d" | "x") => Buffer.from(jwk(key)[member] ?? "", "base64url")
const armour = (label: string, body: Buffer) =>
  `-----BEGIN ${label}-----\n${body.toString("base64")}\n-----END ${label}-----\n`
const base64 = (text: string) => Buffer.from(text).toString("base64")
const hex = (text: string, ...more: ReadonlyArray<Buffer>) => Buffer.concat([Buffer.from(text, "hex"), ...more])

/** SEC 1 without the name of the curve. */
const namelessSec1 = armour("EC PRIVATE KEY", hex("302502010104" + "20", bytes(p256, "d")))
const encryptedPem = (type: "pkcs8" | "pkcs1") =>
  String(rsa.export({ type, format: "pem", cipher: "aes-256-cbc", passphrase: "x" }))
const publicPem = (type: "spki" | "pkcs1") => String(createPublicKey(rsa).export({ type, format: "pem" }))
const set = (...keys: ReadonlyArray<object>) => JSON.stringify({ keys })
const certificate = certificates.authority("localhost").pipe(Effect.map(({ cert }) => cert))

const readable: ReadonlyArray<readonly [string, KeyObject, string]> = [
  ["PKCS #8, RSA", rsa, pem(rsa)],
  ["PKCS #1", rsa, pem(rsa, "pkcs1")],
  ["PKCS #8, RSA for PSS", pss, pem(pss)],
  ...["P-256", "P-384", "P-521"].map(ec).flatMap((key) =>
    [
      [`PKCS #8, ${jwk(key).crv}`, key, pem(key)],
      [`SEC 1, ${jwk(key).crv}`, key, pem(key, "sec1")],
      [`JWK, ${jwk(key).crv}`, key, JSON.stringify(jwk(key))]
    ] as const
  ),
  ["PKCS #8, Ed25519", ed25519, pem(ed25519)],
  [
    "PKCS #8 of the second version, with the public key",
    ed25519,
    armour(
      "PRIVATE KEY",
      hex("3051020101300506032b657004220420", bytes(ed25519, "d"), hex("812100", bytes(ed25519, "x")))
    )
  ],
  [
    "SEC 1 after the parameters of the curve",
    p256,
    armour("EC PARAMETERS", hex("06082a8648ce3d030107")) + namelessSec1
  ],
  ["line breaks that are written out", rsa, pem(rsa).replaceAll("\n", "\\n")],
  ["line breaks that are written out twice", rsa, pem(rsa).replaceAll("\n", "\\\\n")],
  ["line breaks of Windows that are written out", rsa, pem(rsa).replaceAll("\n", "\\r\\n")],
  ["line breaks that are written out, SEC 1", p256, pem(p256, "sec1").replaceAll("\n", "\\n")],
  ["line breaks of Windows", p256, pem(p256).replaceAll("\n", "\r\n")],
  ["blanks for line breaks", p256, pem(p256).trim().replaceAll("\n", " ")],
  ["no line breaks at all", p256, pem(p256).replaceAll("\n", "")],
  ["lines that are indented", p256, pem(p256).replaceAll("\n", "\n    ")],
  ["quotes around it", p256, `"${pem(p256).trim()}"`],
  ["quotes around it, and line breaks that are written out", p256, JSON.stringify(pem(p256))],
  ["slashes that are escaped", rsa, JSON.stringify(pem(rsa)).replaceAll("/", "\\/")],
  ["single quotes around it", p256, `'${pem(p256).trim()}'`],
  ["a byte order mark before it", p256, `\ufeff${pem(p256)}`],
  [
    "Bag Attributes before it",
    rsa,
    `Bag Attributes\n    localKeyID: 01 02\nKey Attributes: <No Attributes>\n${
      pem(rsa)
    }Bag Attributes\n  friendlyName: x\n`
  ],
  ["base64 around the whole", rsa, base64(pem(rsa))],
  ["base64 around the whole, in lines", rsa, base64(pem(rsa)).replace(/.{76}/g, "$&\n")],
  ["PKCS #8 without armour", p256, p256.export({ type: "pkcs8", format: "der" }).toString("base64")],
  ["a JWK in base64", p256, base64(JSON.stringify(jwk(p256)))],
  ["a JWK in quotes", p256, `'${JSON.stringify(jwk(p256))}'`],
  ["a JWK in quotes, escaped", p256, JSON.stringify(JSON.stringify(jwk(p256)))],
  ["a JWK Set with one key", p256, set(jwk(p256))],
  ["a JWK Set with the public key of another beside it", p256, set(jwk(createPublicKey(rsa)), jwk(p256))],
  ["a JWK Set with a key for encryption beside it", p256, set({ ...jwk(rsa), use: "enc" }, jwk(p256))],
  ["a JWK with use and key_ops", p256, JSON.stringify({ ...jwk(p256), use: "sig", key_ops: ["sign"], ext: false })]
]

const rejected: ReadonlyArray<readonly [string, string, RegExp]> = [
  ["no key at all", "c4n4ry", /neither PEM nor JWK/],
  ["a path", "/run/secrets/c4n4ry.pem", /neither PEM nor JWK/],
  ["blanks", "  ", /./],
  ["PKCS #8 that is encrypted", encryptedPem("pkcs8"), /encrypted.*openssl/],
  ["PKCS #1 that is encrypted", encryptedPem("pkcs1"), /encrypted.*openssl/],
  ["encrypted, without armour", encryptedPem("pkcs8").replace(/-.*\n?/g, ""), /encrypted/],
  ["a public key", publicPem("spki"), /a public key/],
  ["a public key in PKCS #1", publicPem("pkcs1"), /a public key/],
  ["a public JWK", JSON.stringify(jwk(createPublicKey(p256))), /a public key/],
  ["a JWK Set of public keys", set(jwk(createPublicKey(p256))), /without a private key/],
  ["a JWK Set with two keys", set(jwk(p256), jwk(rsa)), /several private keys.*key id/],
  ["two keys", pem(rsa) + pem(p256), /several private keys/],
  ["a key that was cut off in its middle", pem(rsa).slice(0, 900), /cut off/],
  ["a key without its last lines", armour("PRIVATE KEY", Buffer.from("c4n4ry")), /damaged/],
  [
    "a key whose middle is missing",
    armour("PRIVATE KEY", p256.export({ type: "pkcs8", format: "der" }).subarray(0, 100)),
    /damaged/
  ],
  ["a key of OpenSSH", armour("OPENSSH PRIVATE KEY", Buffer.from("c4n4ry")), /ssh-keygen/],
  ["a key of PuTTY", "PuTTY-User-Key-File-3: ssh-rsa\nc4n4ry", /PuTTY/],
  ["a certificate request", armour("CERTIFICATE REQUEST", Buffer.from("c4n4ry")), /without a private key/],
  ["RSA with 1024 bits", pem(generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey), /1024 bits/],
  [
    "a JWK of RSA with 1024 bits",
    JSON.stringify(jwk(generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey)),
    /1024 bits/
  ],
  ["another curve", pem(ec("secp256k1")), /curve other than/],
  ["another curve in SEC 1", pem(ec("secp256k1"), "sec1"), /curve other than/],
  ["another curve in a JWK", JSON.stringify(jwk(ec("secp256k1"))), /curve other than/],
  ["Ed448", pem(generateKeyPairSync("ed448").privateKey), /other than RSA/],
  ["X25519", pem(generateKeyPairSync("x25519").privateKey), /other than RSA/],
  ["SEC 1 without a curve", namelessSec1, /damaged/],
  ["a symmetric JWK", JSON.stringify({ kty: "oct", k: "c4n4ry" }), /client_secret_jwt/],
  ["a JWK for encryption", JSON.stringify({ ...jwk(rsa), use: "enc" }), /not for signatures/],
  ["a JWK of another algorithm", JSON.stringify({ ...jwk(rsa), alg: "RSA-OAEP" }), /algorithm/],
  ["a JWK without primes", JSON.stringify({ ...jwk(rsa), p: undefined, q: undefined }), /primes/],
  ["a JWK with a short member", JSON.stringify({ ...jwk(p256), d: "c4n4ry" }), /member d/],
  ["a JWK that is damaged", "{\"kty\":\"EC\",\"d\":\"c4n4ry", /JSON that is damaged/],
  ["other JSON", JSON.stringify({ client_secret: "c4n4ry" }), /not a JWK/],
  ["a long string", "c4n4ry".repeat(100_000), /longer/]
]

const configured = (options: Partial<Parameters<typeof ClientAuthentication.privateKeyJwt>[0]>) =>
  ClientConfig.make({
    ...scenario.options,
    clientSecret: undefined,
    clientAuthentication: ClientAuthentication.privateKeyJwt({ key: Redacted.make(pem(p256)), ...options })
  })

const assertionOf = (
  { authentication }: ClientConfig.ClientConfig,
  signingAlgorithms?: ReadonlyArray<string>
) =>
  Effect.flatMap(
    authentication(undefined).credentials[0],
    ({ prove }) =>
      prove({
        clientId: "id",
        issuer: "https://auth.example.com",
        endpoint: "https://auth.example.com",
        now: 0,
        signingAlgorithms
      })
  ).pipe(
    Effect.map(({ parameters = {} }) => parameters["client_assertion"] ?? "")
  )

const isSignedBy = (key: KeyObject, jwt: string) =>
  Effect.promise(async () => {
    if (key.asymmetricKeyType !== "rsa-pss") return jwtVerify(jwt, createPublicKey(key), { currentDate: new Date(0) })
    const [header, payload, signature = ""] = jwt.split(".")
    const verifying = { key: createPublicKey(key), padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }
    const signed = Buffer.from(`${header}.${payload}`)
    assert.isTrue(verify("sha256", signed, verifying, Buffer.from(signature, "base64url")))
    return assert.strictEqual(decodeProtectedHeader(jwt).alg, "PS256")
  })

const environment = (more: Record<string, string>) =>
  Effect.provide(ClientConfig.ClientConfig, ClientConfig.layerEnv()).pipe(
    Effect.withConfigProvider(ConfigProvider.fromMap(
      new Map(Object.entries({
        OAUTH_TOKEN_URL: "https://auth.example.com/oauth/token",
        OAUTH_CLIENT_ID: "inventory-sync",
        API_BASE_URL: "https://api.example.com",
        ...more
      }))
    )),
    Effect.provide(NodeContext.layer)
  )

describe("a private key is read as", () => {
  for (const [name, key, text] of readable) {
    it.effect(name, () =>
      Effect.gen(function*() {
        const config = yield* configured({ key: Redacted.make(text) })
        yield* isSignedBy(key, yield* assertionOf(config))
        // It is read in the same way as the previous key, from the environment and from a file.
        yield* configured({ previous: Redacted.make(text) })
        yield* isSignedBy(
          key,
          yield* Effect.flatMap(environment({ OAUTH_PRIVATE_KEY: text }), (one) => assertionOf(one))
        )
        const fs = yield* FileSystem.FileSystem
        const file = yield* fs.makeTempFileScoped()
        yield* fs.writeFileString(file, `${text}\n`)
        const read = yield* environment({ OAUTH_PRIVATE_KEY_FILE: file })
        yield* isSignedBy(key, yield* assertionOf(read))
      }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)))
  }

  it.effect("PEM with the certificate of the key, before or after it", () =>
    Effect.gen(function*() {
      for (const text of [`${yield* certificate}\n${pem(p256)}`, `${pem(p256)}${yield* certificate}`]) {
        yield* isSignedBy(p256, yield* assertionOf(yield* configured({ key: Redacted.make(text) })))
      }
    }))

  it.effect("the key of a JWK Set that the key id names", () =>
    Effect.gen(function*() {
      const key = Redacted.make(set({ ...jwk(rsa), kid: "a" }, { ...jwk(p256), kid: "b" }))
      const jwt = yield* assertionOf(yield* configured({ key, keyId: "b" }))
      yield* isSignedBy(p256, jwt)
      assert.strictEqual(decodeProtectedHeader(jwt).kid, "b")
      assert.match(String(yield* Effect.flip(configured({ key, keyId: "c" }))), /without a private key of this key id/)
    }))
})

describe("a private key is rejected when the layer is built, with the reason:", () => {
  const isRejected = (text: string, reason: RegExp) =>
    Effect.gen(function*() {
      for (const setting of ["key", "previous"] as const) {
        const error = yield* Effect.flip(configured({ [setting]: Redacted.make(text) }))
        assert.deepStrictEqual(error.problems.map(({ setting }) => setting), [`clientAuthentication.${setting}`])
        assert.match(error.message, reason)
        assert.isFalse(error.retryable)
        assert.notInclude(printed(error), "c4n4ry")
      }
      if (text.trim() === "") return
      const fs = yield* FileSystem.FileSystem
      const file = yield* fs.makeTempFileScoped()
      yield* fs.writeFileString(file, text)
      for (
        const [variable, more] of [
          ["OAUTH_PRIVATE_KEY", { OAUTH_PRIVATE_KEY: text }],
          ["OAUTH_PRIVATE_KEY_FILE", { OAUTH_PRIVATE_KEY_FILE: file }],
          ["OAUTH_PRIVATE_KEY_PREVIOUS", { OAUTH_PRIVATE_KEY: pem(p256), OAUTH_PRIVATE_KEY_PREVIOUS: text }],
          ["OAUTH_PRIVATE_KEY_PREVIOUS_FILE", { OAUTH_PRIVATE_KEY: pem(p256), OAUTH_PRIVATE_KEY_PREVIOUS_FILE: file }]
        ] as const
      ) {
        const error = String(yield* Effect.flip(environment(more)))
        assert.include(error, `Expected ${variable} to be`)
        assert.match(error, reason)
        assert.notInclude(error, "c4n4ry")
      }
      // From a source, the problem is found when the source is read, and a later read may return another key.
      const { layer, sent } = fakeHttp.make(() => Effect.die("not reached"))
      const error = yield* Effect.flatMap(TokenCache.TokenCache, ({ get }) => get).pipe(
        Effect.flip,
        Effect.provide(Layer.provide(
          ClientCredentials.layer({
            ...scenario.options,
            clientSecret: undefined,
            clientAuthentication: ClientAuthentication.privateKeyJwt({ key: Effect.succeed(Redacted.make(text)) }),
            tokenCache: { retryTimeout: 0 }
          }),
          layer
        ))
      )
      assert(error._tag === "CredentialUnavailable")
      assert.match(error.message, reason)
      assert.isTrue(error.retryable)
      assert.lengthOf(sent, 0)
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer))

  for (const [name, text, reason] of rejected) it.effect(name, () => isRejected(text, reason))

  it.effect("a certificate", () => Effect.flatMap(certificate, (text) => isRejected(text, /a certificate;/)))

  it.effect("a value that is not Redacted", () =>
    Effect.gen(function*() {
      const plain = pem(p256) as unknown as Redacted.Redacted<string>
      const error = yield* Effect.flip(configured({ key: plain }))
      assert.match(error.message, /^clientAuthentication\.key: expected .*Redacted\.make/)
    }))

  it.effect("options that are invalid in an assertion", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(
        configured({ algorithm: "HS256" as "RS256", life: -1, audience: "", type: "\n", keyId: "" })
      )
      assert.sameMembers(
        error.problems.map(({ setting }) => setting),
        ["algorithm", "life", "audience", "type", "keyId"].map((one) => `clientAuthentication.${one}`)
      )
      assert.match(
        (yield* Effect.flip(configured({ algorithm: "RS256" }))).message,
        /does not sign by RS256, but by ES256/
      )
    }))
})

it.effect("a key that only the platform rejects is an error that is not retryable", () =>
  Effect.gen(function*() {
    const other = jwk(ec("P-256"))
    const key = Redacted.make(JSON.stringify({ ...jwk(p256), x: other.x, y: other.y }))
    const error = yield* Effect.flip(Effect.flatMap(configured({ key }), (one) => assertionOf(one)))
    assert(error._tag === "CredentialUnavailable")
    assert.isFalse(error.retryable)
    const source = configured({ key: Effect.succeed(key) })
    const later = yield* Effect.flip(Effect.flatMap(source, (one) => assertionOf(one)))
    assert.isTrue(later.retryable)
  }))
