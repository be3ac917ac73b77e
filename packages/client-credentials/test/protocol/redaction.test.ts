import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"

import * as redaction from "../../src/internal/protocol/redaction.js"

const bytesOf = (text: string) => [...new TextEncoder().encode(text)]
const hex = (byte: number) => byte.toString(16).padStart(2, "0")
const base64 = (text: string) => Buffer.from(text).toString("base64")

type Spelling = (text: string) => string

const named: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  "\"": "&quot;",
  "'": "&apos;",
  "/": "&sol;",
  ":": "&colon;",
  "é": "&eacute;"
}

const spellings: Readonly<Record<string, Spelling>> = {
  "as it is": (text) => text,
  "in upper case": (text) => text.toUpperCase(),
  "HTML, named": (text) => [...text].map((one) => named[one] ?? one).join(""),
  "HTML, decimal": (text) => [...text].map((one) => `&#${one.codePointAt(0)};`).join(""),
  "HTML, decimal, padded and without semicolon": (text) =>
    [...text].map((one) => `&#${String(one.codePointAt(0)).padStart(7, "0")} `).join(""),
  "HTML, hex": (text) => [...text].map((one) => `&#x${one.codePointAt(0)?.toString(16)};`).join(""),
  "HTML, hex in upper case": (text) =>
    [...text].map((one) => `&#X${one.codePointAt(0)?.toString(16).toUpperCase()};`).join(""),
  "percent-encoded": encodeURIComponent,
  "percent-encoded in lower case": (text) => encodeURIComponent(text).replace(/%../g, (one) => one.toLowerCase()),
  "percent-encoded, every character": (text) => bytesOf(text).map((byte) => `%${hex(byte)}`).join(""),
  "percent-encoded, every character in upper case": (text) =>
    bytesOf(text).map((byte) => `%${hex(byte).toUpperCase()}`).join(""),
  "as a form": (text) => new URLSearchParams({ "": text }).toString().slice(1),
  "as JSON": (text) => JSON.stringify(text).slice(1, -1),
  "as JSON in JSON": (text) => JSON.stringify(JSON.stringify(text).slice(1, -1)).slice(1, -1),
  "as JSON, every character": (text) =>
    text.split("").map((one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`).join(""),
  "as JSON, every character in upper case": (text) =>
    text.split("").map((one) => `\\u${one.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`).join(""),
  "as bytes of a string literal": (text) => bytesOf(text).map((byte) => `\\x${hex(byte)}`).join(""),
  "in octal": (text) => bytesOf(text).map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join(""),
  "as a Buffer in JSON": (text) => JSON.stringify(Buffer.from(text)),
  "as an array of bytes, spaced": (text) => `[${bytesOf(text).join(" ")}]`,
  "as an array of signed bytes": (text) => Int8Array.from(bytesOf(text)).join(", "),
  base64,
  "base64url": (text) => Buffer.from(text).toString("base64url"),
  "base64 after one character": (text) => base64(`x${text}`),
  "base64 after two characters": (text) => base64(`xy${text}y`),
  "base64 of id and secret": (text) => base64(`warehouse:${text}`),
  "base64 in lines": (text) => base64(text).replace(/.{8}/g, "$&\r\n"),
  "base64 of the percent-encoded": (text) => base64(encodeURIComponent(text)),
  "base64, percent-encoded": (text) => encodeURIComponent(base64(text)),
  "base64 of base64": (text) => base64(base64(text)),
  "hex": (text) => bytesOf(text).map(hex).join(""),
  "hex in upper case": (text) => bytesOf(text).map(hex).join("").toUpperCase(),
  "hex with colons": (text) => bytesOf(text).map(hex).join(":"),
  "its first six characters": (text) => text.slice(0, 6),
  "its last six characters": (text) => text.slice(-6),
  "eight characters of it in base64": (text) => base64(text.slice(2, 10)),
  "seven characters of it, escaped": (text) => [...text.slice(1, 8)].map((one) => `&#${one.charCodeAt(0)};`).join(""),
  "twelve characters of it, percent-encoded": (text) => encodeURIComponent(text.slice(0, 12))
}

const secrets = [
  "leaf&<stem>\"root's",
  "s3cr3t/+ %:x;é\\and more",
  "root-secret-5",
  "a%41&lt;b%2541\\u0041cdef",
  "p~_.!*'()-aaaaaa",
  "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ3YXJlaG91c2UifQ.c2lnbmF0dXJl"
]

const text = (spelled: string) => `the secret ${spelled} is not known`

describe("redaction", () => {
  for (const [name, spell] of Object.entries(spellings)) {
    it(`leaves out a text that repeats a secret ${name}`, () => {
      for (const secret of secrets) {
        const { holds, show } = redaction.make(["another", secret])
        assert.isTrue(holds(spell(secret)), `${secret}: ${spell(secret)}`)
        assert.strictEqual(show(text(spell(secret)), 300), "<redacted>", `${secret}: ${spell(secret)}`)
      }
    })
  }

  const characters = fc.array(fc.constantFrom(...Array.from("abcXYZ0189-._~!$&'()*+,;=:@/?%<>\"\\ é")), {
    minLength: 10,
    maxLength: 40
  }).map((all) => all.join(""))
  // A part of it is spelled by itself only where the parts are of a length: see above.
  const complete = Object.entries(spellings).filter(([name]) =>
    !/characters? of it|six characters|upper case$|semicolon/.test(name)
  )

  it.prop(
    "leaves out a text that repeats any secret in any spelling, or in one spelling of another",
    [
      characters.filter((secret) => secret.replace(/[\s+\\]/g, "").length >= 6),
      fc.constantFrom(...complete),
      fc.constantFrom(...complete.filter(([name]) => !/base64|hex/.test(name)))
    ],
    ([secret, [, inner], [, outer]]) => {
      const { show } = redaction.make([secret])
      assert.strictEqual(show(text(inner(secret)), 2000), "<redacted>", inner(secret))
      assert.strictEqual(show(text(outer(inner(secret))), 2000), "<redacted>", outer(inner(secret)))
    },
    { fastCheck: { numRuns: 300 } }
  )

  for (
    const shown of [
      "Client secret is not valid for this client in production.",
      "The client \"warehouse\" is not registered at https://auth.example.com/token",
      "AADSTS7000215: Invalid client secret provided. Ensure the secret being sent is the client secret value.",
      "No client with requested id: warehouse",
      "Bad client credentials",
      "%7B%22a%22%3A1%7D &lt;b&gt; \\u0041 dGhlcmUgaXMgbm90aGluZyBoZXJl 68656c6c6f20776f726c64"
    ]
  ) {
    it(`shows what repeats none: ${shown}`, () => {
      const { show } = redaction.make(["production-client-secret-77", "warehouse-Xk3v9", "dGhpcyBpcyBhIHNlY3JldA=="], [
        "warehouse"
      ])
      assert.strictEqual(show(shown, 300), shown)
    })
  }

  it("leaves out a secret of ordinary words as a whole", () => {
    assert.strictEqual(redaction.make(["secret"]).show("the secret was secret", 300), "<redacted>")
    assert.strictEqual(redaction.make(["client-secret"]).show("not client-secret", 300), "<redacted>")
  })

  it("leaves out a secret that is shorter than a part", () => {
    assert.strictEqual(redaction.make(["k7"]).show("got k7", 300), "<redacted>")
    assert.strictEqual(redaction.make(["k7", ""]).show("got nothing", 300), "got nothing")
  })

  it("cuts what it shows, at a whole character, and shows nothing that controls a terminal", () => {
    const { show } = redaction.make(["s3cr3t"])
    assert.strictEqual(show(`a\n\u001b[31m\u202eb\u2028`, 300), "a  [31m b ")
    assert.strictEqual(show("é😀".repeat(10), 5), "é😀é…")
    assert.isUndefined(show("", 10))
    assert.isUndefined(show(17, 10))
    // Beyond what is shown.
    assert.strictEqual(show(`${"x".repeat(298)}s3cr3t`, 300), "<redacted>")
    assert.strictEqual(show(`${"x".repeat(1_000_000)}s3cr3t`, 300), `${"x".repeat(300)}…`)
  })

  it("does not look through more than 16 KiB, which counts as a secret", () => {
    const { holds } = redaction.make(["s3cr3t"])
    assert.isTrue(holds("x".repeat(17_000)))
    assert.isFalse(holds("x".repeat(16_000)))
  })
})
