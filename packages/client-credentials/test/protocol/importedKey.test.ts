import { createPublicKey, generateKeyPairSync } from "node:crypto"

import { assert, describe, it } from "@effect/vitest"
import { compactVerify, exportJWK, exportPKCS8, generateKeyPair } from "jose"

import { importedKey, publicKeyOf } from "../../src/internal/protocol/importedKey.js"
import * as jws from "../../src/internal/protocol/jws.js"
import type { Result } from "../../src/internal/protocol/result.js"

const valueOf = <A>(result: Result<A, string>): A => {
  if (result._tag === "Failure") assert.fail(result.error)
  return result.value
}

const signed = async (key: Parameters<typeof jws.sign>[0], algorithm: string) => {
  const input = jws.signingInput({ alg: algorithm }, { sub: "client" })
  return jws.compact(input, await jws.sign(key, algorithm, new TextEncoder().encode(input)))
}

describe("a private key, as a key of the platform", () => {
  for (const algorithm of ["RS256", "PS384", "ES256", "ES512", "EdDSA"]) {
    it(`signs by ${algorithm}, from either format`, async () => {
      const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true })
      const type = algorithm === "ES256" ? "P-256" : algorithm === "ES512" ? "P-521" : "RSA"
      const pem = (await exportPKCS8(privateKey)).replaceAll(/-----[^-]+-----|\s/g, "")
      const jwk = Object.fromEntries(
        Object.entries(await exportJWK(privateKey)).filter(([, value]) => typeof value === "string")
      ) as Readonly<Record<string, string>>
      for (const material of [pem, jwk]) {
        const key = valueOf(await importedKey({ type, material }, algorithm))
        assert.isFalse(key.extractable)
        const { payload, protectedHeader } = await compactVerify(await signed(key, algorithm), publicKey)
        assert.deepStrictEqual(protectedHeader, { alg: algorithm })
        assert.strictEqual(new TextDecoder().decode(payload), "{\"sub\":\"client\"}")
      }
    })
  }

  it("is extractable on demand", async () => {
    const { privateKey } = await generateKeyPair("ES256", { extractable: true })
    const pem = (await exportPKCS8(privateKey)).replaceAll(/-----[^-]+-----|\s/g, "")
    assert.isTrue(
      valueOf(await importedKey({ type: "P-256", material: pem }, "ES256", { extractable: true })).extractable
    )
  })

  it("is not created from damaged material", async () => {
    const failure = {
      _tag: "Failure" as const,
      error: "it is damaged, or this platform does not sign with a key of type P-256 by ES256"
    }
    for (const material of ["AAAA", { kty: "EC" }, { kty: "oct", k: "AAAA" }]) {
      assert.deepStrictEqual(await importedKey({ type: "P-256", material }, "ES256"), failure)
    }
  })
})

describe("the public key of a private key", () => {
  const pairs = [
    ["RSA", "RS256", generateKeyPairSync("rsa", { modulusLength: 2048 })],
    ["P-256", "ES256", generateKeyPairSync("ec", { namedCurve: "P-256" })],
    ["P-384", "ES384", generateKeyPairSync("ec", { namedCurve: "P-384" })],
    ["P-521", "ES512", generateKeyPairSync("ec", { namedCurve: "P-521" })],
    ["Ed25519", "EdDSA", generateKeyPairSync("ed25519")]
  ] as const

  for (const [type, algorithm, { privateKey }] of pairs) {
    it(`of type ${type} is that of the platform, without private members`, async () => {
      const expected = createPublicKey(privateKey).export({ format: "jwk" })
      const jwk = privateKey.export({ format: "jwk" }) as Readonly<Record<string, string>>
      const pkcs8 = privateKey.export({ type: "pkcs8", format: "der" }).toString("base64")
      for (const material of [pkcs8, jwk]) {
        assert.deepStrictEqual<unknown>(await publicKeyOf({ type, material }, algorithm), {
          _tag: "Success",
          value: expected
        })
      }
    })
  }

  it("is absent from damaged material", async () => {
    assert.deepStrictEqual<unknown>(await publicKeyOf({ type: "P-256", material: "AAAA" }, "ES256"), {
      _tag: "Failure",
      error: "it is damaged, or this platform does not sign with a key of type P-256 by ES256"
    })
  })

  it("is absent from a key that does not sign", async () => {
    const { privateKey } = generateKeyPairSync("x25519")
    const material = privateKey.export({ type: "pkcs8", format: "der" }).toString("base64")
    assert.deepStrictEqual<unknown>(await publicKeyOf({ type: "Ed25519", material }, "ECDH-ES"), {
      _tag: "Failure",
      error: "it has no public key"
    })
  })
})

describe("a secret, as a key of the platform", () => {
  for (const algorithm of ["HS256", "HS512"]) {
    it(`signs by ${algorithm}`, async () => {
      const secret = "a secret of at least sixty-four bytes, which is a lot for anyone who types"
      const key = await jws.importSecret(secret, algorithm)
      assert.isFalse(key.extractable)
      await compactVerify(await signed(key, algorithm), new TextEncoder().encode(secret))
    })
  }
})
