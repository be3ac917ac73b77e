import { assert, describe, it } from "@effect/vitest"
import { decodeProtectedHeader, exportJWK, exportPKCS8, generateKeyPair, jwtVerify } from "jose"

import * as assertion from "../../src/internal/protocol/assertion.js"
import type { Result } from "../../src/internal/protocol/result.js"

const secret = "a secret of at least thirty-two bytes"

const valueOf = <A>(result: Result<A, string>): A => {
  if (result._tag === "Failure") assert.fail(result.error)
  return result.value
}

/** What a key on the curve P-256 is read to. */
const read = (material: string | Readonly<Record<string, string>>, keyId?: string) => ({
  type: "P-256" as const,
  material,
  algorithm: undefined,
  keyId
})

describe("a client assertion", () => {
  for (const keyId of [undefined, "key-1"]) {
    it(`is signed with a secret, and names its key if there is a name: ${keyId}`, async () => {
      const key = { ...assertion.sharedKey(secret, "HS256"), keyId }
      const verified = async () =>
        jwtVerify(
          valueOf(await assertion.sign(key, { typ: "JWT" }, { sub: "client" })),
          new TextEncoder().encode(secret)
        )
      const { payload, protectedHeader } = await verified()
      assert.deepStrictEqual(protectedHeader, {
        typ: "JWT",
        alg: "HS256",
        ...(keyId === undefined ? {} : { kid: keyId })
      })
      assert.strictEqual(payload.sub, "client")
      assert.isString(payload.jti)
      assert.notStrictEqual((await verified()).payload.jti, payload.jti)
    })
  }

  it("has a shared key without a name", () => {
    assert.isUndefined(assertion.sharedKey(secret, "HS256").keyId)
    assert.strictEqual(assertion.sharedKey(secret, "HS512").algorithm, "HS512")
  })

  it("is signed with a private key in either format", async () => {
    const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true })
    const pem = (await exportPKCS8(privateKey)).replaceAll(/-----[^-]+-----|\s/g, "")
    const { crv = "", d = "", kty = "", x = "", y = "" } = await exportJWK(privateKey)
    for (const material of [pem, { kty, crv, d, x, y }]) {
      const key = valueOf(await assertion.privateKey(read(material, "key-1"), "ES256"))
      const jwt = valueOf(await assertion.sign(key, {}, {}))
      await jwtVerify(jwt, publicKey)
      assert.deepStrictEqual(decodeProtectedHeader(jwt), { alg: "ES256", kid: "key-1" })
    }
  })

  it("is not signed with a damaged key, nor by an algorithm that the key is not for", async () => {
    assert.deepStrictEqual(await assertion.privateKey(read("AAAA"), "ES256"), {
      _tag: "Failure",
      error: "it is damaged, or this platform does not sign with a key of type P-256 by ES256"
    })
    assert.deepStrictEqual(await assertion.sign(assertion.sharedKey(secret, "ES256"), {}, {}), {
      _tag: "Failure",
      error: "it cannot sign with ES256"
    })
  })
})
