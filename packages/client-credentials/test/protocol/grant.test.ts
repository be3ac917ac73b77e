import { assert, describe, it } from "@effect/vitest"

import * as grant from "../../src/internal/protocol/grant.js"

const uri = (name: string) => `urn:ietf:params:oauth:token-type:${name}`
const names = ["access_token", "refresh_token", "id_token", "jwt", "saml1", "saml2", "id-jag"]

describe("the type of a token (RFC 8693 section 3)", () => {
  for (const name of names) {
    it(`is ${name} by its short name or its URI`, () => {
      assert.isTrue(grant.isTokenType(name))
      assert.isTrue(grant.isTokenType(uri(name)))
      assert.strictEqual(grant.tokenTypeUri(name), uri(name))
      assert.strictEqual(grant.tokenTypeUri(uri(name)), uri(name))
    })
  }

  it("is any other URI, as it is", () => {
    for (const type of ["urn:x", "https://example.com/token-type?a=b#c", "tag:example.com,2026:a"]) {
      assert.isTrue(grant.isTokenType(type))
      assert.strictEqual(grant.tokenTypeUri(type), type)
    }
  })

  it("is no other value", () => {
    const strings = ["", "JWT", "access-token", "toString", "/relative", "urn", " urn:x", "urn:x ", "urn:x\n", "urn:ü"]
    for (const type of [...strings, undefined, null, 7, ["jwt"], ["urn:x"], new URL("urn:x")]) {
      assert.isFalse(grant.isTokenType(type))
    }
  })
})

describe("the constant parameters of a grant", () => {
  it("are a form (RFC 6749 section 4.4.2)", () => {
    assert.strictEqual(grant.clientCredentials, "grant_type=client_credentials")
    assert.strictEqual(
      grant.canonical(grant.grantTypes.jwtBearer),
      "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer"
    )
    assert.strictEqual(grant.canonical("a", { c: "x y&z", b: "ü" }), "grant_type=a&b=%C3%BC&c=x+y%26z")
  })

  it("are equal in any order", () => {
    assert.strictEqual(grant.canonical("a", { b: "1", c: "2" }), grant.canonical("a", { c: "2", b: "1" }))
    assert.notStrictEqual(grant.canonical("a", { b: "1", c: "2" }), grant.canonical("a", { b: "2", c: "1" }))
  })
})

describe("the requested type of a grant", () => {
  const exchange = (requested?: string) =>
    grant.canonical(grant.grantTypes.tokenExchange, {
      subject_token_type: uri("jwt"),
      ...(requested === undefined ? {} : { requested_token_type: requested })
    })

  it("is that of its parameter", () => {
    for (const type of [uri("id-jag"), uri("refresh_token"), "urn:x"]) {
      assert.strictEqual(grant.requestedType(exchange(type)), type)
    }
  })

  it("is absent for an access token, which is also the default (RFC 8693 section 2.1)", () => {
    assert.isUndefined(grant.requestedType(exchange(uri("access_token"))))
    assert.isUndefined(grant.requestedType(exchange()))
    assert.isUndefined(grant.requestedType(grant.clientCredentials))
    // A parameter without a name is another one.
    assert.isUndefined(grant.requestedType("grant_type=a&=urn%3Ax"))
  })
})
