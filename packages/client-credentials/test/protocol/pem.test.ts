import { generateKeyPairSync } from "node:crypto"

import { assert, describe, it } from "@effect/vitest"

import { blocksOf, bytesOf } from "../../src/internal/protocol/pem.js"

const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
const first = String(publicKey.export({ type: "spki", format: "pem" }))
const second = String(privateKey.export({ type: "sec1", format: "pem" }))
const bytesIn = (text: string) =>
  blocksOf(text)?.map((block) => [block.label, Buffer.from(bytesOf(block) ?? []).toString("hex")])
const expected = [
  ["PUBLIC KEY", publicKey.export({ type: "spki", format: "der" }).toString("hex")],
  ["EC PRIVATE KEY", privateKey.export({ type: "sec1", format: "der" }).toString("hex")]
]

describe("PEM (RFC 7468)", () => {
  const texts: Readonly<Record<string, string>> = {
    "one after the other": first + second,
    "on one line": (first + second).replaceAll("\n", ""),
    "with text before, between and after": `before\n${first}between\n${second}after`,
    "with line breaks of Windows": (first + second).replaceAll("\n", "\r\n"),
    "with escaped line breaks": (first + second).replaceAll("\n", "\\n"),
    "with escaped line breaks of Windows": (first + second).replaceAll("\n", "\\r\\n"),
    "after an end that nothing began": `-----END CERTIFICATE-----\n${first}${second}`,
    "before an end that nothing began": `${first}${second}-----END CERTIFICATE-----\n`
  }
  for (const [name, text] of Object.entries(texts)) {
    it(`contains blocks, ${name}`, () => assert.deepStrictEqual(bytesIn(text), expected))
  }

  it("contains no block without a boundary", () => {
    for (const text of ["", "s3cr3t", "-----BEGIN-----", "-----BEGIN key-----\nAAAA\n-----END key-----"]) {
      assert.deepStrictEqual(blocksOf(text), [])
    }
  })

  it("is incomplete with a block that has no end of its label", () => {
    const body = "AAAA\n"
    for (
      const text of [
        "-----BEGIN A-----\n",
        `-----BEGIN A-----\n${body}`,
        `-----BEGIN A-----\n${body}-----END B-----`,
        `-----BEGIN A-----\n${body}-----BEGIN A-----\n${body}-----END A-----`,
        `${first}-----BEGIN A-----\n${body}`,
        `-----BEGIN A-----\n${body}${first}`
      ]
    ) {
      assert.isUndefined(blocksOf(text))
    }
  })

  it("has headers before the bytes of a block (RFC 1421 section 4.6)", () => {
    const headers = "\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAQID\n"
    assert.deepStrictEqual(bytesOf({ label: "A", body: headers }), Uint8Array.from([1, 2, 3]))
    assert.deepStrictEqual(bytesOf({ label: "A", body: " A Q\tI\r\nD\\\n" }), Uint8Array.from([1, 2, 3]))
    for (const body of ["", "\n", "AQ%D", "AQI:"]) assert.isUndefined(bytesOf({ label: "A", body }))
  })
})
