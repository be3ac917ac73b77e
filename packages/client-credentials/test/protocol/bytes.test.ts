import { assert, describe, it } from "@effect/vitest"

import { base64, base64url, hex } from "../../src/internal/protocol/bytes.js"

describe("base64", () => {
  it("is written with padding", () => {
    assert.strictEqual(base64.encode(Uint8Array.of(0, 255, 254)), "AP/+")
    assert.strictEqual(base64.encode(Uint8Array.of(1)), "AQ==")
    assert.strictEqual(base64.encode(new Uint8Array()), "")
  })

  for (
    const [text, expected] of [
      ["AP/+", [0, 255, 254]],
      ["AP_-", [0, 255, 254]],
      ["AP_-_-8=", [0, 255, 254, 255, 239]],
      ["AP//////", [0, 255, 255, 255, 255, 255]],
      ["AQ==", [1]],
      ["AQ", [1]],
      ["AQE=", [1, 1]],
      ["AQE", [1, 1]]
    ] as const
  ) {
    it(`is read from ${text}`, () => assert.deepStrictEqual(Array.from(base64.decode(text) ?? []), [...expected]))
  }

  for (const text of ["", "A", "=", "AQ===", "A Q=", " AQ==", "AQ== ", "A$==", "AQ==AQ=="]) {
    it(`is not "${text}"`, () => assert.isUndefined(base64.decode(text)))
  }
})

it("base64url is written without padding, with each digit, for each length", () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, at) => (at * 167) % 256)
  for (let from = 0; from < 256; from += 5) {
    for (let length = 0; length < 9; length += 1) {
      const part = bytes.subarray(from, from + length)
      assert.strictEqual(base64url.encode(part), Buffer.from(part).toString("base64url"))
    }
  }
})

it("hexadecimal digits are read in either case, and written in lower case, two for each byte", () => {
  assert.strictEqual(hex.encode(Uint8Array.of(0, 10, 255)), "000aff")
  assert.strictEqual(hex.encode(new Uint8Array()), "")
  assert.deepStrictEqual(Array.from(hex.decode("000aFf")), [0, 10, 255])
  assert.deepStrictEqual(Array.from(hex.decode("7f8")), [127])
  assert.deepStrictEqual(Array.from(hex.decode("")), [])
})
