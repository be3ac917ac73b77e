import { assert, describe, it } from "@effect/vitest"

import * as redirects from "../../src/internal/protocol/redirects.js"

const url = "https://api.example.com/v1/items?page=1#part"

const next = (status: number, location: string | undefined, method = "GET", count = 0, from = url) =>
  redirects.next({ url: from, method }, { status, location }, count)

const followed = (...options: Parameters<typeof next>) => {
  const step = next(...options)
  return step._tag === "Follow" ? step : assert.fail(`${step._tag}`)
}

describe("the method", () => {
  for (
    const [status, method, expected] of [
      [301, "GET", "GET"],
      [301, "POST", "GET"],
      [301, "PUT", "PUT"],
      [301, "HEAD", "HEAD"],
      [302, "POST", "GET"],
      [302, "DELETE", "DELETE"],
      [303, "POST", "GET"],
      [303, "PUT", "GET"],
      [303, "DELETE", "GET"],
      [303, "HEAD", "HEAD"],
      [303, "GET", "GET"],
      [307, "POST", "POST"],
      [307, "PATCH", "PATCH"],
      [308, "POST", "POST"],
      [308, "GET", "GET"]
    ] as const
  ) {
    it(`${status} of ${method} leads to ${expected}, with the body unless the method changed`, () => {
      const step = followed(status, "/v1/other", method)
      assert.deepStrictEqual([step.method, step.keepsBody], [expected, method === expected])
      assert.deepStrictEqual(step.without, [
        "authorization",
        ...(method === expected ? [] : [
          "content-encoding",
          "content-language",
          "content-length",
          "content-location",
          "content-type"
        ])
      ])
    })
  }
})

describe("the URL", () => {
  for (
    const [location, expected, isSameOrigin] of [
      ["/v1/other", "https://api.example.com/v1/other#part", true],
      ["other?a=b", "https://api.example.com/v1/other?a=b#part", true],
      ["?page=2", "https://api.example.com/v1/items?page=2#part", true],
      ["#end", "https://api.example.com/v1/items?page=1#end", true],
      ["//files.example.com/1", "https://files.example.com/1#part", false],
      ["https://files.example.com/1#x", "https://files.example.com/1#x", false],
      ["https://api.example.com:8443/", "https://api.example.com:8443/#part", false],
      ["http://127.0.0.1:8080/", "http://127.0.0.1:8080/#part", false]
    ] as const
  ) {
    it(`of ${location} is ${expected}`, () => {
      const step = followed(302, location)
      assert.strictEqual(step.url, expected)
      assert.deepStrictEqual(
        step.without,
        isSameOrigin ? ["authorization"] : ["authorization", "cookie", "proxy-authorization"]
      )
    })
  }

  for (
    const [location, problem] of [
      ["https://", "an invalid URL"],
      ["http://api.example.com/v1", "http:"],
      ["ftp://api.example.com/", "ftp:"],
      ["data:text/plain,1", "data:"],
      ["javascript:alert(1)", "javascript:"],
      ["https://user:password@api.example.com/", "a user name or a password"],
      ["https://user@api.example.com/", "a user name or a password"],
      ["https://:password@api.example.com/", "a user name or a password"]
    ] as const
  ) {
    it(`of ${location} is not followed`, () => {
      const step = next(302, location)
      assert.strictEqual(step._tag, "Problem")
      assert.include(step._tag === "Problem" ? step.problem : "", problem)
      assert.notInclude(JSON.stringify(step), "password@")
    })
  }

  it("of a server without TLS may also be without TLS", () => {
    assert.strictEqual(followed(302, "http://b.test/", "GET", 0, "http://a.test/").url, "http://b.test/")
    assert.strictEqual(next(302, "ftp://b.test/", "GET", 0, "http://a.test/")._tag, "Problem")
  })
})

it("a response without a location, or with a status that is not a redirect, is the last one", () => {
  for (const status of [200, 201, 300, 304, 305, 306, 399, 400]) {
    assert.deepStrictEqual(next(status, "/v1/other"), { _tag: "Last" })
  }
  assert.deepStrictEqual(next(302, undefined), { _tag: "Last" })
})

it("at most twenty redirects are followed", () => {
  assert.strictEqual(next(302, "/", "GET", 19)._tag, "Follow")
  assert.deepStrictEqual(next(302, "/", "GET", 20), {
    _tag: "Problem",
    problem: "it is a redirect after 20 others"
  })
})
