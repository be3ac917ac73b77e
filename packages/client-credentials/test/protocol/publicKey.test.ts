import { constants, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto"

import { assert, describe, it } from "@effect/vitest"
import { calculateJwkThumbprint } from "jose"

import * as publicKey from "../../src/internal/protocol/publicKey.js"

/** The key of RFC 7638 section 3.1. */
const rsaJwk = {
  kty: "RSA",
  n: "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3o" +
    "knjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu" +
    "6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8aw" +
    "apJzKnqDKgw",
  e: "AQAB"
}
/** The key of RFC 8037 appendix A.2. */
const edJwk = { kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }

const ec = (namedCurve: string) => generateKeyPairSync("ec", { namedCurve }).publicKey
const [p256, p384, p521, secp256k1] = ["P-256", "P-384", "P-521", "secp256k1"].map(ec) as [
  KeyObject,
  KeyObject,
  KeyObject,
  KeyObject
]
const rsa = createPublicKey({ key: rsaJwk, format: "jwk" })
const ed25519 = createPublicKey({ key: edJwk, format: "jwk" })
const x25519 = generateKeyPairSync("x25519").publicKey

const jwk = (key: KeyObject) => key.export({ format: "jwk" }) as Readonly<Record<string, string>>
const pem = (key: KeyObject) => String(key.export({ type: "spki", format: "pem" }))
const der = (key: KeyObject) => Uint8Array.from(key.export({ type: "spki", format: "der" }))
/** Returns base64url of a number of bytes. */
const base64url = (length: number) => Buffer.alloc(length, 7).toString("base64url")

const types = [
  ["RSA", rsa, ["RS256", "PS256", "PS384", "PS512", "RS384", "RS512"]],
  ["P-256", p256, ["ES256"]],
  ["P-384", p384, ["ES384"]],
  ["P-521", p521, ["ES512"]],
  ["Ed25519", ed25519, ["EdDSA", "Ed25519"]]
] as const

describe("a public key", () => {
  for (const [type, key, algorithms] of types) {
    it(`of type ${type} is read from a JWK, PEM and DER, and states its algorithms`, () => {
      const expected = jwk(key)
      const more = { kid: "a", use: "sig", alg: algorithms[0], x5c: ["AAAA"] }
      for (const value of [expected, { ...expected, ...more }, pem(key), `before\n${pem(key)}after`, der(key)]) {
        const found = publicKey.read(value)
        assert.deepStrictEqual<unknown>(found, expected)
        assert.deepStrictEqual<unknown>(found === undefined ? [] : publicKey.algorithmsOf(found), algorithms)
      }
    })
  }

  it("that is marked for RSA-PSS (RFC 4055 section 1.2) is a JWK of RSA, which verifies its signatures", () => {
    const pair = generateKeyPairSync("rsa-pss", { modulusLength: 1024 })
    const found = publicKey.read(der(pair.publicKey))
    assert.strictEqual(found?.kty, "RSA")
    const key = createPublicKey({ key: { ...found }, format: "jwk" })
    const data = Buffer.from("message")
    const signature = sign("sha256", data, { key: pair.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING })
    assert.isTrue(verify("sha256", data, { key, padding: constants.RSA_PKCS1_PSS_PADDING }, signature))
  })

  const { privateKey } = generateKeyPairSync("ed25519")
  const pkcs8 = String(privateKey.export({ type: "pkcs8", format: "pem" }))
  const others: Readonly<Record<string, unknown>> = {
    nothing: undefined,
    null: null,
    "a number": 7,
    "a list of keys": [edJwk],
    "an empty string": "",
    "a string that is not PEM": "s3cr3t",
    "PEM without an end": pem(ed25519).replace(/-----END.*/, ""),
    "two keys in PEM": pem(ed25519) + pem(p256),
    "another label": pem(ed25519).replaceAll("PUBLIC KEY", "RSA PUBLIC KEY"),
    "PEM of no base64": pem(ed25519).replace("MC", "M%"),
    "PEM of no key": "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
    "a private key in PEM": pkcs8,
    "a private key under the label of a public one": pkcs8.replaceAll("PRIVATE", "PUBLIC"),
    "a private key as a JWK": privateKey.export({ format: "jwk" }),
    "no bytes": new Uint8Array(),
    "a secret": { kty: "oct", k: base64url(32) },
    "a key on another curve, as a JWK": jwk(secp256k1),
    "a key on another curve, in DER": der(secp256k1),
    "a key for key agreement, as a JWK": jwk(x25519),
    "a key for key agreement, in DER": der(x25519),
    "a curve of another type": { ...jwk(p256), kty: "OKP" },
    "Ed25519 as a curve of EC": { ...edJwk, kty: "EC", y: edJwk.x },
    "a type in lower case": { ...rsaJwk, kty: "rsa" },
    "a type that is not a string": { ...rsaJwk, kty: ["RSA"] },
    "RSA without a modulus": { kty: "RSA", e: "AQAB" },
    "RSA without an exponent": { kty: "RSA", n: rsaJwk.n },
    "RSA with an empty exponent": { ...rsaJwk, e: "" },
    "RSA with a number for the exponent": { ...rsaJwk, e: 65537 },
    "RSA with an exponent that is not base64url": { ...rsaJwk, e: "A!AB" },
    "EC without y": { ...jwk(p256), y: undefined },
    "EC without x": { ...jwk(p256), x: undefined },
    "EC without a curve": { ...jwk(p256), crv: undefined },
    "Ed25519 without x": { kty: "OKP", crv: "Ed25519" }
  }
  for (const [name, value] of Object.entries(others)) {
    it(`is not read from ${name}`, () => assert.isUndefined(publicKey.read(value)))
  }

  for (const [kty, crv, size] of [["EC", "P-256", 32], ["EC", "P-384", 48], ["EC", "P-521", 66]] as const) {
    it(`on ${crv} has coordinates of ${size} bytes (RFC 7518 section 6.2.1)`, () => {
      const valid = { kty, crv, x: base64url(size), y: base64url(size) }
      assert.deepStrictEqual<unknown>(publicKey.read(valid), valid)
      for (const length of [0, size - 1, size + 1]) {
        assert.isUndefined(publicKey.read({ ...valid, x: base64url(length) }))
        assert.isUndefined(publicKey.read({ ...valid, y: base64url(length) }))
      }
    })
  }

  it("of Ed25519 has 32 bytes (RFC 8032 section 5.1.5)", () => {
    for (const length of [31, 33]) assert.isUndefined(publicKey.read({ ...edJwk, x: base64url(length) }))
  })

  it("is read if its use and its operations permit verification (RFC 7517 sections 4.2 and 4.3)", () => {
    const permitted = [{ use: "sig" }, { key_ops: ["verify"] }, { key_ops: ["encrypt", "verify"] }, { key_ops: [] }]
    for (const more of permitted) assert.isDefined(publicKey.read({ ...edJwk, ...more }))
    for (const more of [{ use: "enc" }, { use: "" }, { key_ops: ["sign"] }, { use: "enc", key_ops: ["verify"] }]) {
      assert.isUndefined(publicKey.read({ ...edJwk, ...more }))
    }
  })
})

describe("the use of a key", () => {
  for (
    const [key, signs, verifies] of [
      [{}, true, true],
      [{ use: "sig" }, true, true],
      [{ use: "enc" }, false, false],
      [{ use: null }, false, false],
      [{ key_ops: [] }, true, true],
      [{ key_ops: ["sign"] }, true, false],
      [{ key_ops: ["verify"] }, false, true],
      [{ key_ops: ["sign", "verify"] }, true, true],
      [{ key_ops: ["encrypt"] }, false, false],
      [{ key_ops: "encrypt" }, true, true],
      [{ use: "sig", key_ops: ["encrypt"] }, false, false],
      [{ use: "enc", key_ops: ["sign", "verify"] }, false, false]
    ] as const
  ) {
    it(`${JSON.stringify(key)} permits ${signs ? "" : "no "}signing and ${verifies ? "" : "no "}verification`, () => {
      assert.strictEqual(publicKey.isForSigning(key), signs)
      assert.strictEqual(publicKey.isForSigning(key, "sign"), signs)
      assert.strictEqual(publicKey.isForSigning(key, "verify"), verifies)
    })
  }
})

describe("the type of a key", () => {
  for (
    const [kty, crv, expected] of [
      ["RSA", undefined, "RSA"],
      ["RSA", "P-256", "RSA"],
      ["EC", "P-256", "P-256"],
      ["EC", "P-384", "P-384"],
      ["EC", "P-521", "P-521"],
      ["EC", "secp256k1", undefined],
      ["EC", "Ed25519", undefined],
      ["EC", undefined, undefined],
      ["OKP", "Ed25519", "Ed25519"],
      ["OKP", "X25519", undefined],
      ["OKP", "P-256", undefined],
      ["oct", undefined, undefined],
      [undefined, "P-256", undefined],
      [undefined, "Ed25519", undefined]
    ] as const
  ) {
    it(`is ${expected} by kty ${kty} and crv ${crv}`, () => assert.strictEqual(publicKey.keyTypeOf(kty, crv), expected))
  }

  it("that is unknown has no algorithms", () => {
    assert.deepStrictEqual(publicKey.algorithmsOf({ kty: "oct" }), [])
    assert.deepStrictEqual(publicKey.algorithmsOf({ kty: "OKP", crv: "X25519" }), [])
  })
})

describe("the thumbprint of a key", () => {
  it("is the one of RFC 7638 section 3.1, and of RFC 8037 appendix A.3", async () => {
    assert.strictEqual(await publicKey.thumbprint(rsaJwk), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs")
    assert.strictEqual(await publicKey.thumbprint(edJwk), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")
  })

  for (const [type, key] of types) {
    it(`of type ${type} is that of jose, whatever else the JWK contains`, async () => {
      const members = jwk(key)
      const expected = await calculateJwkThumbprint(members, "sha256")
      const reversed = Object.fromEntries(Object.entries({ ...members, kid: "a", alg: "b" }).reverse())
      for (const one of [members, reversed]) {
        assert.strictEqual(await publicKey.thumbprint(one as unknown as publicKey.PublicKey), expected)
      }
    })
  }

  it("of an unknown type covers no member", async () => {
    assert.strictEqual(await publicKey.thumbprint({ kty: "oct" }), "RBNvo1WzZ4oRRq0W9-hknpT7T8If536DEMBg9hyq_4o")
  })
})
