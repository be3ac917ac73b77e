import { assert, describe, it } from "@effect/vitest"

import * as transportFailure from "../../src/internal/protocol/transportFailure.js"

const coded = (code: string, cause?: unknown) => Object.assign(new Error("x", { cause }), { code })

const named = (name: string, cause?: unknown) => Object.assign(new Error("x", { cause }), { name })

describe("reason", () => {
  // foreignError.test.ts has all of them.
  for (const code of ["CERT_HAS_EXPIRED", "SELF_SIGNED_CERT_IN_CHAIN"]) {
    it(`is the certificate for ${code}, also in a cause`, () => {
      const expected = { reason: "certificate", detail: code } as const
      assert.deepStrictEqual(transportFailure.reason(coded(code)), expected)
      assert.deepStrictEqual(transportFailure.reason(coded("ECONNRESET", coded(code))), expected)
    })
  }

  for (
    const [title, cause, detail] of [
      ["the outermost code", coded("ECONNREFUSED", coded("EPIPE")), "ECONNREFUSED"],
      ["the code of the first of several errors", { errors: [coded("ETIMEDOUT"), coded("ECONNREFUSED")] }, "ETIMEDOUT"],
      ["a code beneath that of any error of Undici", coded("UND_ERR", coded("EAI_AGAIN")), "EAI_AGAIN"],
      ["a code that contains one of a certificate", coded("X_CERT_Y"), "X_CERT_Y"],
      ["the name of a parser's error", new TypeError("x", { cause: named("HTTPParserError") }), "HTTPParserError"],
      ["nothing of a common error name", new TypeError("x"), "no code"],
      ["nothing of a name in another form", named("my error"), "no code"],
      ["nothing of an arbitrary code", coded("s3cr3t"), "no code"],
      ["nothing of a code that is too long", coded(`E${"X".repeat(61)}`), "no code"],
      ["nothing of what is not an object", "ECONNRESET", "no code"],
      ["nothing of null", null, "no code"]
    ] as const
  ) {
    it(`is the connection, with ${title}`, () =>
      assert.deepStrictEqual(transportFailure.reason(cause), { reason: "connection", detail }))
  }

  it("ends for cyclic or deep causes", () => {
    const cyclic: { cause?: unknown } = {}
    cyclic.cause = cyclic
    assert.deepStrictEqual(transportFailure.reason(cyclic), { reason: "connection", detail: "no code" })
    const deep = (depth: number): unknown => depth === 0 ? coded("EPIPE") : { cause: deep(depth - 1) }
    assert.strictEqual(transportFailure.reason(deep(5)).detail, "EPIPE")
    assert.strictEqual(transportFailure.reason(deep(6)).detail, "no code")
  })
})

describe("isClosed", () => {
  for (const code of ["ECONNRESET", "UND_ERR_SOCKET", "EPIPE"]) {
    it(`is true by ${code}`, () => {
      assert.isTrue(transportFailure.isClosed(coded(code)))
      assert.isTrue(transportFailure.isClosed(coded("UND_ERR_X", coded(code))))
    })
  }
  it("is false otherwise", () => {
    assert.isFalse(transportFailure.isClosed(coded("ECONNREFUSED")))
    assert.isFalse(transportFailure.isClosed(undefined))
  })
})
