import { assert, describe, it } from "@effect/vitest"

import { codeOf, codesOf, isCertificateCode, kindOf, nameOf, tagOf } from "../../src/internal/protocol/foreignError.js"

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

describe("the kind of a foreign error", () => {
  for (
    const [name, error, expected] of [
      ["its code", { code: "ENOENT", name: "VaultError", _tag: "OtherError" }, "ENOENT"],
      ["its name, without a code", { name: "AccessDeniedException", _tag: "OtherError" }, "AccessDeniedException"],
      ["its tag, without both", { _tag: "VaultError" }, "VaultError"],
      ["its tag, if its code and name are of no use", { code: 7, name: "Error", _tag: "VaultError" }, "VaultError"],
      ["its tag, if its name is a list", { name: ["OtherError"], _tag: "VaultError" }, "VaultError"],
      ["a name that begins as one of JavaScript does", { name: "ErrorOfVault" }, "ErrorOfVault"],
      ["a name that ends as one of JavaScript does", { name: "RangeError" }, "RangeError"],
      ["a name that begins as one of Effect does", { name: "UnknownExceptionOfVault" }, "UnknownExceptionOfVault"],
      ["a name that ends as one of Effect does", { name: "VaultUnknownError" }, "VaultUnknownError"],
      ["a name of three characters", { name: "Abc" }, "Abc"],
      ["a name of 61 characters", { name: "A".repeat(61) }, "A".repeat(61)],
      ["that of its cause", { name: "TypeError", cause: { name: "VaultError" } }, "VaultError"],
      ["none that JavaScript gives any error", { name: "Error", _tag: "TypeError" }, undefined],
      ["none that Effect gives any error", { name: "UnknownException", _tag: "UnknownError" }, undefined],
      ["no name of two characters", { name: "Ab" }, undefined],
      ["no name of 62 characters", { name: "A".repeat(62) }, undefined],
      ["no name that begins in lower case", { name: "vaultError" }, undefined],
      ["no sentence that begins with a name", { name: "VaultError: s3cr3t" }, undefined],
      ["no sentence that ends with a name", { name: "s3cr3t VaultError" }, undefined],
      ["nothing of a string", "VaultError", undefined],
      ["nothing of a cause that is a string", { cause: "VaultError" }, undefined]
    ] as ReadonlyArray<readonly [string, unknown, string | undefined]>
  ) {
    it(`is ${name}`, () => assert.strictEqual(kindOf(error), expected))
  }

  it("is read six causes deep at most", () => {
    const under = (causes: number): object => causes === 0 ? { name: "VaultError" } : { cause: under(causes - 1) }
    assert.strictEqual(kindOf(under(6)), "VaultError")
    assert.isUndefined(kindOf(under(7)))
    const circular: { cause?: unknown } = {}
    circular.cause = circular
    assert.isUndefined(kindOf(circular))
  })

  it("is not the reason of a system's error, unless it is one word", () => {
    for (const reason of ["NotFound: s3cr3t", "s3cr3t NotFound", "", "A".repeat(62), 7, undefined]) {
      assert.strictEqual(tagOf({ _tag: "SystemError", reason }), "its source failed")
      assert.strictEqual(tagOf({ _tag: "PlatformError", reason: { _tag: reason } }), "its source failed")
    }
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
