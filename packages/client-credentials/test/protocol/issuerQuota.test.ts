import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"

import { labelOf, merge, organizationOf, parse, type Quota, usedPart } from "../../src/internal/protocol/issuerQuota.js"

const now = 1_000_000
const client = "auth0-client-quota-limit"
const organization = "auth0-organization-quota-limit"

describe("the quotas of a response", () => {
  it("are the buckets of both headers", () => {
    const headers = {
      [client]: "b=per_hour;q=10;r=7;t=3540,b=per_day;q=50;r=47;t=43200",
      [organization]: "b=x;q=2;r=1;t=0"
    }
    assert.deepStrictEqual(parse(headers, now), [
      { name: `${client} per_hour`, counts: "client", limit: 10, remaining: 7, resetsAt: now + 3_540_000 },
      { name: `${client} per_day`, counts: "client", limit: 50, remaining: 47, resetsAt: now + 43_200_000 },
      { name: `${organization} x`, counts: "organization", limit: 2, remaining: 1, resetsAt: now }
    ])
  })

  it("have names in any letter case, with white space, or none", () => {
    assert.deepStrictEqual(parse({ [client]: " Q = 10 ; R=7; t= 5 " }, now), [
      { name: `${client} `, counts: "client", limit: 10, remaining: 7, resetsAt: now + 5000 }
    ])
  })

  for (
    const bucket of [
      "",
      "q=10;r=7",
      "q=10;t=7",
      "r=10;t=7",
      "q=-1;r=1;t=1",
      "q=1.5;r=1;t=1",
      "q=1234567890;r=1;t=1",
      "q=1x;r=1;t=1",
      "q=1=1;r=1;t=1",
      "q1;r=1;t=1"
    ]
  ) {
    it(`are not read from "${bucket}"`, () => assert.deepStrictEqual(parse({ [client]: bucket }, now), []))
  }

  it("are limited in number, name and time", () => {
    const many = Array.from({ length: 12 }, (_, at) => `b=${at};q=1;r=1;t=1`).join(",")
    assert.strictEqual(parse({ [client]: many }, now).length, 10)
    const [long] = parse({ [client]: `b=${"n".repeat(50)};q=1;r=1;t=999999999` }, now)
    assert.strictEqual(long?.name, `${client} ${"n".repeat(40)}`)
    assert.strictEqual(long?.resetsAt, now + 31 * 86_400_000)
    assert.deepStrictEqual(parse({ [client]: `b=${"n".repeat(1000)};q=1;r=1;t=1` }, now), [])
    assert.deepStrictEqual(parse({}, now), [])
  })

  it("have whole numbers, whatever a header contains", () => {
    fc.assert(fc.property(fc.string(), (text) => {
      for (const { limit, remaining, resetsAt } of parse({ [client]: text }, 0)) {
        for (const value of [limit, remaining, resetsAt]) assert.isTrue(Number.isInteger(value) && value >= 0)
      }
    }))
  })

  it("of a later response replace those of the same name", () => {
    const quota = (name: string, remaining: number): Quota => ({
      name,
      counts: "client",
      limit: 9,
      remaining,
      resetsAt: 0
    })
    assert.deepStrictEqual(merge([quota("a", 1), quota("b", 2)], [quota("b", 3)]), [quota("a", 1), quota("b", 3)])
    assert.deepStrictEqual(merge([quota("a", 1)], [quota("a", 2), quota("b", 3)]), [quota("a", 2), quota("b", 3)])
  })
})

it("the organization is a parameter of the request", () => {
  assert.strictEqual(organizationOf({ parameters: "a=b&organization=north" }), "north")
  assert.strictEqual(organizationOf({ parameters: "a=b" }), "")
})

describe("the used part of a quota", () => {
  const quota = (limit: number, remaining: number): Quota => ({
    name: "auth0-client-quota-limit per_day",
    counts: "client",
    limit,
    remaining,
    resetsAt: 0
  })
  for (
    const [limit, remaining, expected] of [
      [50, 11, undefined],
      [50, 10, "most"],
      [50, 1, "most"],
      [50, 0, "all"],
      [1, 1, undefined],
      [1, 0, "all"],
      [0, 0, undefined],
      [10, 20, undefined]
    ] as const
  ) {
    it(`${remaining} of ${limit} left: ${expected}`, () =>
      assert.strictEqual(usedPart(quota(limit, remaining)), expected))
  }

  it("is named by its owner and by its bucket", () => {
    assert.strictEqual(labelOf(quota(1, 1)), "client per_day")
    assert.strictEqual(
      labelOf({ ...quota(1, 1), name: "retry-after", counts: "organization" }),
      "organization retry-after"
    )
  })
})
