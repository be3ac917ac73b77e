import { assert, describe, it } from "@effect/vitest"

import { codeOf, codesOf, isCertificateCode, nameOf, tagOf } from "../../src/internal/protocol/foreignError.js"

const named = (name: string, cause?: unknown) => Object.assign(new Error("s3cr3t", { cause }), { name })

describe("of a foreign error, the message shows", () => {
  it("a code of capitals, digits and underscores", () => {
    const codes = [
      "ECONNREFUSED",
      "E1_A",
      "E",
      "econnrefused",
      "1E",
      "EA s3cr3t",
      "A".repeat(61),
      "A".repeat(62),
      "UND_ERR",
      7
    ]
    assert.deepStrictEqual(codes.map((code) => codeOf({ code })), [
      "ECONNREFUSED",
      "E1_A",
      undefined,
      undefined,
      undefined,
      undefined,
      "A".repeat(61),
      undefined,
      undefined,
      undefined
    ])
    for (const other of [undefined, null, "ECONNREFUSED", {}, { code: ["ECONNREFUSED"] }]) {
      assert.isUndefined(codeOf(other))
    }
  })

  it("every code in the chain of causes, and of the first of several errors", () => {
    const chain = { code: "EA", cause: { errors: [{ code: "EB", cause: { code: "EC" } }, { code: "ED" }] } }
    assert.deepStrictEqual(codesOf(chain), ["EA", "EB", "EC"])
    assert.deepStrictEqual(codesOf(chain, 3), ["EA", "EB"])
    assert.deepStrictEqual(codesOf(chain, 0), [])
    for (const other of [undefined, null, "EA", { errors: "EA" }]) assert.deepStrictEqual(codesOf(other), [])
  })

  it("six causes deep at most", () => {
    const deep = [1, 2, 3, 4, 5, 6, 7].reduceRight<object>((cause, number) => ({ code: `E${number}`, cause }), {})
    assert.deepStrictEqual(codesOf(deep), ["E1", "E2", "E3", "E4", "E5", "E6"])
  })

  it("the name of the innermost error", () => {
    assert.strictEqual(nameOf(named("OuterError", named("HttpParserError"))), "HttpParserError")
    assert.strictEqual(nameOf(named("HttpParserError", "s3cr3t")), "HttpParserError")
    for (const name of ["TypeError", "Error", "xHttpError", "HttpErrors", "Http Error", `A${"a".repeat(31)}Error`]) {
      assert.isUndefined(nameOf(named(name)))
    }
    assert.isUndefined(nameOf({ name: "HttpParserError" }))
  })

  it("its code, class or tag, wherever it is in the chain of causes, or the reason of a system's error", () => {
    assert.strictEqual(tagOf({ _tag: "VaultError", reason: "s3cr3t" }), "VaultError")
    assert.strictEqual(tagOf({ _tag: "SystemError", reason: "NotFound" }), "NotFound")
    assert.strictEqual(tagOf({ _tag: "PlatformError", reason: { _tag: "NotFound" } }), "NotFound")
    assert.strictEqual(tagOf(Object.assign(new Error("s3cr3t"), { code: "ENOENT" })), "ENOENT")
    assert.strictEqual(
      tagOf({ _tag: "UnknownException", cause: named("AccessDeniedException") }),
      "AccessDeniedException"
    )
    const others = [{}, { _tag: "a b" }, { _tag: "" }, { _tag: "A".repeat(62) }, { _tag: 1 }, { _tag: "UnknownError" }]
    for (const other of [undefined, null, new Error("s3cr3t"), new TypeError("s3cr3t"), ...others]) {
      assert.strictEqual(tagOf(other), "its source failed")
    }
    assert.strictEqual(tagOf({ _tag: "A".repeat(61) }), "A".repeat(61))
  })
})

describe("a certificate is not trusted by the code", () => {
  for (
    const code of [
      "CERT_HAS_EXPIRED",
      "ERR_TLS_CERT_ALTNAME_INVALID",
      "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
      "DEPTH_ZERO_SELF_SIGNED_CERT",
      "SELF_SIGNED_CERT_IN_CHAIN",
      "HOSTNAME_MISMATCH",
      "INVALID_CA",
      "INVALID_PURPOSE",
      "CRL_HAS_EXPIRED"
    ]
  ) {
    it(code, () => assert.isTrue(isCertificateCode(code)))
  }
  it("and by no other", () => {
    for (const code of ["ECONNRESET", "X_CERT_HAS_EXPIRED", "EPROTO"]) assert.isFalse(isCertificateCode(code))
  })
})
