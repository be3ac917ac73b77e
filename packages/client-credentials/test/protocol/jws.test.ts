import { generateKeyPairSync, sign, verify } from "node:crypto"

import { assert, describe, it } from "@effect/vitest"

import * as der from "../../src/internal/protocol/der.js"
import * as jws from "../../src/internal/protocol/jws.js"

const bytes = (length: number, first = 1) => Uint8Array.from({ length }, (_, index) => index === 0 ? first : 2)
const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"))

describe("a compact JWS", () => {
  it("is the one of RFC 7515 appendix A.3, signing input included", () => {
    const claims = { iss: "joe", exp: 1300819380, "http://example.com/is_root": true }
    // The example has line breaks in its JSON; this library writes none.
    assert.strictEqual(
      jws.signingInput({ alg: "ES256" }, claims),
      `eyJhbGciOiJFUzI1NiJ9.${Buffer.from(JSON.stringify(claims)).toString("base64url")}`
    )
    const signature = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
    assert.strictEqual(
      jws.compact("eyJhbGciOiJFUzI1NiJ9.e30", Uint8Array.from(Buffer.from(signature, "base64url"))),
      `eyJhbGciOiJFUzI1NiJ9.e30.${signature}`
    )
  })

  it("encodes names beyond ASCII as UTF-8", () => {
    assert.strictEqual(
      jws.signingInput({}, { sub: "ü" }),
      `e30.${Buffer.from("{\"sub\":\"ü\"}").toString("base64url")}`
    )
  })
})

describe("the digest of an algorithm", () => {
  for (const [algorithm, length] of [["RS256", 32], ["PS384", 48], ["ES512", 64], ["HS256", 32]] as const) {
    it(`has ${length} bytes for ${algorithm}`, async () => {
      assert.lengthOf(await jws.digest(algorithm, bytes(3)) ?? [], length)
    })
  }

  it("is absent for EdDSA, and for an unknown algorithm", async () => {
    for (const algorithm of ["EdDSA", "Ed25519", "none", "RS1", "XRS256", "RS2567", "rs256", "AS256"]) {
      assert.isUndefined(await jws.digest(algorithm, bytes(3)))
    }
  })
})

describe("the length of a signature", () => {
  const problem = (algorithm: string, signature: unknown, modulus?: string) =>
    jws.signatureProblem(algorithm, signature, modulus)
  const modulus = (length: number) => Buffer.from(bytes(length)).toString("base64url")

  for (
    const [algorithm, length] of [["ES256", 64], ["ES384", 96], ["ES512", 132], ["EdDSA", 64], ["Ed25519", 64]] as const
  ) {
    it(`is ${length} for ${algorithm}`, () => {
      assert.isUndefined(problem(algorithm, bytes(length)))
      for (const other of [0, length - 1, length + 1]) {
        assert.strictEqual(
          problem(algorithm, bytes(other)),
          `its signer returned ${other} bytes, and a signature by ${algorithm} has ${length}`
        )
      }
    })
  }

  it("of RSA is that of the public key, or 256 and more", () => {
    assert.isUndefined(problem("RS256", bytes(256)))
    assert.isUndefined(problem("PS256", bytes(512)))
    assert.match(problem("RS256", bytes(255)) ?? "", /255 bytes, and a signature by RS256 has 256 or more/)
    assert.isUndefined(problem("RS256", bytes(384), modulus(384)))
    assert.match(problem("RS256", bytes(256), modulus(384)) ?? "", /256 bytes, and its public key is of 384/)
    assert.match(problem("RS256", bytes(128), modulus(128)) ?? "", /256 or more/)
    // A modulus that is not base64url states no length.
    assert.isUndefined(problem("RS256", bytes(256), "!"))
    assert.match(problem("RS256", bytes(255), "!") ?? "", /256 or more/)
  })

  it("detects DER, which belongs to another constructor", () => {
    assert.match(problem("ES256", bytes(70, 0x30)) ?? "", /70 bytes.*it is DER, for Signer.fromDer/)
    assert.notMatch(problem("ES256", bytes(70)) ?? "", /DER/)
  })

  it("is checked for bytes only", () => {
    for (const value of ["text", [1, 2], null, undefined, { length: 64 }]) {
      assert.strictEqual(problem("ES256", value), "its signer returned no Uint8Array")
    }
  })
})

describe("the algorithm of a platform key", () => {
  const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 1024 })
  const rsa = Uint8Array.from(publicKey.export({ type: "spki", format: "der" }))
  const imported = (name: string, hash: string, usage: "verify" | "encrypt") =>
    crypto.subtle.importKey("spki", rsa, { name, hash }, true, [usage])

  for (const bits of ["256", "384", "512"]) {
    it(`is RS${bits} or PS${bits} by its scheme, with SHA-${bits}`, async () => {
      assert.strictEqual(jws.algorithmOf(await imported("RSASSA-PKCS1-v1_5", `SHA-${bits}`, "verify")), `RS${bits}`)
      assert.strictEqual(jws.algorithmOf(await imported("RSA-PSS", `SHA-${bits}`, "verify")), `PS${bits}`)
    })
  }

  for (const [namedCurve, expected] of [["P-256", "ES256"], ["P-384", "ES384"], ["P-521", "ES512"]] as const) {
    it(`is ${expected} on ${namedCurve} (RFC 7518 section 3.4)`, async () => {
      const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve }, false, ["sign", "verify"])
      for (const key of [pair.privateKey, pair.publicKey]) assert.strictEqual(jws.algorithmOf(key), expected)
    })
  }

  it("is EdDSA with Ed25519 (RFC 8037 section 3.1)", async () => {
    const pair = await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]) as CryptoKeyPair
    assert.strictEqual(jws.algorithmOf(pair.privateKey), "EdDSA")
  })

  it("is absent for a hash without algorithm, for encryption, for key agreement and for a secret", async () => {
    const agreement = await crypto.subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, false, ["deriveBits"])
    for (
      const key of [
        await imported("RSASSA-PKCS1-v1_5", "SHA-1", "verify"),
        await imported("RSA-PSS", "SHA-1", "verify"),
        await imported("RSA-OAEP", "SHA-256", "encrypt"),
        agreement.privateKey,
        await jws.importSecret("a secret of at least thirty-two bytes", "HS256")
      ]
    ) {
      assert.isUndefined(jws.algorithmOf(key))
    }
  })
})

describe("a signature by ECDSA in DER", () => {
  for (
    const [curve, size, hash] of [["P-256", 32, "sha256"], ["P-384", 48, "sha384"], ["P-521", 66, "sha512"]] as const
  ) {
    it(`is R and S with ${size} bytes each on ${curve}, however short they are`, () => {
      const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: curve })
      for (let run = 0; run < 50; run++) {
        const data = Buffer.from(`message ${run}`)
        const converted = der.readSignature(new Uint8Array(sign(hash, data, privateKey)), size)
        assert(converted !== undefined)
        assert.lengthOf(converted, 2 * size)
        assert.isTrue(verify(hash, data, { key: publicKey, dsaEncoding: "ieee-p1363" }, converted))
      }
    })
  }

  it("is padded on the left, without the byte for the sign", () => {
    assert.deepStrictEqual(
      der.readSignature(hex("3007 0201 05 0202 0080"), 2),
      hex("0005 0080")
    )
    assert.deepStrictEqual(der.readSignature(hex("3008 0202 1234 0202 5678"), 2), hex("1234 5678"))
  })

  const rejected: Readonly<Record<string, string>> = {
    nothing: "",
    "a byte after it": "3006 0201 05 0201 06 00",
    "a byte after the numbers": "3007 0201 05 0201 06 00",
    "one number": "3003 0201 05",
    "three numbers": "3009 0201 05 0201 06 0201 07",
    "a set": "3106 0201 05 0201 06",
    "a string in place of a number": "3006 0201 05 0401 06",
    "a negative number": "3006 0201 85 0201 06",
    "zero": "3006 0201 00 0201 06",
    "an empty number": "3005 0200 0201 06",
    "a superfluous byte before a number": "3007 0202 0005 0201 06",
    "a length that is longer than necessary": "308106 0201 05 0201 06",
    "a length that is not stated": "3080 0201 05 0201 06 0000",
    "a length beyond the end": "3007 0201 05 0201 06",
    "a number beyond the curve": "3008 0203 123456 0201 06",
    "a number beyond the curve, with the byte for the sign": "3009 0204 00823456 0201 06"
  }
  for (const [what, text] of Object.entries(rejected)) {
    it(`is not ${what}`, () => assert.isUndefined(der.readSignature(hex(text), 2)))
  }
})
