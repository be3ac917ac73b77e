import { assert, describe, it } from "@effect/vitest"

import {
  algorithms,
  choose,
  isAlgorithm,
  isHmacAlgorithm,
  minSecretBytes
} from "../../src/internal/protocol/signingAlgorithm.js"

describe("signing algorithms", () => {
  it("are those of the key type, the default one first", () => {
    assert.deepStrictEqual(algorithms, {
      "RSA": ["RS256", "PS256", "PS384", "PS512", "RS384", "RS512"],
      "RSA-PSS": ["PS256", "PS384", "PS512"],
      "P-256": ["ES256"],
      "P-384": ["ES384"],
      "P-521": ["ES512"],
      "Ed25519": ["EdDSA", "Ed25519"]
    })
    assert.deepStrictEqual(minSecretBytes, { HS256: 32, HS384: 48, HS512: 64 })
  })

  it("are distinguished from other names", () => {
    assert.deepStrictEqual(["RS256", "Ed25519", "HS256", "none", "", undefined, 1].map(isAlgorithm), [
      true,
      true,
      false,
      false,
      false,
      false,
      false
    ])
    assert.deepStrictEqual(["HS256", "HS512", "RS256", "toString", undefined, ["HS256"]].map(isHmacAlgorithm), [
      true,
      true,
      false,
      false,
      false,
      false
    ])
  })

  for (
    const [name, wanted, supported, expected] of [
      ["the first one, where nothing is known of the server", undefined, undefined, "RS256"],
      ["the first one that the server supports", undefined, ["PS512", "PS256"], "PS256"],
      ["none, where the server supports none", undefined, ["ES256"], undefined],
      ["the configured one", "PS384", undefined, "PS384"],
      ["the configured one, where the server supports it", "PS384", ["RS256", "PS384"], "PS384"],
      ["none, where the server does not support the configured one", "PS384", ["RS256"], undefined]
    ] as const
  ) {
    it(`choose ${name}`, () => assert.strictEqual(choose(algorithms.RSA, wanted, supported), expected))
  }
})
