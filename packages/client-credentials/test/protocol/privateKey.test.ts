import { createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto"

import { assert, describe, it } from "@effect/vitest"

import * as privateKey from "../../src/internal/protocol/privateKey.js"

const ec = (namedCurve: string) => generateKeyPairSync("ec", { namedCurve }).privateKey
const { privateKey: rsa } = generateKeyPairSync("rsa", { modulusLength: 2048 })
const { privateKey: shortRsa } = generateKeyPairSync("rsa", { modulusLength: 1024 })
const { privateKey: ed25519 } = generateKeyPairSync("ed25519")
const { privateKey: x25519 } = generateKeyPairSync("x25519")
const [p256, p384, p521, secp256k1] = ["P-256", "P-384", "P-521", "secp256k1"].map(ec) as [
  KeyObject,
  KeyObject,
  KeyObject,
  KeyObject
]

const pem = (key: KeyObject, type: "pkcs8" | "pkcs1" | "sec1" = "pkcs8") => String(key.export({ type, format: "pem" }))
const der = (key: KeyObject) => key.export({ type: "pkcs8", format: "der" }).toString("base64")
const jwk = (key: KeyObject, more: Readonly<Record<string, unknown>> = {}) => ({
  ...key.export({ format: "jwk" }),
  ...more
})
const spki = (key: KeyObject) => createPublicKey(key).export({ type: "spki", format: "der" }).toString("base64")
const armour = (label: string, body: string) => `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`
const base64 = (text: string) => Buffer.from(text).toString("base64")
const found = (text: string, keyId?: string) => {
  const key = privateKey.read(text, keyId)
  return privateKey.isUsable(key) ? key : key.found
}

describe("a private key is read", () => {
  const types = [["RSA", rsa], ["P-256", p256], ["P-384", p384], ["P-521", p521], ["Ed25519", ed25519]] as const
  for (const [type, key] of types) {
    it(`of type ${type} from PEM, escaped, quoted or in base64, as the same PKCS #8`, () => {
      const expected = { type, algorithm: undefined, keyId: undefined, material: der(key) }
      const text = pem(key)
      const texts = [
        text,
        `\ufeff\n${text}`,
        `before\n${text}\nafter`,
        text.replaceAll("\n", "\\n"),
        text.replaceAll("\n", "\r\n"),
        JSON.stringify(text),
        `'${text}'`,
        `\`${text}\``,
        base64(text),
        base64(base64(text)),
        der(key),
        `\n ${der(key).replace(/.{64}/g, "$&\r\n")} `,
        der(key).replace(/.{64}/g, "$&\\n"),
        der(key).replace(/.{64}/g, "$&\\\\r\\\\n"),
        `"${der(key)}"`,
        `"${der(key).replace(/.{64}/g, "$&\n")}"`,
        `'${base64(text)}'`
      ]
      for (const one of texts) assert.deepStrictEqual(found(one), expected)
    })

    it(`of type ${type} from a JWK, with its key id and algorithm`, () => {
      const plain = found(JSON.stringify(jwk(key, { kid: "one", use: "sig", key_ops: ["sign"], extra: "s3cr3t" })))
      assert.deepStrictEqual(plain, { type, algorithm: undefined, keyId: "one", material: jwk(key) } as never)
      const text = JSON.stringify(jwk(key, { kid: "one" }))
      for (const one of [`\ufeff ${text}\n`, JSON.stringify(text), `'${text}'`, base64(text), base64(base64(text))]) {
        assert.deepStrictEqual(found(one), plain)
      }
    })

    it(`of type ${type} from PEM with headers (RFC 1421 section 4.6)`, () => {
      const text = armour("PRIVATE KEY", `Key-Attributes: <No Attributes>\nX-Proc-Type: 4,ENCRYPTED\n\n${der(key)}`)
      const expected = { type, algorithm: undefined, keyId: undefined, material: der(key) }
      for (const one of [text, text.replaceAll("\n", "\r\n"), text.replaceAll("\n", "\\n")]) {
        assert.deepStrictEqual(found(one), expected)
      }
      assert.deepStrictEqual(found(text.replaceAll("\n", "\\\\n")), expected)
      assert.strictEqual(
        found(text.replace("Key-Attributes", "Bag Attributes")),
        "PEM whose content is not base64"
      )
    })
  }

  it("from PKCS #1 and SEC 1", () => {
    assert.deepStrictEqual(found(pem(rsa, "pkcs1")), found(pem(rsa)))
    for (const key of [p256, p384, p521]) assert.deepStrictEqual(found(pem(key, "sec1")), found(pem(key)))
  })

  it("of EC with the curve in a separate block, as OpenSSL writes it", () => {
    const { d = "" } = p256.export({ format: "jwk" })
    const bytes = Buffer.from(d, "base64url")
    const own = Buffer.from([0x30, 5 + bytes.length, 2, 1, 1, 4, bytes.length, ...bytes]).toString("base64")
    const [key, curve] = [armour("EC PRIVATE KEY", own), armour("EC PARAMETERS", "BggqhkjOPQMBBw==")]
    assert.deepInclude(found(curve + key), { type: "P-256" })
    assert.deepStrictEqual(found(key + curve), found(curve + key))
    assert.strictEqual(found(key), "damaged or cut off")
    assert.strictEqual(found(key + armour("EC PARAMETERS", "$")), "damaged or cut off")
  })

  it("with the algorithm of the JWK", () => {
    const key = found(JSON.stringify(jwk(rsa, { alg: "PS256", kid: 1 })))
    assert.deepInclude(key, { algorithm: "PS256", keyId: undefined })
  })

  it("from a JWK Set: the only one, or the one of the key id", () => {
    const set = (...keys: ReadonlyArray<object>) => JSON.stringify({ keys })
    const [one, two] = [jwk(p256, { kid: "one" }), jwk(ed25519, { kid: "two" })]
    const forEncryption = jwk(p384, { kid: "three", use: "enc" })
    assert.deepInclude(found(set(one, forEncryption)), { keyId: "one" })
    assert.deepInclude(found(set(one), "other"), { keyId: "one" })
    assert.deepInclude(found(set(one, two), "two"), { keyId: "two", type: "Ed25519" })
    assert.deepInclude(found(JSON.stringify([two])), { keyId: "two" })
    const { d: _, ...publicPart } = jwk(p384, { kid: "four" })
    assert.deepInclude(found(set(publicPart, one)), { keyId: "one" })
    assert.deepInclude(found(JSON.stringify([null, 1, two])), { keyId: "two" })
    assert.strictEqual(found(set(one, two), "other"), "a JWK Set without a private key of this key id")
    assert.strictEqual(found(set(forEncryption)), "a JWK Set without a private key for signatures")
    assert.strictEqual(
      found(set(one, two)),
      "a JWK Set with several private keys; keep one, or choose one by its key id (OAUTH_PRIVATE_KEY_ID)"
    )
  })
})

describe("a private key is rejected as", () => {
  const { d: _, ...withoutPrivatePart } = jwk(p256)
  for (
    const [text, expected] of [
      ["", "empty"],
      ["a".repeat(100_001), "longer than any private key"],
      ["a".repeat(100_000), "neither PEM nor JWK"],
      ["hunter2", "neither PEM nor JWK"],
      ["PuTTY-User-Key-File-3: ssh-rsa", "a key of PuTTY; export it as an OpenSSL key"],
      [" \n\t", "empty"],
      [base64(base64(base64(pem(rsa)))), "neither PEM nor JWK"],
      [[1, 2, 3].reduce((quoted) => JSON.stringify(quoted), JSON.stringify(jwk(p256))), "neither PEM nor JWK"],
      [`x${JSON.stringify(jwk(p256))}"`, "neither PEM nor JWK"],
      [`"${JSON.stringify(jwk(p256))}x`, "neither PEM nor JWK"],
      ["17", "neither PEM nor JWK"],
      ["hunter{2", "neither PEM nor JWK"],
      ["{", "neither PEM nor JWK: JSON that is damaged"],
      // A password may be base64 of the same length.
      [Buffer.from([0x30, ...new Uint8Array(31)]).toString("base64"), "neither PEM nor JWK"],
      [Buffer.from([0x30, ...new Uint8Array(32)]).toString("base64"), "damaged or cut off"],
      ["{\"kty\":[\"EC\"],\"d\":\"\"}", "JSON, but not a JWK of RSA, EC or OKP (RFC 7518 section 6)"],
      [JSON.stringify(jwk(p256, { kty: "OKP" })), "a JWK on a curve other than P-256, P-384, P-521 and Ed25519"],
      [JSON.stringify(jwk(ed25519, { kty: "EC" })), "a JWK on a curve other than P-256, P-384, P-521 and Ed25519"],
      [JSON.stringify(jwk(p256, { x: 1 })), "a JWK without a usable member x (RFC 7518 section 6)"],
      [JSON.stringify(jwk(p256, { x: "$" })), "a JWK without a usable member x (RFC 7518 section 6)"],
      [spki(p256), "a public key; the private key that belongs to it is necessary"],
      // SEQUENCE { SEQUENCE {}, SEQUENCE {}, BIT STRING }, as a certificate is.
      [
        Buffer.from([0x30, 34, 0x30, 0, 0x30, 0, 3, 28, ...new Uint8Array(28)]).toString("base64"),
        "a certificate; the private key that belongs to it is necessary"
      ],
      [
        `-----BEGIN PRIVATE KEY-----\nAAAA\n${pem(p256)}`,
        "PEM that is cut off: a line with BEGIN has no END"
      ],
      [
        pem(p256).replace("END PRIVATE KEY", "END EC PRIVATE KEY"),
        "PEM that is cut off: a line with BEGIN has no END"
      ],
      ["[1]", "a JWK Set without a private key for signatures"],
      ["{}", "JSON, but not a JWK of RSA, EC or OKP (RFC 7518 section 6)"],
      ["{\"kty\":\"toString\"}", "JSON, but not a JWK of RSA, EC or OKP (RFC 7518 section 6)"],
      ["{\"kty\":\"oct\"}", "a symmetric key; clientSecretJwt (client_secret_jwt) is for those"],
      [JSON.stringify(withoutPrivatePart), "a JWK without its private part, so a public key"],
      [JSON.stringify(jwk(secp256k1)), "a JWK on a curve other than P-256, P-384, P-521 and Ed25519"],
      [JSON.stringify(jwk(x25519)), "a JWK on a curve other than P-256, P-384, P-521 and Ed25519"],
      [JSON.stringify(jwk(p256, { use: "enc" })), "a JWK that is not for signatures (use, key_ops)"],
      [JSON.stringify(jwk(p256, { key_ops: ["verify"] })), "a JWK that is not for signatures (use, key_ops)"],
      [JSON.stringify(jwk(p256, { x: "AA" })), "a JWK without a usable member x (RFC 7518 section 6)"],
      [
        JSON.stringify(jwk(rsa, { p: "" })),
        "a JWK without a usable member p; its primes are necessary (RFC 7518 section 6)"
      ],
      [
        JSON.stringify(jwk(p256, { alg: "RS256" })),
        "a JWK with an algorithm (alg) that keys of type P-256 do not sign with"
      ],
      [pem(shortRsa), "an RSA key of 1024 bits; 2048 or more are necessary (RFC 7518 section 3.3)"],
      [JSON.stringify(jwk(shortRsa)), "an RSA key of 1024 bits; 2048 or more are necessary (RFC 7518 section 3.3)"],
      [pem(secp256k1), "an EC key on a curve other than P-256, P-384 and P-521"],
      [pem(x25519), "a key of a kind other than RSA, EC and Ed25519"],
      [
        String(createPublicKey(rsa).export({ type: "spki", format: "pem" })),
        "a public key; the private key that belongs to it is necessary"
      ],
      [pem(rsa).slice(0, -40), "PEM that is cut off: a line with BEGIN has no END"],
      [armour("MESSAGE", "AAAA"), "PEM without a private key"],
      [armour("CERTIFICATE", "AAAA"), "a certificate; the private key that belongs to it is necessary"],
      [pem(rsa) + pem(p256), "PEM with several private keys; keep one"],
      [armour("PRIVATE KEY", "$"), "PEM whose content is not base64"],
      [armour("PRIVATE KEY", "AAAA"), "damaged or cut off"],
      [armour("PRIVATE KEY", der(p256).slice(0, 40)), "damaged or cut off"],
      [
        armour("ENCRYPTED PRIVATE KEY", "AAAA"),
        "encrypted; decrypt it with `openssl pkey -in key.pem -out decrypted.pem`"
      ],
      [
        armour("OPENSSH PRIVATE KEY", "AAAA"),
        "a key in the format of OpenSSH; convert a copy of it with `ssh-keygen -p -m PKCS8 -f copy`"
      ]
    ] as const
  ) {
    it(expected, () => assert.strictEqual(found(text), expected))
  }

  it("encrypted, in the older format and in PKCS #8 without its label", () => {
    const options = { format: "pem", cipher: "aes-256-cbc", passphrase: "x" } as const
    const encrypted = "encrypted; decrypt it with `openssl pkey -in key.pem -out decrypted.pem`"
    assert.strictEqual(found(String(rsa.export({ type: "pkcs1", ...options }))), encrypted)
    const pkcs8 = String(rsa.export({ type: "pkcs8", ...options })).replaceAll("ENCRYPTED PRIVATE", "PRIVATE")
    assert.strictEqual(found(pkcs8), encrypted)
  })
})
