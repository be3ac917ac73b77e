import { assert, describe, it } from "@effect/vitest"

import { SentSecrets } from "../../src/internal/protocol/sentSecrets.js"

const url = "https://api.example.com/v1/items"

const token = "t0k3n/With+Reserved=characters"

const make = (headers: Readonly<Record<string, string>>) => new SentSecrets({ url, headers })

const secrets = make({ authorization: `Bearer ${token}`, dpop: "header.payload.signature" })

describe("without", () => {
  it("replaces token and proof, plain and percent-encoded in either case", () => {
    const encoded = encodeURIComponent(token)
    assert.strictEqual(
      secrets.without(`a ${token} b ${encoded} c ${encoded.replace(/%../g, (one) => one.toLowerCase())} d`),
      "a <redacted> b <redacted> c <redacted> d"
    )
    assert.strictEqual(
      secrets.without("x header.payload.signature header.payload.signature"),
      "x <redacted> <redacted>"
    )
  })

  it("leaves other strings unchanged, and secrets of up to 6 characters", () => {
    assert.strictEqual(secrets.without("bearer"), "bearer")
    assert.strictEqual(secrets.without("a string that repeats no secret"), "a string that repeats no secret")
    assert.strictEqual(make({ authorization: "Bearer s3cr3t" }).without("s3cr3t"), "s3cr3t")
    assert.strictEqual(make({ authorization: "Bearer s3cr3t" }).without("a s3cr3t b"), "a s3cr3t b")
    assert.strictEqual(make({}).without("a request without a secret"), "a request without a secret")
  })

  it("replaces id and secret of basic auth separately", () => {
    const made = make({ authorization: `basic ${btoa("identifier:s3cr3t-value")}` })
    assert.strictEqual(made.without("s3cr3t-value"), "<redacted>")
    assert.strictEqual(made.without("identifier!"), "<redacted>!")
    assert.strictEqual(
      make({ authorization: `Basic ${btoa("no-colon-in-it")}` }).without("no-colon-in-it"),
      "<redacted>"
    )
    assert.strictEqual(make({ authorization: "Basic not~base64~at~all" }).without("not~base64~at~all"), "<redacted>")
    assert.strictEqual(
      make({ authorization: `Bearer ${btoa("identifier:s3cr3t-value")}` }).without("s3cr3t-value"),
      "s3cr3t-value"
    )
  })

  it("splits id and secret for no other scheme", () => {
    for (const scheme of ["XBasic", "Basics"]) {
      const made = make({ authorization: `${scheme} ${btoa("identifier:s3cr3t-value")}` })
      assert.strictEqual(made.without("s3cr3t-value"), "s3cr3t-value")
    }
  })

  it("replaces the longest secret of several", () => {
    const headers = ["authorization", "dpop"] as const
    for (const [one, other] of [headers, [...headers].reverse()] as ReadonlyArray<ReadonlyArray<string>>) {
      const all = make({ [one ?? ""]: "abcdefgh", [other ?? ""]: "abcdefgh.and.more" })
      assert.strictEqual(all.without("abcdefgh.and.more abcdefgh"), "<redacted> <redacted>")
    }
  })

  it("treats a value without a scheme as the secret", () =>
    assert.strictEqual(make({ authorization: token }).without(`a ${token}`), "a <redacted>"))
})

describe("shown", () => {
  it("replaces the whole string that repeats a secret in any spelling", () => {
    assert.strictEqual(secrets.shown(`the token ${token} is expired`), "<redacted>")
    assert.strictEqual(secrets.shown(btoa(token)), "<redacted>")
  })
  it("shows other strings, the URL of the call, and the error codes of the standards", () => {
    assert.strictEqual(secrets.shown("the token is expired"), "the token is expired")
    assert.strictEqual(secrets.shown("not found: /v1/items"), "not found: /v1/items")
    assert.strictEqual(make({ authorization: "Bearer 7api.example7" }).shown("api.example"), "api.example")
    assert.strictEqual(make({ authorization: "Bearer 7bpi.example7" }).shown("bpi.example"), "<redacted>")
    assert.strictEqual(make({ authorization: "Bearer invalid_token" }).shown("invalid_token"), "invalid_token")
  })
  it("does not search for secrets of fewer than 4 characters", () => {
    assert.strictEqual(make({ authorization: "Bearer abc" }).shown("abc"), "abc")
    assert.strictEqual(make({ authorization: "Bearer abcd" }).shown("abcd"), "<redacted>")
  })
})

describe("isIn", () => {
  const cyclic: Record<string, unknown> = { a: 1 }
  cyclic["self"] = cyclic
  class Opaque {}
  class Inherited extends Error {
    override get message() {
      return token
    }
  }
  for (
    const [title, value, expected] of [
      ["a string", token, true],
      ["another string", "no secret", false],
      ["undefined", undefined, false],
      ["null", null, false],
      ["a member", { a: [{ b: token }] }, true],
      ["a name of a member", { [token]: 1 }, true],
      ["a symbol", { [Symbol(token)]: 1 }, true],
      ["an object without a prototype", Object.assign(Object.create(null), { a: token }), true],
      ["another object without a prototype", Object.assign(Object.create(null), { a: 1 }), false],
      ["an inherited message", Object.assign(new Inherited(), { stack: "x" }), true],
      ["a function with a member with a common name", Object.assign(() => 1, { names: 1 }), true],
      ["a function with a member that ends with a common name", Object.assign(() => 1, { username: 1 }), true],
      ["another object", { a: [1, "b", { c: null }] }, false],
      ["an object in itself", cyclic, false],
      ["a message", new Error(`x ${token}`), true],
      ["a cause", new Error("x", { cause: new Error(token) }), true],
      ["another error", new TypeError("x"), false],
      ["a stack", Object.assign(new Error("x"), { stack: token }), true],
      ["a map", new Map([["a", { b: token }]]), true],
      ["another map", new Map([["a", 1]]), false],
      ["a set", new Set([token]), true],
      ["a URL", new URL(`https://a.example/?q=${encodeURIComponent(token)}`), true],
      ["another URL", new URL("https://a.example/"), false],
      ["bytes", new TextEncoder().encode(token), true],
      ["other bytes", new Uint8Array(3), false],
      ["what it prints as JSON", { toJSON: () => ({ a: token }) }, true],
      ["a function with members", Object.assign(() => 1, { a: 1 }), true],
      ["a function", () => 1, false],
      ["an object of another class", new Opaque(), true],
      ["an object that throws", {
        get a() {
          throw new Error("x")
        }
      }, true],
      ["more than 10,000 parts", Array.from({ length: 10_001 }, () => 1), true]
    ] as const
  ) {
    it(`is ${expected} for ${title}`, () => assert.strictEqual(secrets.isIn(value), expected))
  }
})

describe("what is shown of an error", () => {
  const upper = "AN_UPPER_CASE_TOKEN"
  const large = new Uint8Array(20_000).fill(120)
  const throwing = new Error("x", { cause: token })
  Object.defineProperty(throwing, "code", {
    get: () => {
      throw new Error("x")
    }
  })

  it("is the error itself where it repeats no secret", () => {
    for (const value of [new Error("x"), undefined, "a string", { code: "ECONNRESET" }]) {
      assert.strictEqual(secrets.shownOf(value), value)
    }
  })

  it("is its code alone where it repeats a secret, or cannot be searched", () => {
    for (
      const value of [
        Object.assign(new Error(token), { code: "ECONNRESET" }),
        Object.assign(new Error("x"), { code: "ECONNRESET", rawPacket: large }),
        new Error(token, { cause: { code: "ECONNRESET", headers: [token] } })
      ]
    ) {
      const shown = secrets.shownOf(value)
      assert.instanceOf(shown, Error)
      assert.deepStrictEqual({ ...shown }, { code: "ECONNRESET" })
      assert.strictEqual(String(shown), "Error: ECONNRESET")
      assert.isFalse(secrets.isIn(shown))
    }
  })

  it("is nothing without a code, and where the code is the secret", () => {
    assert.isUndefined(secrets.shownOf(new Error(token)))
    assert.isUndefined(secrets.shownOf(token))
    assert.isUndefined(secrets.shownOf(throwing))
    const own = make({ authorization: `Bearer ${upper}` })
    assert.isUndefined(own.shownOf(Object.assign(new Error("x"), { code: upper })))
  })
})
