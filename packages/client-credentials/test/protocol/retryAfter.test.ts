import { assert, describe, it } from "@effect/vitest"

import { httpDate, obeyed, retryAfter, serverTime } from "../../src/internal/protocol/retryAfter.js"

const at = Date.parse("2026-11-25T18:00:00Z")
const http = (millis: number) => new Date(millis).toUTCString()

describe("Retry-After", () => {
  it("is measured against the Date of the same response, whatever the local clock shows", () => {
    const headers = { "retry-after": http(at + 60_000), date: http(at) }
    for (const now of [0, at - 86_400_000, at, at + 3_600_000]) assert.strictEqual(retryAfter(headers, now), 60_000)
  })

  it("is measured against the local clock when the response has no readable Date", () => {
    for (const date of [undefined, "", "soon", "2026"]) {
      assert.strictEqual(retryAfter({ "retry-after": http(at + 60_000), date }, at + 20_000), 40_000)
    }
  })

  it("is shorter by the time that the response spent in caches", () => {
    const headers = { "retry-after": http(at + 60_000), date: http(at) }
    assert.strictEqual(retryAfter({ ...headers, age: "20" }, 0), 40_000)
    assert.strictEqual(retryAfter({ ...headers, age: "600" }, 0), 0)
    for (const age of ["", "-5", "1.5", "soon"]) assert.strictEqual(retryAfter({ ...headers, age }, 0), 60_000)
  })

  for (
    const [text, expected] of [
      [undefined, undefined],
      ["", undefined],
      ["17", 17_000],
      [" 0 ", 0],
      ["-1", undefined],
      ["1.5", undefined],
      ["17s", undefined],
      ["s17", undefined],
      ["soon", undefined],
      [` ${http(at + 20_000)} `, 20_000],
      [http(at - 1000), 0]
    ] as const
  ) {
    it(`is ${expected} ms: ${text}`, () => assert.strictEqual(retryAfter({ "retry-after": text }, at), expected))
  }

  it("is a day at most, and limited to an hour unless more is allowed", () => {
    assert.strictEqual(retryAfter({ "retry-after": "999999" }, at), 86_400_000)
    assert.strictEqual(retryAfter({ "retry-after": http(at), date: http(0) }, at), 86_400_000)
    assert.strictEqual(obeyed(86_400_000), 3_600_000)
    assert.strictEqual(obeyed(86_400_000, 7_200_000), 7_200_000)
    assert.strictEqual(obeyed(undefined), 0)
  })

  it("may be a date in each of the three forms of HTTP", () => {
    const moment = Date.parse("1994-11-06T08:49:37Z")
    assert.strictEqual(httpDate("Sun, 06 Nov 1994 08:49:37 GMT"), moment)
    assert.strictEqual(httpDate("Sunday, 06-Nov-94 08:49:37 GMT"), moment)
    assert.strictEqual(httpDate("Sun Nov  6 08:49:37 1994"), moment)
    assert.strictEqual(httpDate(" Sun, 06 Nov 1994 08:49:37 GMT\t"), moment)
    for (const zone of [" UTC", "Z", " z", " +0000", " -0000"]) {
      assert.strictEqual(httpDate(`Sun, 06 Nov 1994 08:49:37${zone}`), moment)
    }
    assert.strictEqual(httpDate("Sun, 06 Nov 1994 10:49:37 +0200"), moment)
    assert.strictEqual(httpDate("Sun, 06 Nov 1994 03:49:37 -0500"), moment)
    const others = [
      "17",
      "Sun",
      "soon and later",
      "(a) Sun, 06 Nov 1994 08:49:37 GMT",
      "1 Nov 1994",
      "x".repeat(100_000)
    ]
    for (const text of [undefined, "", ...others]) {
      assert.isUndefined(httpDate(text))
    }
  })

  it("reveals the server's clock", () => {
    assert.strictEqual(serverTime({ date: http(at), age: "5" }), at + 5000)
    assert.isUndefined(serverTime({}))
  })
})
