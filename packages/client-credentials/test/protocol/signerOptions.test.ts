import { assert, describe, it } from "@effect/vitest"

import * as module from "../../src/internal/protocol/signerOptions.js"

const sign = () => undefined
const valid = { algorithm: "ES256", sign }

/** Returns the names of the settings that have problems. */
const settings = (problems: ReadonlyArray<{ readonly setting: string }>) => problems.map(({ setting }) => setting)

const algorithms = ["RS256", "PS256", "PS384", "PS512", "RS384", "RS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"]

const point = {
  kty: "EC",
  crv: "P-256",
  x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
  y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
}

describe("a signer", () => {
  it("has an algorithm of the standard and a function that signs", () => {
    for (const algorithm of algorithms) assert.deepStrictEqual(module.signerProblems({ ...valid, algorithm }), [])
    assert.deepStrictEqual(module.signerProblems({}), [
      { setting: "algorithm", expected: algorithms.join(", ") },
      { setting: "sign", expected: "a function that returns an Effect" }
    ])
    for (const algorithm of ["none", "HS256", "es256", "", 1, undefined]) {
      assert.deepStrictEqual(settings(module.signerProblems({ ...valid, algorithm })), ["algorithm"])
    }
  })

  it("is an object", () => {
    for (const value of [undefined, null, "ES256", 1, sign]) {
      assert.deepStrictEqual(module.signerProblems(value), [
        { setting: "", expected: "a Signer, created by Signer.make, Signer.fromDer or Signer.fromCryptoKey" }
      ])
    }
  })

  it("reports the problems of the options that it was created with, instead of others", () => {
    const problems = [{ setting: "key", expected: "a key" }]
    assert.deepStrictEqual(module.signerProblems({ problems }), problems)
    assert.deepStrictEqual(module.signerProblems({ ...valid, problems: [] }), [])
    assert.deepStrictEqual(settings(module.signerProblems({ problems: [] })), ["algorithm", "sign"])
  })

  it("may have the identifier of its key", () => {
    assert.deepStrictEqual(module.signerProblems({ ...valid, keyId: "2026" }), [])
    for (const keyId of ["", 1, null]) {
      assert.deepStrictEqual(module.signerProblems({ ...valid, keyId }), [
        { setting: "keyId", expected: "a string of one or more characters" }
      ])
    }
  })

  it("may have the public key that belongs to its algorithm", () => {
    assert.deepStrictEqual(module.signerProblems({ ...valid, publicKey: point }), [])
    for (const publicKey of ["a key", { ...point, x: 1 }, {}]) {
      assert.deepStrictEqual(module.signerProblems({ ...valid, publicKey }), [{
        setting: "publicKey",
        expected:
          "a public key that belongs to ES256, without its private part: a JWK, or SubjectPublicKeyInfo as DER or " +
          "PEM (RFC 5280 section 4.1)"
      }])
    }
    const other = { algorithm: "RS256", sign, publicKey: point }
    assert.deepStrictEqual(settings(module.signerProblems(other)), ["publicKey"])
    // Without a known algorithm, no key belongs to it.
    assert.deepStrictEqual(settings(module.signerProblems({ ...other, algorithm: "x" })), ["algorithm"])
  })
})

describe("the options of a signer", () => {
  it("are those of a signer, with known names", () => {
    assert.deepStrictEqual(module.problems({ ...valid, keyId: "2026", publicKey: point }, false), [])
    assert.deepStrictEqual(settings(module.problems({}, false)), ["algorithm", "sign"])
    assert.deepStrictEqual(settings(module.problems({ ...valid, keyid: "2026" }, false)), ["keyid"])
    for (const options of [undefined, null, "options"]) {
      assert.deepStrictEqual(module.problems(options, false), [
        { setting: "options", expected: "an object of options" }
      ])
    }
  })

  it("sign the message or its digest, not both", () => {
    assert.deepStrictEqual(module.problems({ algorithm: "ES256", signDigest: sign }, false), [])
    assert.deepStrictEqual(module.problems({ ...valid, signDigest: sign }, false), [
      { setting: "signDigest", expected: "absent if sign is set: only one of them signs" }
    ])
    assert.deepStrictEqual(module.problems({ algorithm: "ES256", signDigest: "sign" }, false), [
      { setting: "signDigest", expected: "a function that returns an Effect" }
    ])
    assert.deepStrictEqual(module.problems({ algorithm: "EdDSA", signDigest: sign }, false), [
      { setting: "signDigest", expected: "absent: EdDSA signs the message, so that sign is needed" }
    ])
    assert.deepStrictEqual(settings(module.problems({ algorithm: "x", signDigest: sign }, false)), ["algorithm"])
    assert.deepStrictEqual(settings(module.problems({ algorithm: "ES256", sign: "sign" }, false)), ["sign"])
  })

  it("have an ECDSA algorithm where signatures are DER", () => {
    for (const algorithm of algorithms) {
      const isEcdsa = algorithm.startsWith("ES")
      assert.deepStrictEqual(
        module.problems({ ...valid, algorithm }, true),
        isEcdsa ? [] : [
          { setting: "algorithm", expected: "ES256, ES384 or ES512: signatures of other algorithms are not DER" }
        ]
      )
      assert.deepStrictEqual(module.problems({ ...valid, algorithm }, false), [])
    }
    // One problem for each option.
    assert.deepStrictEqual(module.problems({ ...valid, algorithm: "x" }, true), [
      { setting: "algorithm", expected: algorithms.join(", ") }
    ])
  })
})

describe("a key of the platform", () => {
  const generate = (
    algorithm: RsaHashedKeyGenParams | EcKeyGenParams,
    usages: ReadonlyArray<"sign" | "verify" | "deriveBits">
  ) => crypto.subtle.generateKey(algorithm, false, [...usages]) as Promise<CryptoKeyPair>

  const rsa = (modulusLength: number): RsaHashedKeyGenParams => ({
    name: "RSASSA-PKCS1-v1_5",
    hash: "SHA-256",
    modulusLength,
    publicExponent: new Uint8Array([1, 0, 1])
  })

  const ecdsa = { name: "ECDSA", namedCurve: "P-256" }

  const unusable = [{
    setting: "key",
    expected: "a private key with the usage sign: RSASSA-PKCS1-v1_5 or RSA-PSS with 2048 bits or more, ECDSA or Ed25519"
  }]

  it("is the private key, or the pair", async () => {
    const pair = await generate(ecdsa, ["sign", "verify"])
    assert.deepStrictEqual(module.cryptoKeyProblems({ key: pair, keyId: "2026" }), [])
    assert.deepStrictEqual(module.cryptoKeyProblems({ key: pair.privateKey, publicKey: pair.publicKey }), [])
    assert.deepStrictEqual(module.cryptoKeyProblems({ key: pair.publicKey }), unusable)
    assert.deepStrictEqual(settings(module.cryptoKeyProblems({ key: pair, keyid: "2026" })), ["keyid"])
    assert.deepStrictEqual(settings(module.cryptoKeyProblems({ key: pair.publicKey, keyid: "2026" })), ["keyid", "key"])
  })

  it("signs, and has 2048 bits or more", async () => {
    assert.deepStrictEqual(module.cryptoKeyProblems({ key: await generate(rsa(2048), ["sign", "verify"]) }), [])
    assert.deepStrictEqual(module.cryptoKeyProblems({ key: await generate(rsa(1024), ["sign", "verify"]) }), unusable)
    const agreement = await generate({ name: "ECDH", namedCurve: "P-256" }, ["deriveBits"])
    assert.deepStrictEqual(module.cryptoKeyProblems({ key: agreement }), unusable)
    const mac = await crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, false, ["sign"])
    assert.deepStrictEqual(module.cryptoKeyProblems({ key: mac }), unusable)
  })

  it("is nothing else", () => {
    for (const key of [undefined, null, "key", {}, { privateKey: "key" }]) {
      assert.deepStrictEqual(module.cryptoKeyProblems({ key }), [
        { setting: "key", expected: "a CryptoKey or a CryptoKeyPair" }
      ])
    }
    assert.deepStrictEqual(module.cryptoKeyProblems(undefined), [
      { setting: "options", expected: "an object of options" }
    ])
  })
})
