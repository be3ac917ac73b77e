import { assert, describe, it } from "@effect/vitest"

import { bindsTokens, type Situation, usesAliases } from "../../src/internal/protocol/mutualTls.js"

const usual: Situation = {
  method: "private_key_jwt",
  byCertificate: false,
  wanted: undefined,
  hasDpop: false,
  serverBinds: true
}

describe("the aliases for mutual TLS are used", () => {
  for (
    const [name, situation, expected] of [
      ["with an assertion, where the server binds tokens", {}, true],
      ["not where it does not", { serverBinds: false }, false],
      ["not where nothing is known of it", { serverBinds: undefined }, false],
      ["not with DPoP", { hasDpop: true }, false],
      ["not with a secret", { method: "client_secret_post" }, false],
      ["with a certificate as the method", { byCertificate: true, wanted: false, serverBinds: false }, true],
      ["with a secret, when the option enables it", { method: "client_secret_post", wanted: true }, true],
      ["not when the option disables it", { wanted: false }, false]
    ] as const
  ) {
    it(name, () => assert.strictEqual(usesAliases({ ...usual, ...situation }), expected))
  }
})

describe("tokens are bound to the certificate", () => {
  for (
    const [name, situation, expected] of [
      ["with an assertion, where the server binds tokens", {}, true],
      ["not with an assertion where nothing is known of it", { serverBinds: undefined }, false],
      ["not with an assertion and DPoP", { hasDpop: true }, false],
      ["with a certificate as the method, where the server binds tokens", { byCertificate: true }, true],
      ["not with a certificate as the method, where nothing is known of it", {
        byCertificate: true,
        serverBinds: undefined
      }, false],
      ["not with a certificate as the method, where the server does not", {
        byCertificate: true,
        serverBinds: false
      }, false],
      ["not when the option disables it", { byCertificate: true, wanted: false }, false],
      ["when the option enables it", { method: "client_secret_post", serverBinds: undefined, wanted: true }, true]
    ] as const
  ) {
    it(name, () => assert.strictEqual(bindsTokens({ ...usual, ...situation }), expected))
  }
})
