import { assert, it } from "@effect/vitest"

import { base64, basic, form, rawBasic } from "../../src/internal/protocol/basicCredentials.js"

const decoded = (text: string) => Buffer.from(text, "base64").toString("utf8")

it("a string is written in base64 of its UTF-8 bytes", () => {
  assert.strictEqual(base64("aä"), "YcOk")
})

it("a string is form-encoded", () => {
  assert.strictEqual(form("a b:ä*-._~"), "a+b%3A%C3%A4*-._%7E")
  assert.strictEqual(form(""), "")
})

it("id and secret are form-encoded before they are joined, or joined as they are", () => {
  assert.strictEqual(decoded(basic("a:b", "s /ä")), "a%3Ab:s+%2F%C3%A4")
  assert.strictEqual(decoded(rawBasic("a:b", "s /ä")), "a:b:s /ä")
})
