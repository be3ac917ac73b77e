import { assert, describe, it } from "@effect/vitest"

import * as urls from "../../src/internal/protocol/urls.js"

const baseUrl = "https://api.example.com/v1/"

const rules = (options: Partial<urls.Destinations> = {}) =>
  urls.rules({ baseUrl: "https://api.example.com/v1", origins: new Set(["https://api.example.com"]), ...options })

const located = (written: string, options?: Partial<urls.Destinations>) => {
  const found = rules(options).locate(written)
  return found._tag === "Allowed" ? found.url.href : found
}

describe("locate", () => {
  for (
    const [written, expected] of [
      ["/items", "https://api.example.com/v1/items"],
      ["items", "https://api.example.com/v1/items"],
      ["", "https://api.example.com/v1"],
      ["?page=2", "https://api.example.com/v1?page=2"],
      ["#top", "https://api.example.com/v1#top"],
      ["https://api.example.com/v1/x", "https://api.example.com/v1/x"],
      ["HTTPS://api.example.com/v1", "https://api.example.com/v1"]
    ] as const
  ) {
    it(`returns ${expected} for ${JSON.stringify(written)}`, () => assert.strictEqual(located(written), expected))
  }

  for (
    const [written, origin] of [
      ["https://evil.example/v1", "https://evil.example"],
      ["http://api.example.com/v1", "http://api.example.com"],
      ["https://", "an invalid URL"],
      ["blob:https://api.example.com/1", "a URL with blob:"],
      ["a+b-c.1:x", "a URL with a+b-c.1:"]
    ] as const
  ) {
    it(`rejects the origin of ${written}`, () =>
      assert.deepStrictEqual(located(written), { _tag: "OriginNotAllowed", origin }))
  }

  for (const userInfo of ["u", "u:p", ":p"]) {
    it(`rejects the user information ${userInfo}, before the path`, () =>
      assert.deepStrictEqual(
        located(`https://${userInfo}@api.example.com/v2`),
        { _tag: "UserInfo", bare: "https://api.example.com/v2" }
      ))
  }

  it("rejects a path outside the base path, cut to 200 characters", () => {
    assert.deepStrictEqual(located("https://api.example.com/v2"), { _tag: "PathNotAllowed", path: "/v2" })
    assert.deepStrictEqual(
      located(`https://api.example.com/${"x".repeat(300)}`),
      { _tag: "PathNotAllowed", path: `/${"x".repeat(199)}` }
    )
    assert.deepStrictEqual(located("https://api.example.com/v10"), { _tag: "PathNotAllowed", path: "/v10" })
  })

  it("allows every path of another allowed origin, and of the own one by allowOutsideBasePath or without a base path", () => {
    const origins = new Set(["https://api.example.com", "https://files.example.com"])
    assert.strictEqual(located("https://files.example.com/a", { origins }), "https://files.example.com/a")
    assert.strictEqual(
      located("https://api.example.com/v2", { allowOutsideBasePath: true }),
      "https://api.example.com/v2"
    )
    assert.strictEqual(
      located("https://api.example.com/v2", { baseUrl: "https://api.example.com" }),
      "https://api.example.com/v2"
    )
  })
})

describe("below the base path", () => {
  const isAllowed = (path: string) => rules({ baseUrl }).isAllowed(new URL(`https://api.example.com${path}`))
  for (
    const path of ["/v1", "/v1/", "/v1/a/b", "/v1/a/%2e%2e/b", "/v1/a%2fb", "/v1/a/..%2f", "/v1/100%25", "/v1/%zz"]
  ) {
    it(`allows ${path}`, () => assert.isTrue(isAllowed(path)))
  }
  for (
    const path of [
      "/",
      "/v2",
      "/v1x",
      "/v1/..%2fv2",
      "/v1/..%5cv2",
      "/v1/%252e%252e/v2",
      "/v1/..;x/v2",
      "/v1/%20../v2",
      "/v1/a/%2e%2e%2f%2e%2e%2fv2",
      "/v1/%c0%ae%c0%ae/v2",
      "/v1/..%c0%afv2",
      "/v1/%u002e%u002e/v2",
      "/v1/%EF%BC%8E%EF%BC%8E/v2",
      "/v1//..%2f..%2fv2",
      `/v1/%${"25".repeat(9)}2e`
    ]
  ) {
    it(`does not allow ${path}`, () => assert.isFalse(isAllowed(path)))
  }
})

describe("violated", () => {
  it("names the path of an allowed origin", () =>
    assert.deepStrictEqual(rules().violated("https://api.example.com/v2"), { _tag: "PathNotAllowed", path: "/v2" }))
  it("names another origin", () =>
    assert.deepStrictEqual(
      rules().violated("https://evil.example/x"),
      { _tag: "OriginNotAllowed", origin: "https://evil.example" }
    ))
  it("passes on what is not a URL", () =>
    assert.deepStrictEqual(
      rules().violated("an invalid URL"),
      { _tag: "OriginNotAllowed", origin: "an invalid URL" }
    ))
})

it("shown leaves out user information, query and fragment", () =>
  assert.strictEqual(urls.shown("https://u:p@a.example/b/c?d#e"), "https://a.example/b/c"))
