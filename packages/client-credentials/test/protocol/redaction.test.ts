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
    it(`leaves out a string that repeats a secret ${name}`, () => {
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
  // A part is spelled by itself only if the parts have the required length: see above.
  const complete = Object.entries(spellings).filter(([name]) =>
    !/characters? of it|six characters|upper case$|semicolon/.test(name)
  )

  it.prop(
    "leaves out a string that repeats any secret in any spelling, or in one spelling of another",
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
    it(`shows a string that repeats none: ${shown}`, () => {
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

  it("cuts the shown string at a whole character, and shows no control characters", () => {
    const { show } = redaction.make(["s3cr3t"])
    assert.strictEqual(show(`a\n\u001b[31m\u202eb\u2028`, 300), "a  [31m b ")
    assert.strictEqual(show("é😀".repeat(10), 5), "é😀é…")
    assert.strictEqual(show("abc", 3), "abc")
    assert.isUndefined(show("", 10))
    assert.isUndefined(show(17, 10))
    // Beyond the shown part.
    assert.strictEqual(show(`${"x".repeat(298)}s3cr3t`, 300), "<redacted>")
    assert.strictEqual(show(`${"x".repeat(1_000_000)}s3cr3t`, 300), `${"x".repeat(300)}…`)
  })

  it("does not search more than 16 KiB, and treats longer strings as secret", () => {
    const { holds } = redaction.make(["s3cr3t"])
    assert.isTrue(holds("x".repeat(16_385)))
    assert.isFalse(holds("x".repeat(16_384)))
    assert.isFalse(holds(""))
  })

  it("searches more of a string than could be shown, but not all of it", () => {
    const { show } = redaction.make(["s3cr3t"])
    assert.strictEqual(show(`${"x".repeat(1700)} s3cr3t`, 300), "<redacted>")
    assert.notStrictEqual(show(`${"x".repeat(1710)} s3cr3t`, 300), "<redacted>")
  })

  it("searches nothing when there is no secret, however long a string is", () => {
    for (const secrets of [[], [""], ["", ""]]) assert.isFalse(redaction.make(secrets).holds("x".repeat(17_000)))
  })
})

describe("a secret is recognized", () => {
  const latin = "éèàùöü"
  const bytes = (text: string) => bytesOf(text).map((byte) => `%${hex(byte)}`).join("")
  const binary = (...parts: ReadonlyArray<number | string>) =>
    Buffer.concat(parts.map((part) => typeof part === "number" ? Buffer.from([part]) : Buffer.from(part)))
  const deep = (times: number): string =>
    times === 0 ? "s3cr3t" : bytes("s3cr3t").replace(/%/g, `%${"25".repeat(times - 1)}`)
  for (
    const [name, secret, text] of [
      ["by Latin letters as HTML names them", latin, "&eacute;&egrave;&agrave;&ugrave;&ouml;&uuml;"],
      ["by the first and the last of them", "¡¡¡ÿÿÿ", "&iexcl;&iexcl;&iexcl;&yuml;&yuml;&yuml;"],
      ["by such a letter in upper case", "ÀÀÀÀÀÀ", "&Agrave;".repeat(6)],
      ["around a code that is not a character", "s3cr3t", "s3c&#1114112;r3t"],
      ["around the last code that is one", "s3cr3t", "s3c&#x10ffff;r3t"],
      ["around a code of zero", "s3cr3t", "s3c&#0;r3t"],
      ["around white space by name", "s3cr3t", "s3&nbsp;c&tab;r&newline;3&plus;t"],
      ["in percent-encoded bytes that are no UTF-8 before it", "s3cr3t", `%ff${bytes("s3cr3t")}`],
      ["in percent-encoded UTF-8", latin, bytes(latin)],
      ["in percent-encoded ISO 8859-1", latin, "%e9%e8%e0%f9%f6%fc"],
      ["percent-encoded as UTF-16", "s3cr3t", "%u0073%u0033%u0063%u0072%u0033%u0074"],
      ["by code points in braces", "s3cr3t", "\\u{73}\\u{33}\\u{63}\\u{72}\\u{33}\\u{000074}"],
      ["by code points beyond the first 65,536", "😀😀😀😀😀😀", "\\u{1F600}".repeat(6)],
      ["by pairs of surrogates", "😀😀😀", "\\ud83d\\ude00".repeat(3)],
      ["by bytes of a literal", "k7pq", "\\x6b\\x37\\x70\\x71"],
      ["around escapes of white space", "s3cr3t", "s\\b3\\fc\\nr\\r3\\tt"],
      ["around escaped quotes", "a\"b'c/d", "a\\\"b\\'c\\/d"],
      ["in octal UTF-8", latin, bytesOf(latin).map((byte) => `\\${byte.toString(8)}`).join("")],
      ["in base64 with a digit in octal", "s3cr3t", "czNj\\143jN0"],
      ["as a list of bytes and nothing else", "s3cr3t", "115 51 99 114 51 116"],
      ["as a list of bytes with other separators", "s3cr3t", "115;51, 99 ,114\n\n51+116"],
      ["as a list of bytes with escaped line breaks", "s3cr3t", "115\\n51\\n99\\n114\\n51\\n116"],
      ["encoded six times", "s3cr3t", deep(6)],
      ["in base64 and nothing else", "s3cr3t", "czNjcjN0"],
      ["in base64 across lines", "s3cr3t", "czNj\r\n\r\ncjN0"],
      ["in base64 with + in it", "~~~~~~", base64("~~~~~~")],
      ["in base64 with / in it", "??????", base64("??????")],
      ["in base64url with - in it", "~~~~~~", base64("~~~~~~").replaceAll("+", "-")],
      ["in base64url with _ in it", "??????", base64("??????").replaceAll("/", "_")],
      ["in base64 between bytes that are no UTF-8", latin, binary(0xff, latin, 0xff).toString("base64")],
      ["in hex between bytes that are no UTF-8", latin, binary(0xff, latin, 0xff).toString("hex")],
      ["in hex after a digit", "s3cr3t", "a733363723374"],
      ["in hex with a prefix for each byte", "s3cr3t", "0x73, 0x33, 0x63, 0x72, 0x33, 0x74"],
      ["in hex with dashes", "s3cr3t", "73-33-63-72-33-74"],
      ["with white space in it", "abcdefgh", "abcd efgh"],
      ["without its own white space", "k 7", "k7"],
      ["with more white space than it has", "k 7", "k \t 7"],
      ["without its punctuation", "a-b-c-d-e-f", "abcdef"],
      ["of digits without its punctuation", "1-2-3-4-5-6", "123456"],
      ["with other punctuation, although it is of ordinary words", "client-secret", "not client.secret"],
      ["without punctuation, although it is an ordinary word", "acc-ess", "access"],
      ["in full-width characters", "s3cr3t", "ｓ３ｃｒ３ｔ"],
      ["with invisible characters in it", "s3cr3t", "s3c\u200br3t"]
    ] as ReadonlyArray<readonly [string, string, string]>
  ) {
    it(name, () => assert.isTrue(redaction.make([secret]).holds(text)))
  }

  // https://html.spec.whatwg.org/multipage/named-characters.html
  const entities =
    "& amp < lt > gt \" quot ' apos ! excl # num $ dollar % percnt ( lpar ) rpar * ast * midast , comma - " +
    "hyphen - dash . period / sol : colon ; semi = equals ? quest @ commat [ lsqb [ lbrack \\ bsol ] rsqb ] rbrack ^ hat _ " +
    "lowbar _ underbar ` grave ` diacriticalgrave { lcub { lbrace | verbar | vert | verticalline } rcub } rbrace ~ tilde £ " +
    "pound © copy ­ shy ¶ para ¿ iquest Ç Ccedil Ñ Ntilde Ø Oslash Ù Ugrave ß szlig æ aelig ë euml ÷ divide þ thorn"
  it("by punctuation in the names of HTML", () => {
    for (const [, one = "", name = ""] of entities.matchAll(/(\S+) (\S+)/g)) {
      const { holds } = redaction.make([`<${one.repeat(5)}>`])
      assert.isTrue(holds(`<${`&${name};`.repeat(5)}>`), name)
      assert.isTrue(holds(`<${`&${name}`.repeat(5)}>`), name)
    }
  })
})

describe("a secret is not recognized", () => {
  const bytes = (text: string) => bytesOf(text).map((byte) => `%${hex(byte)}`).join("")
  for (
    const [name, secret, text] of [
      ["encoded seven times", "s3cr3t", bytes("s3cr3t").replace(/%/g, `%${"25".repeat(6)}`)],
      ["by five characters of it", "abcdefghi", "abcde"],
      ["by the letters of what is mostly punctuation", "-a-b-", "ab"],
      ["around a name that is none", "s3cr3t", "s3c&nothing;r3t"],
      ["around a name of every object", "s3cr3t", "s3c&constructor;r3t"],
      ["across other text", "abcdefgh", "abcd and efgh"]
    ] as const
  ) {
    it(name, () => assert.isFalse(redaction.make([secret]).holds(text)))
  }

  for (
    const word
      of "secret clientid access permission production inactive authorization default example missing disabled registered assertion -----BEGIN PRIVATE"
        .split(" ")
  ) {
    it(`by an ordinary word in it: ${word}`, () => assert.isFalse(redaction.make([`7${word}7`]).holds(word)))
  }

  it("by well-known words", () => {
    assert.isTrue(redaction.make(["7warehouse7"]).holds("warehouse"))
    assert.isFalse(redaction.make(["7warehouse7"], ["ware-house"]).holds("warehouse"))
  })
})
