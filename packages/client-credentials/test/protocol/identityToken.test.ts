import { assert, describe, it } from "@effect/vitest"
import { SignJWT } from "jose"

import { claims } from "../../src/internal/protocol/identityToken.js"

const base64url = (text: string) => Buffer.from(text).toString("base64url")
const jwt = (payload: unknown) => `${base64url("{\"alg\":\"ES256\"}")}.${base64url(JSON.stringify(payload))}.c2-n_x`
const signed = (payload: Readonly<Record<string, unknown>>) =>
  new SignJWT(payload).setProtectedHeader({ alg: "HS256" }).sign(new Uint8Array(32))

const workload = { iss: "https://cluster.example", sub: "system:serviceaccount:a:b", azp: "c" }

describe("of an identity token", () => {
  it("the owner is issuer, subject and authorized party, and the expiry is in milliseconds", async () => {
    const found = claims(await signed({ ...workload, aud: "d", exp: 1_700_000_000.5 }))
    assert.deepStrictEqual(found, {
      owner: "[\"https://cluster.example\",\"system:serviceaccount:a:b\",\"c\"]",
      expiresAt: 1_700_000_000_500
    })
  })

  it("the owner stays the same when it is replaced", async () => {
    const first = claims(await signed({ ...workload, exp: 1000, iat: 1, jti: "1" }))
    const second = claims(await signed({ jti: "2", iat: 2, exp: 2000, ...workload }))
    assert.isString(first?.owner)
    assert.strictEqual(first?.owner, second?.owner)
  })

  it("the owner differs by each of its claims", () => {
    const others = [{}, { iss: "https://other.example" }, { sub: "e" }, { azp: "f" }, { azp: undefined }]
    const owners = others.map((other) => claims(jwt({ ...workload, ...other }))?.owner)
    assert.lengthOf(new Set(owners), others.length)
  })

  it("the owner is unknown without a subject, which is a string (RFC 7519 section 4.1.2)", () => {
    for (const sub of [undefined, null, 7, ["a"]]) {
      assert.deepStrictEqual(claims(jwt({ ...workload, sub, exp: 1 })), { owner: undefined, expiresAt: 1000 })
    }
  })

  for (
    const [exp, expected] of [
      [0, 0],
      [-1, -1000],
      [8.64e12, 8.64e15],
      [-8.64e12, -8.64e15],
      [8.64e12 + 1, undefined],
      [-8.64e12 - 1, undefined],
      ["1700000000", undefined],
      [null, undefined],
      [undefined, undefined]
    ] as const
  ) {
    it(`the expiry is ${expected} with the claim ${JSON.stringify(exp)}`, () =>
      assert.deepStrictEqual(claims(jwt({ sub: "a", exp })), {
        owner: "[null,\"a\",null]",
        expiresAt: expected
      }))
  }

  it("the payload may have a byte order mark, and characters beyond ASCII", () => {
    const payload = base64url("\ufeff{\"sub\":\"ü\"}")
    assert.strictEqual(claims(`a.${payload}.b`)?.owner, "[null,\"ü\",null]")
  })
})

describe("an identity token without claims is", () => {
  const whole = jwt(workload)
  const [header = "", payload = "", signature = ""] = whole.split(".")
  const others: Readonly<Record<string, string>> = {
    "an empty string": "",
    "an opaque string": "s3cr3t",
    "a payload alone": payload,
    "two parts": `${header}.${payload}`,
    "one without a signature (RFC 7519 section 6)": `${header}.${payload}.`,
    "one without a header": `.${payload}.${signature}`,
    "one without a payload": `${header}..${signature}`,
    "one of five parts, as if encrypted (RFC 7516 section 7.1)": `${whole}.a.b`,
    "one after a scheme": `Bearer ${whole}`,
    "one before a line break": `${whole}\n`,
    "one with padding": `${header}.${payload}=.${signature}`,
    "one in base64": `${header}.${payload}.ab+/`,
    "a header that is not base64url": `a+b.${payload}.${signature}`,
    "a payload of a length that base64 cannot have": `${header}.aaaaa.${signature}`,
    "a payload that is not JSON": `${header}.${base64url("s3cr3t")}.${signature}`,
    "a payload that is a list": jwt([workload]),
    "a payload that is a string": jwt("a"),
    "a payload that is null": jwt(null)
  }
  for (const [name, token] of Object.entries(others)) {
    it(name, () => assert.isUndefined(claims(token)))
  }
})
