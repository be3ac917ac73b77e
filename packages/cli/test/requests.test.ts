/**
 * The syntax of requests, as pure functions: see `httpie.test.ts` for what is sent in the end.
 */
import { assert, describe, it } from "@effect/vitest"
import { Either, FastCheck } from "effect"

import * as formText from "../src/internal/formText.js"
import * as httpMessage from "../src/internal/httpMessage.js"
import * as jsonText from "../src/internal/jsonText.js"
import * as multipart from "../src/internal/multipart.js"
import * as nestedJson from "../src/internal/nestedJson.js"
import * as requestItem from "../src/internal/requestItem.js"
import * as targetUrl from "../src/internal/targetUrl.js"

const { assert: check, property } = FastCheck

const text = FastCheck.string({ unit: "grapheme" })

const escaped = (name: string) => name.replace(/[:;=@]/g, (one) => `\\${one}`)

describe("request items", () => {
  it("split at the first separator, the longest one there", () => {
    const cases = [
      ["a=b", ["a", "=", "b"]],
      ["a==b", ["a", "==", "b"]],
      ["a:=1", ["a", ":=", "1"]],
      ["a:=@f", ["a", ":=@", "f"]],
      ["a=@f", ["a", "=@", "f"]],
      ["a@f", ["a", "@", "f"]],
      ["A:b=c", ["A", ":", "b=c"]],
      ["a=b:c", ["a", "=", "b:c"]],
      ["a\\=b=c", ["a=b", "=", "c"]],
      ["a\\b=c", ["a\\b", "=", "c"]]
    ] as const
    for (const [argument, [name, separator, value]] of cases) {
      assert.deepStrictEqual(requestItem.split(argument), { name, separator, value })
    }
  })

  it("hold any name, escaped, and any value that does not change the separator", () => {
    check(property(text, text, (name, value) => {
      FastCheck.pre(!name.includes("\\") && !value.includes("\\") && !/^[=@]/.test(value))
      assert.deepStrictEqual(requestItem.split(`${escaped(name)}=${value}`), { name, separator: "=", value })
    }))
  })

  it("are parsed or rejected, and never throw", () => {
    check(property(text, (argument) => {
      const parsed = requestItem.parse([argument])
      if (Either.isLeft(parsed)) assert.strictEqual(parsed.left.outcome, "usage")
    }))
  })

  it("let no line break into a header", () => {
    assert.isTrue(Either.isLeft(requestItem.parse(["A:b\r\nC: d"])))
    assert.isTrue(Either.isLeft(requestItem.parse(["A b:c"])))
  })
})

describe("JSON text", () => {
  it("keeps its value on one line and on many, and stays ASCII on one", () => {
    check(property(FastCheck.json(), (json) => {
      const line = jsonText.oneLine({ json })
      assert.deepStrictEqual(JSON.parse(line), JSON.parse(json))
      assert.match(line, /^[\x00-\x7f]*$/)
      assert.deepStrictEqual(JSON.parse(jsonText.indented({ json })), JSON.parse(json))
      assert.strictEqual(jsonText.indented({ json }), jsonText.indented({ json: jsonText.indented({ json }) }))
    }))
  })

  it("keeps numbers as they are written", () => {
    assert.strictEqual(jsonText.oneLine({ json: "[12345678901234567890,1.50,-0]" }), "[12345678901234567890, 1.50, -0]")
  })

  it("is what the platform takes for JSON", () => {
    check(property(text, (any) => {
      const isJson = (() => {
        try {
          JSON.parse(any)
          return true
        } catch {
          return false
        }
      })()
      assert.strictEqual(Either.isRight(jsonText.read(any)), isJson)
    }))
  })
})

describe("inner keys", () => {
  const made = (...names: ReadonlyArray<string>) =>
    Either.map(
      nestedJson.make(names.map((name, index) => ({ name, value: { json: String(index) } }))),
      (json) => JSON.parse(json) as unknown
    )

  it("build any object of objects and lists", () => {
    const key = FastCheck.stringMatching(/^[a-z]{1,4}$/)
    const tree = FastCheck.letrec((tie) => ({
      node: FastCheck.oneof({ maxDepth: 3 }, FastCheck.integer(), tie("list"), tie("object")),
      list: FastCheck.array(tie("node"), { minLength: 1, maxLength: 3 }),
      object: FastCheck.dictionary(key, tie("node"), { minKeys: 1, maxKeys: 3, noNullPrototype: true })
    }))
    const leaves = (value: unknown, name: string): ReadonlyArray<{ name: string; value: jsonText.JsonText }> =>
      typeof value !== "object" || value === null
        ? [{ name, value: { json: JSON.stringify(value) } }]
        : Array.isArray(value)
        ? value.flatMap((one, index) => leaves(one, `${name}[${index}]`))
        : Object.entries(value).flatMap(([inner, one]) => leaves(one, `${name}[${inner}]`))
    check(property(tree.object, (object) => {
      const entries = Object.entries(object as object).flatMap(([name, one]) => leaves(one, name))
      assert.deepStrictEqual(
        Either.map(nestedJson.make(entries), (json) => JSON.parse(json) as unknown),
        Either.right(object)
      )
    }))
  })

  it("are rejected where they contradict each other, or are no keys", () => {
    for (
      const names of [["a", "a[b]"], ["a[b]", "a[0]"], ["[]", "a"], ["a[b"], ["a]b"], ["a[b]c"], ["a[b[c]]"], [
        "a[b]c[d]"
      ], [
        "a[999999999]"
      ]]
    ) assert.isTrue(Either.isLeft(made(...names)), names.join(" "))
  })

  it("never touch the prototype", () => {
    const found = made("__proto__[polluted]", "constructor[prototype][polluted]")
    assert.isTrue(Either.isRight(found))
    assert.isUndefined(({} as Record<string, unknown>)["polluted"])
  })
})

describe("forms", () => {
  it("are read as they were meant", () => {
    check(property(FastCheck.array(FastCheck.tuple(text, text)), (pairs) => {
      assert.deepStrictEqual([...new URLSearchParams(formText.encode(pairs))], pairs)
    }))
  })

  it("in parts end each part, and hold any content", () => {
    const content = new Uint8Array([0, 13, 10, 255])
    const body = Buffer.from(multipart.encode("B", [
      { _tag: "Field", name: "a\"b", value: "é" },
      { _tag: "File", name: "f", fileName: "x\r\ny", type: undefined, content }
    ]))
    assert.strictEqual(
      body.toString("latin1"),
      Buffer.concat([
        Buffer.from("--B\r\nContent-Disposition: form-data; name=\"a%22b\"\r\n\r\né\r\n"),
        Buffer.from("--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x%0D%0Ay\"\r\n\r\n"),
        content,
        Buffer.from("\r\n--B--\r\n")
      ]).toString("latin1")
    )
  })
})

describe("the URL", () => {
  const api = {
    baseUrl: "https://api.example.com/v1",
    origins: new Set(["https://api.example.com", "https://files.example.com:8443"])
  }

  it("starts at the API, unless it is one itself", () => {
    const cases = [
      ["/items", "", "https://api.example.com/v1/items"],
      ["items?a=1", "b=2", "https://api.example.com/v1/items?a=1&b=2"],
      ["", "", "https://api.example.com/v1"],
      ["https://files.example.com:8443/x", "a=b", "https://files.example.com:8443/x?a=b"],
      ["files.example.com:8443/x", "", "https://files.example.com:8443/x"],
      ["api.example.com", "", "https://api.example.com/"],
      [":8080/x", "", "http://localhost:8080/x"],
      ["/a#b", "c=d", "https://api.example.com/v1/a?c=d"],
      ["/a?", "c=d", "https://api.example.com/v1/a?c=d"],
      ["/%7Ea%2fb", "", "https://api.example.com/v1/~a%2Fb"],
      ["/a b?c d", "", "https://api.example.com/v1/a%20b?c%20d"],
      ["localhost:8080/x", "a=b", "http://localhost:8080/x?a=b"],
      ["127.0.0.1:8080", "", "http://127.0.0.1:8080/"],
      ["[::1]:8080/x", "", "http://[::1]:8080/x"],
      ["other.example.com:8443/x", "", "https://other.example.com:8443/x"],
      ["items:1", "", "https://api.example.com/v1/items:1"],
      ["v1.2/x", "", "https://api.example.com/v1/v1.2/x"],
      [":", "", "http://localhost/"],
      [":?a", "", "http://localhost/?a"]
    ] as const
    for (const [written, query, expected] of cases) {
      assert.deepStrictEqual(targetUrl.make(written, query, api), Either.right(expected), written)
    }
  })

  it("has no credentials and no line breaks in it", () => {
    for (
      const written of [
        "https://user:password@api.example.com/",
        "/a\nb",
        "/a\tb",
        " /a",
        "https://",
        ":8x/",
        "https://api.example.com\\@b/"
      ]
    ) {
      const found = targetUrl.make(written, "", api)
      assert.isTrue(Either.isLeft(found))
      assert.notInclude(Either.isLeft(found) ? found.left.message : "", "password")
    }
  })
})

describe("the message", () => {
  it("has a body from one place only", () => {
    const options = { method: undefined, form: false, multipart: false, raw: new Uint8Array([1]), boundary: "B" }
    const item = { _tag: "Data", name: "a", value: "b" } as const
    assert.isTrue(Either.isLeft(httpMessage.make([item], options)))
    const upload = {
      _tag: "Upload",
      name: "f",
      file: { name: "x", type: undefined, content: new Uint8Array() }
    } as const
    assert.isTrue(Either.isLeft(httpMessage.make([upload], { ...options, raw: undefined })))
  })

  /** Returns an item whose value is a string. */
  const loaded = (item: requestItem.RequestItem): httpMessage.Loaded => {
    if (item._tag === "Upload") throw new Error("an upload")
    return item._tag === "UnsetHeader"
      ? item
      : { ...item, value: item.value._tag === "Text" ? item.value.text : item.value.path }
  }

  it("has the headers that are left after the last one that was unset", () => {
    const options = { method: undefined, form: false, multipart: false, raw: undefined, boundary: "B" }
    const headers = (line: string) =>
      Either.getOrThrow(Either.flatMap(
        requestItem.parse(line.split(" ")),
        (items) => httpMessage.make(items.map(loaded), options)
      )).headers.get("x-a")
    for (
      const [line, expected] of [
        ["X-A:1", "1"],
        ["X-A:1 X-A:2", "1, 2"],
        ["X-A:1 X-A: X-A:3", "3"],
        ["X-A:1 X-A:2 X-A: X-A:3 X-A:4", "3, 4"],
        ["X-A:1 X-A:", undefined],
        ["X-A: X-A;", ""]
      ] as const
    ) assert.strictEqual(headers(line), expected, line)
  })
})
