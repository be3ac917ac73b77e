import { generateKeyPairSync, type KeyObject } from "node:crypto"

import { assert, describe, it } from "@effect/vitest"

import * as der from "../../src/internal/protocol/der.js"

type Part = ReadonlyArray<number>

/** Returns an element with its length in as few bytes as possible, as DER requires (X.690 section 10.1). */
const element = (tag: number, ...parts: ReadonlyArray<Part>): Part => {
  const content = parts.flat()
  const digits: Array<number> = []
  for (let rest = content.length; rest > 0; rest = Math.floor(rest / 256)) digits.unshift(rest % 256)
  const length = content.length < 128 ? [content.length] : [0x80 + digits.length, ...digits]
  return [tag, ...length, ...content]
}
const sequence = (...parts: ReadonlyArray<Part>) => element(0x30, ...parts)
const integer = (...bytes: Part) => element(0x02, bytes)
const octets = (...bytes: Part) => element(0x04, bytes)
const bits = (...bytes: Part) => element(0x03, bytes)
const oid = (...bytes: Part) => element(0x06, bytes)
const filled = (length: number, byte = 7): Part => Array.from({ length }, () => byte)

const rsaOid = oid(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01)
const pssOid = oid(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a)
const ecOid = oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01)
const ed25519Oid = oid(0x2b, 0x65, 0x70)
const unknownOid = oid(0x2b, 0x65, 0x6e)
const pbes2Oid = oid(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d)
const p256 = oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07)
const p384 = oid(0x2b, 0x81, 0x04, 0x00, 0x22)
const p521 = oid(0x2b, 0x81, 0x04, 0x00, 0x23)
const secp256k1 = oid(0x2b, 0x81, 0x04, 0x00, 0x0a)
const nothing = element(0x05)

const pkcs8 = (algorithm: ReadonlyArray<Part>, key: Part, ...more: ReadonlyArray<Part>) =>
  sequence(integer(0), sequence(...algorithm), octets(...key), ...more)

const rsaKey = (modulus: Part, count = 8) =>
  sequence(integer(0), integer(...modulus), ...Array.from({ length: count - 1 }, () => integer(3)))

const secret = octets(...filled(32))
const point = element(0xa1, bits(0, 4, 5))
const named = (curve: Part) => element(0xa0, curve)
const ecKey = (...parts: ReadonlyArray<Part>) => sequence(integer(1), secret, ...parts)

const read = (bytes: Part, curve?: Part) =>
  der.readPrivateKey(Uint8Array.from(bytes), curve === undefined ? undefined : Uint8Array.from(curve))
const key = (type: string, bytes: Part, rsaBits?: number) => ({
  _tag: "Key",
  type,
  pkcs8: Uint8Array.from(bytes),
  rsaBits
})

describe("a private key in DER", () => {
  it("is RSA in PKCS #8 or PKCS #1, of any length, and is converted to PKCS #8 that every platform imports", () => {
    for (const size of [1, 2, ...Array.from({ length: 170 }, (_, at) => 70 + at), 255, 256, 257, 300, 65_000]) {
      const own = rsaKey(filled(size))
      const expected = pkcs8([rsaOid, nothing], own)
      const rsaBits = size * 8 - 5
      assert.deepStrictEqual<unknown>(read(own), key("RSA", expected, rsaBits))
      assert.deepStrictEqual<unknown>(read(expected), key("RSA", expected, rsaBits))
      assert.deepStrictEqual<unknown>(read(pkcs8([rsaOid], own)), key("RSA", expected, rsaBits))
      assert.deepStrictEqual<unknown>(
        read(pkcs8([pssOid, sequence(filled(9))], own, element(0xa0, filled(3)))),
        key("RSA-PSS", expected, rsaBits)
      )
    }
  })

  it("is one of RSA with more than two primes (RFC 8017 appendix A.1.2)", () => {
    assert.deepInclude(read(rsaKey([5], 9)), { _tag: "Key", type: "RSA", rsaBits: 3 })
  })

  for (const [type, curve] of [["P-256", p256], ["P-384", p384], ["P-521", p521]] as const) {
    it(`is EC on ${type}, named next to the key or in it`, () => {
      const withPoint = key(type, pkcs8([ecOid, curve], ecKey(point)))
      const without = key(type, pkcs8([ecOid, curve], ecKey()))
      assert.deepStrictEqual<unknown>(read(pkcs8([ecOid, curve], ecKey(point))), withPoint)
      assert.deepStrictEqual<unknown>(read(pkcs8([ecOid, curve], ecKey())), without)
      assert.deepStrictEqual<unknown>(read(pkcs8([ecOid, curve], ecKey(named(curve), point))), withPoint)
      assert.deepStrictEqual<unknown>(read(pkcs8([ecOid], ecKey(named(curve)))), without)
      assert.deepStrictEqual<unknown>(read(ecKey(named(curve), point)), withPoint)
      assert.deepStrictEqual<unknown>(read(ecKey(point, named(curve))), withPoint)
      assert.deepStrictEqual<unknown>(read(ecKey(point), curve), withPoint)
      // The curve inside the key takes precedence.
      assert.deepStrictEqual<unknown>(read(ecKey(named(curve)), secp256k1), without)
    })
  }

  it("is Ed25519", () => {
    const own = pkcs8([ed25519Oid], octets(...filled(32)))
    assert.deepStrictEqual<unknown>(read(own), key("Ed25519", own))
    // With attributes and the public key (RFC 5958 section 2), which not every platform imports.
    const more = sequence(integer(1), sequence(ed25519Oid), octets(...octets(...filled(32))), element(0x81, filled(33)))
    assert.deepStrictEqual<unknown>(read(more), key("Ed25519", own))
  })
})

describe("in DER, other data is distinguished:", () => {
  const other = filled(200)
  for (
    const [name, bytes, expected] of [
      ["encrypted", sequence(sequence(pbes2Oid, sequence()), octets(1)), "Encrypted"],
      ["a hash, which begins as an encrypted key does", sequence(sequence(unknownOid), octets(1)), "Damaged"],
      ["a public key (RFC 5280 section 4.1)", sequence(sequence(rsaOid, nothing), bits(0, 1)), "Public"],
      ["a public key of PKCS #1", sequence(integer(5), integer(3)), "Public"],
      ["a certificate", sequence(sequence(integer(1)), sequence(rsaOid), bits(0, 1)), "Certificate"],
      ["two sequences", sequence(sequence(), sequence()), "Damaged"],
      ["three sequences", sequence(sequence(), sequence(), sequence()), "Damaged"],
      ["an unknown curve in a key", ecKey(named(secp256k1)), "UnknownCurve"],
      ["an unknown curve beside a key", pkcs8([ecOid, secp256k1], ecKey()), "UnknownCurve"],
      ["a curve by its parameters", pkcs8([ecOid, sequence(p256.slice(2))], ecKey()), "UnknownCurve"],
      ["another algorithm", pkcs8([unknownOid], octets(1)), "UnknownAlgorithm"],
      ["another algorithm, long", pkcs8([unknownOid], other), "UnknownAlgorithm"],
      ["nothing", [], "Damaged"],
      ["a tag only", [0x30], "Damaged"],
      ["an empty sequence", sequence(), "Damaged"],
      ["one sequence", sequence(sequence()), "Damaged"],
      ["one number", sequence(integer(0)), "Damaged"],
      ["a number and text", sequence(integer(0), element(0x0c, [65])), "Damaged"],
      ["text first", sequence(element(0x0c, [65]), octets(1)), "Damaged"],
      ["text before an algorithm", sequence(element(0x0c, [65]), sequence(unknownOid), octets(1)), "Damaged"],
      ["a set for an algorithm", sequence(integer(0), element(0x31, unknownOid), octets(1)), "Damaged"],
      ["no sequence", element(0x31, integer(0), sequence(unknownOid), octets(1)), "Damaged"],
      ["a damaged element", sequence(integer(0), [0x02, 9]), "Damaged"],
      ["PKCS #8 without a key", sequence(integer(0), sequence(rsaOid)), "Damaged"],
      ["PKCS #8 with bits for a key", sequence(integer(0), sequence(unknownOid), bits(1)), "Damaged"],
      ["PKCS #8 without an algorithm", pkcs8([], octets(1)), "Damaged"],
      ["PKCS #8 with a damaged algorithm", pkcs8([unknownOid, [0x30, 1]], octets(1)), "Damaged"],
      ["PKCS #8 with a number for an algorithm", pkcs8([integer(1)], octets(1)), "Damaged"],
      ["Ed25519 with a short key", pkcs8([ed25519Oid], octets(...filled(31))), "Damaged"],
      ["Ed25519 with no key", pkcs8([ed25519Oid], []), "Damaged"],
      ["RSA with no key", pkcs8([rsaOid], []), "Damaged"],
      ["RSA of too few numbers", rsaKey([5], 7), "Damaged"],
      ["RSA of too few numbers in PKCS #8", pkcs8([rsaOid], rsaKey([5], 7)), "Damaged"],
      ["RSA with octets among its numbers", sequence(...filled(8).map((byte) => integer(byte)), octets(1)), "Damaged"],
      ["RSA with a set for a sequence", pkcs8([rsaOid], element(0x31, rsaKey([5]).slice(2))), "Damaged"],
      ["EC with no key", pkcs8([ecOid, p256], []), "Damaged"],
      ["EC with an empty key", pkcs8([ecOid, p256], sequence()), "Damaged"],
      ["EC with a version only", pkcs8([ecOid, p256], sequence(integer(1))), "Damaged"],
      ["EC without a version", pkcs8([ecOid, p256], sequence(octets(1), octets(1))), "Damaged"],
      ["EC with two versions", pkcs8([ecOid, p256], sequence(integer(1), integer(1))), "Damaged"],
      ["EC with a damaged point", pkcs8([ecOid, p256], ecKey([0xa1, 9])), "Damaged"],
      ["EC without a curve", ecKey(point), "Damaged"],
      ["EC without a curve in PKCS #8", pkcs8([ecOid], ecKey()), "Damaged"]
    ] as ReadonlyArray<readonly [string, Part, string]>
  ) {
    it(`${name}: ${expected}`, () => assert.deepStrictEqual<unknown>(read(bytes), { _tag: expected }))
  }

  it("a length that is not stated, as BER allows it, is rejected", () => {
    const content = [...integer(0), ...sequence(unknownOid), ...octets(...filled(128 - 12))]
    assert.strictEqual(content.length, 128)
    assert.deepStrictEqual(read([0x30, 0x81, 0x80, ...content])._tag, "UnknownAlgorithm")
    assert.deepStrictEqual(read([0x30, 0x80, ...content])._tag, "Damaged")
  })

  it("truncated data is rejected, at every length", () => {
    for (const whole of [rsaKey(filled(256)), pkcs8([ecOid, p256], ecKey(point)), pkcs8([unknownOid], octets(1, 2))]) {
      assert.notStrictEqual(read(whole)._tag, "Damaged")
      for (let length = 0; length < whole.length; length += 1) {
        assert.strictEqual(read(whole.slice(0, length))._tag, "Damaged")
      }
    }
  })

  it("data after the key is ignored", () => {
    const own = pkcs8([ed25519Oid], octets(...filled(32)))
    assert.deepStrictEqual<unknown>(read([...own, 1, 2, 3]), key("Ed25519", own))
  })
})

describe("the bits of a number", () => {
  for (
    const [bytes, expected] of [
      [[], 0],
      [[0], 0],
      [[0, 0], 0],
      [[1], 1],
      [[0x7f], 7],
      [[0x80], 8],
      [[0, 1], 1],
      [[0, 0, 0x80, 0], 16],
      [[1, 0], 9]
    ] as const
  ) {
    it(`are ${expected} in [${bytes.join()}]`, () =>
      assert.strictEqual(der.bitLength(Uint8Array.from(bytes)), expected))
  }
})

const spki = (algorithm: ReadonlyArray<Part>, content: Part, ...more: ReadonlyArray<Part>) =>
  sequence(sequence(...algorithm), bits(0, ...content), ...more)
const readPublic = (bytes: Part) => {
  const found = der.readPublicKey(Uint8Array.from(bytes))
  return found === undefined ? undefined : [found.type, ...found.numbers.map((one) => Array.from(one))]
}
const ed25519 = filled(32)

describe("a public key in DER (RFC 5280 section 4.1.2.7)", () => {
  const numbersOf = (key: KeyObject, ...names: ReadonlyArray<string>) => {
    const jwk = key.export({ format: "jwk" }) as Readonly<Record<string, string>>
    return names.map((name) => Array.from(Buffer.from(jwk[name] ?? "", "base64url")))
  }
  const bytesOf = (key: KeyObject) => Array.from(key.export({ type: "spki", format: "der" }))

  for (const curve of ["P-256", "P-384", "P-521"]) {
    it(`is a point on ${curve}`, () => {
      const { publicKey } = generateKeyPairSync("ec", { namedCurve: curve })
      assert.deepStrictEqual<unknown>(readPublic(bytesOf(publicKey)), [curve, ...numbersOf(publicKey, "x", "y")])
    })
  }

  it("is Ed25519", () => {
    const { publicKey } = generateKeyPairSync("ed25519")
    assert.deepStrictEqual<unknown>(readPublic(bytesOf(publicKey)), ["Ed25519", ...numbersOf(publicKey, "x")])
    assert.deepStrictEqual<unknown>(readPublic(spki([ed25519Oid], ed25519)), ["Ed25519", ed25519])
  })

  it("is a modulus and an exponent of RSA, for any scheme or for RSA-PSS, without the byte for the sign", () => {
    const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 1024 })
    assert.deepStrictEqual<unknown>(readPublic(bytesOf(publicKey)), ["RSA", ...numbersOf(publicKey, "n", "e")])
    const numbers = sequence(integer(0, 0x80, 1), integer(0x7f))
    assert.deepStrictEqual<unknown>(readPublic(spki([rsaOid, nothing], numbers)), ["RSA", [0x80, 1], [0x7f]])
    assert.deepStrictEqual<unknown>(readPublic(spki([pssOid], numbers)), ["RSA-PSS", [0x80, 1], [0x7f]])
  })

  it("does not share memory with the bytes it was read from", () => {
    for (
      const bytes of [
        spki([ecOid, p256], [4, ...filled(64)]),
        spki([ed25519Oid], ed25519),
        spki([rsaOid, nothing], sequence(integer(7, 7), integer(0, 0x80)))
      ]
    ) {
      const source = Uint8Array.from(bytes)
      const numbers = der.readPublicKey(source)?.numbers ?? []
      const before = numbers.map((one) => Array.from(one))
      source.fill(0)
      assert.isAbove(numbers.length, 0)
      assert.deepStrictEqual(numbers.map((one) => Array.from(one)), before)
    }
  })

  const x25519Oid = unknownOid
  const uncompressed = [4, ...filled(64)]
  for (
    const [name, bytes] of [
      ["nothing", []],
      ["an empty sequence", sequence()],
      ["a set", element(0x31, sequence(ed25519Oid), bits(0, ...ed25519))],
      ["an algorithm alone", sequence(sequence(ed25519Oid))],
      ["a set for an algorithm", sequence(element(0x31, ed25519Oid), bits(0, ...ed25519))],
      ["an empty algorithm", spki([], ed25519)],
      ["a damaged algorithm", spki([ed25519Oid, [0x05, 9]], ed25519)],
      ["a string for the name of an algorithm", spki([octets(0x2b, 0x65, 0x70)], ed25519)],
      ["octets for the key", sequence(sequence(ed25519Oid), octets(0, ...ed25519))],
      ["a key whose last byte is incomplete", sequence(sequence(ed25519Oid), bits(4, ...ed25519))],
      ["no bits", sequence(sequence(ed25519Oid), bits())],
      ["another element after the key", spki([ed25519Oid], ed25519, integer(1))],
      ["another algorithm", spki([x25519Oid], ed25519)],
      ["EC without a curve", spki([ecOid], uncompressed)],
      ["EC with another curve", spki([ecOid, secp256k1], uncompressed)],
      ["EC with a string for the curve", spki([ecOid, octets(...p256.slice(2))], uncompressed)],
      ["a compressed point", spki([ecOid, p256], [2, ...filled(32)])],
      ["a compressed mark before a whole point", spki([ecOid, p256], [2, ...filled(64)])],
      ["a short point", spki([ecOid, p256], uncompressed.slice(0, -1))],
      ["a long point", spki([ecOid, p256], [...uncompressed, 7])],
      ["a point of another curve", spki([ecOid, p384], uncompressed)],
      ["a short key of Ed25519", spki([ed25519Oid], filled(31))],
      ["a long key of Ed25519", spki([ed25519Oid], filled(33))],
      ["RSA without numbers", spki([rsaOid], [])],
      ["a damaged key of RSA", spki([rsaOid], sequence(integer(5), [0x02, 9]))],
      ["RSA with one number", spki([rsaOid], sequence(integer(5)))],
      ["RSA with three numbers", spki([rsaOid], sequence(integer(5), integer(3), integer(3)))],
      ["RSA with octets for a number", spki([rsaOid], sequence(integer(5), octets(3)))],
      ["RSA with a negative modulus", spki([rsaOid], sequence(integer(0x80), integer(3)))],
      ["RSA with a negative exponent", spki([rsaOid], sequence(integer(5), integer(0xff)))],
      ["RSA with the exponent zero", spki([rsaOid], sequence(integer(5), integer(0)))],
      ["RSA with a superfluous byte", spki([rsaOid], sequence(integer(0, 5), integer(3)))],
      ["RSA with an empty number", spki([rsaOid], sequence(integer(5), integer()))],
      ["a key of RSA of 32 bytes, which are not a sequence", spki([rsaOid], filled(32))]
    ] as ReadonlyArray<readonly [string, Part]>
  ) {
    it(`is not ${name}`, () => assert.isUndefined(readPublic(bytes)))
  }

  it("is not a truncated one", () => {
    const whole = spki([ed25519Oid], ed25519)
    for (let length = 0; length < whole.length; length += 1) assert.isUndefined(readPublic(whole.slice(0, length)))
  })
})

describe("a certificate in DER (RFC 5280 section 4.1)", () => {
  const is = (bytes: Part) => der.isCertificate(Uint8Array.from(bytes))
  const serial = integer(1)
  const algorithm = sequence(ecOid)
  const name = sequence()
  const validity = sequence()
  const publicKey = spki([ed25519Oid], ed25519)
  /** The mandatory fields of a certificate of version 1. */
  const fields = [serial, algorithm, name, validity, name, publicKey]
  const certificate = (body: ReadonlyArray<Part>) => sequence(sequence(...body), algorithm, bits(0, 1))

  it("has a body, an algorithm and a signature", () => {
    assert.isTrue(is(certificate(fields)))
    const version3 = [element(0xa0, integer(2)), ...fields, element(0xa3, sequence())]
    assert.isTrue(is(certificate(version3)))
  })

  for (
    const [what, bytes] of [
      ["nothing", []],
      ["an empty sequence", sequence()],
      ["a set", element(0x31, sequence(...fields), algorithm, bits(0, 1))],
      ["a damaged one", sequence(sequence(...fields), algorithm, [0x03, 9])],
      ["a body alone", sequence(sequence(...fields))],
      ["one without a signature", sequence(sequence(...fields), algorithm)],
      ["one with an element after the signature", sequence(sequence(...fields), algorithm, bits(0, 1), bits(0, 1))],
      ["one with a byte after it", [...certificate(fields), 0]],
      ["a set for a body", sequence(element(0x31, ...fields), algorithm, bits(0, 1))],
      ["a set for an algorithm", sequence(sequence(...fields), element(0x31, ecOid), bits(0, 1))],
      ["octets for a signature", sequence(sequence(...fields), algorithm, octets(0, 1))],
      ["a body without a key", certificate(fields.slice(0, -1))],
      ["an empty body", certificate([])],
      ["a damaged body", certificate([...fields, [0x30, 9]])],
      ["a public key", publicKey],
      ["a private key", pkcs8([ed25519Oid], octets(...ed25519))]
    ] as ReadonlyArray<readonly [string, Part]>
  ) {
    it(`is not ${what}`, () => assert.isFalse(is(bytes)))
  }
})
