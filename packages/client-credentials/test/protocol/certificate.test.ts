import { X509Certificate } from "node:crypto"

import { assert, describe, it } from "@effect/vitest"

import { isCertificate, thumbprint } from "../../src/internal/protocol/certificate.js"

/** The certificate of RFC 8705 appendix A, and its thumbprint there. */
const example = `-----BEGIN CERTIFICATE-----
MIIBBjCBrAIBAjAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARtdGxzMB4XDTE4MTAx
ODEyMzcwOVoXDTIyMDUwMjEyMzcwOVowDzENMAsGA1UEAwwEbXRsczBZMBMGByqG
SM49AgEGCCqGSM49AwEHA0IABNcnyxwqV6hY8QnhxxzFQ03C7HKW9OylMbnQZjjJ
/Au08/coZwxS7LfA4vOLS9WuneIXhbGGWvsDSb0tH6IxLm8wCgYIKoZIzj0EAwID
SQAwRgIhAP0RC1E+vwJD/D1AGHGzuri+hlV/PpQEKTWUVeORWz83AiEA5x2eXZOV
bUlJSGQgjwD5vaUaKlLR50Q2DmFfQj1L+SY=
-----END CERTIFICATE-----
`
const expected = "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0"

const armour = (label: string, bytes: Uint8Array) =>
  `-----BEGIN ${label}-----\n${Buffer.from(bytes).toString("base64")}\n-----END ${label}-----\n`
const certificate = new X509Certificate(example)
const publicKey = certificate.publicKey.export({ type: "spki", format: "der" })

describe("a certificate in PEM", () => {
  const valid: Readonly<Record<string, string>> = {
    "alone": example,
    "with text around it": `subject=CN = mtls\n${example}\nend`,
    "with escaped line breaks": example.replaceAll("\n", "\\n"),
    "after another block": armour("PUBLIC KEY", publicKey) + example,
    "before another block": example + armour("PUBLIC KEY", publicKey),
    "before a chain, of which it is the first": example + armour("CERTIFICATE", publicKey)
  }
  for (const [name, pem] of Object.entries(valid)) {
    it(`${name} has the thumbprint of RFC 8705 appendix A`, async () => {
      assert.isTrue(isCertificate(pem))
      assert.strictEqual(await thumbprint(pem), expected)
    })
  }

  it("has the fingerprint of the platform", async () => {
    const digits = certificate.fingerprint256.replaceAll(":", "")
    assert.strictEqual(await thumbprint(example), Buffer.from(digits, "hex").toString("base64url"))
  })

  const invalid: Readonly<Record<string, string>> = {
    "an empty string": "",
    "a string that is not PEM": "s3cr3t",
    "another block": armour("PUBLIC KEY", publicKey),
    "a certificate under another label": armour("TRUSTED CERTIFICATE", certificate.raw),
    "a certificate without an end": example.replace(/-----END.*/, ""),
    "a block of no base64": example.replace("MIIB", "MI%B"),
    "a truncated certificate": armour("CERTIFICATE", certificate.raw.subarray(0, -1)),
    "a certificate with a byte after it": armour("CERTIFICATE", Uint8Array.from([...certificate.raw, 0])),
    "a public key under its label": armour("CERTIFICATE", publicKey)
  }
  for (const [name, pem] of Object.entries(invalid)) {
    it(`is not ${name}`, async () => {
      assert.isFalse(isCertificate(pem))
      assert.isUndefined(await thumbprint(pem))
    })
  }

  it("is a string", () => {
    for (const value of [undefined, null, 7, certificate.raw, [example], { cert: example }]) {
      assert.isFalse(isCertificate(value))
    }
  })
})
