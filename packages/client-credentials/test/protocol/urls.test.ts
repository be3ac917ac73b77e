import { assert, describe, it } from "@effect/vitest"

import * as urls from "../../src/internal/protocol/urls.js"

const baseUrl = "https://api.example.com/v1/"

const rules = (options: Partial<urls.Destinations> = {}) =>
  new urls.Rules({ baseUrl: "https://api.example.com/v1", origins: new Set(["https://api.example.com"]), ...options })

const located = (written: string, options?: Partial<urls.Destinations>) => {
  const found = rules(options).locate(written)
  return found._tag === "Allowed" ? found.href : found
}

describe("locate", () => {
  for (
    const [written, expected] of [
      ["/items", "https://api.example.com/v1/items"],
      ["items", "https://api.example.com/v1/items"],
      ["items/1?a#b", "https://api.example.com/v1/items/1?a"],
      ["items?next=https://a.example", "https://api.example.com/v1/items?next=https://a.example"],
      ["", "https://api.example.com/v1"],
      ["?page=2", "https://api.example.com/v1?page=2"],
      ["#top", "https://api.example.com/v1"],
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

  it("allows every path of another allowed origin, and of the API's origin by allowOutsideBasePath or without a base path", () => {
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
    const path of [
      "/v1",
      "/v1/",
      "/v1/a/b",
      "/v1/a/%2e%2e/b",
      "/v1/a%2fb",
      "/v1/a/..%2f",
      "/v1/100%25",
      "/v1/%zz",
      `/v1/%${"25".repeat(7)}`
    ]
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
      "/v1/..;xy/v2",
      "/v1/.;x/..%2fv2",
      "/v1/%2e%2e%2f%ff",
      "/v1/%2e%2e%2f%ff%c0%ae%FF",
      `/v1/%${"25".repeat(8)}`,
      `/v1/%${"25".repeat(9)}2e`
    ]
  ) {
    it(`does not allow ${path}`, () => assert.isFalse(isAllowed(path)))
  }
})

it("without a base path, every path of the origin is allowed", () => {
  const open = rules({ baseUrl: "https://api.example.com//" })
  for (const path of ["/", "/a", "/..%2f..%2fb", `/%${"25".repeat(9)}`]) {
    assert.isTrue(open.isAllowed(new URL(path, "https://api.example.com")))
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
  it("returns the problem of a value that is not a URL", () =>
    assert.deepStrictEqual(
      rules().violated("an invalid URL"),
      { _tag: "OriginNotAllowed", origin: "an invalid URL" }
    ))
})

it("shown omits user information, query and fragment", () =>
  assert.strictEqual(urls.shown("https://u:p@a.example/b/c?d#e"), "https://a.example/b/c"))

describe("a URL that receives credentials or tokens", () => {
  for (
    const [written, expected] of [
      ["https://a.example", "https://a.example/"],
      ["HTTPS://A.example:443/b?c=d", "https://a.example/b?c=d"],
      [new URL("https://a.example/b"), "https://a.example/b"],
      ["https://127.0.0.1/", "https://127.0.0.1/"],
      ["http://a.example/", undefined],
      ["http://localhost/", undefined],
      ["ftp://a.example/", undefined],
      ["https://*.example.com", undefined],
      ["https://u@a.example", undefined],
      ["https://:p@a.example", undefined],
      ["https://u:p@a.example", undefined],
      ["https://a.example/#b", undefined],
      ["https://a.example/#", undefined],
      ["https://a.example/ b", undefined],
      ["https://a.example/\tb", undefined],
      ["https://a.example\\b", undefined],
      ["https://a.example/\u007f", undefined],
      ["/a", undefined],
      ["", undefined],
      [undefined, undefined],
      [["https://a.example"], undefined],
      ...["client_secret", "client_assertion", "access_token", "password"].map((name) =>
        [`https://a.example/?b=c&${name}=d`, undefined] as const
      )
    ] as ReadonlyArray<readonly [unknown, string | undefined]>
  ) {
    it(`is ${expected ?? "not"} ${String(written)}`, () => {
      assert.strictEqual(urls.secureUrl(written, false)?.href, expected)
      if (expected !== undefined) assert.strictEqual(urls.secureUrl(written, true)?.href, expected)
    })
  }

  for (
    const [host, expected] of [
      ["localhost", true],
      ["[::1]", true],
      ["127.0.0.1", true],
      ["127.123.45.255", true],
      ["localhost.example", false],
      ["[::2]", false],
      ["[::]", false],
      ["0.0.0.0", false],
      ["10.0.0.1", false],
      ["169.254.169.254", false],
      ["128.0.0.1", false],
      ["1.127.0.0", false],
      ["127.0.0.1.example", false],
      ["a127.0.0.1.example", false],
      ["x.127.0.0.1x", false]
    ] as const
  ) {
    it(`may be without TLS ${expected ? "at" : "nowhere else, as"} ${host}, where that is allowed`, () => {
      assert.strictEqual(urls.isLoopback(new URL(`https://${host}`)), expected)
      assert.strictEqual(urls.secureUrl(`http://${host}/`, true) !== undefined, expected)
      assert.isUndefined(urls.secureUrl(`http://${host}/`, false))
      assert.isUndefined(urls.secureUrl(`ftp://${host}/`, true))
    })
  }
})
