import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"

import * as issuerQuota from "../../src/internal/protocol/issuerQuota.js"

const day = 86_400_000

describe("announced quotas", () => {
  it("reads the issuer's headers, whatever is in them", () => {
    const header = "b=per_hour;q=10;r=7;t=3540,b=per_day;q=50;r=47;t=43200"
    assert.deepStrictEqual(issuerQuota.parse({ "auth0-client-quota-limit": header }, 1000), [
      { name: "auth0-client-quota-limit per_hour", counts: "client", limit: 10, remaining: 7, resetsAt: 3_541_000 },
      { name: "auth0-client-quota-limit per_day", counts: "client", limit: 50, remaining: 47, resetsAt: 43_201_000 }
    ])
    const organization = issuerQuota.parse({
      "auth0-organization-quota-limit": " B = x ; q=1;r=0;t=5 , b=y;q=1;r=-1;t=5"
    }, 0)
    assert.deepStrictEqual(organization, [
      { name: "auth0-organization-quota-limit x", counts: "organization", limit: 1, remaining: 0, resetsAt: 5000 }
    ])
    assert.deepStrictEqual(issuerQuota.parse({ "auth0-client-quota-limit": "b=x;q=1;r=0;t=999999999" }, 0), [
      { name: "auth0-client-quota-limit x", counts: "client", limit: 1, remaining: 0, resetsAt: 31 * day }
    ])
    fc.assert(fc.property(fc.string(), (text) => {
      for (const { limit, remaining, resetsAt } of issuerQuota.parse({ "auth0-client-quota-limit": text }, 0)) {
        for (const value of [limit, remaining, resetsAt]) assert.isTrue(Number.isInteger(value) && value >= 0)
      }
    }))
  })

  it("are those of the last response, by their names", () => {
    const quotas = (header: string) => issuerQuota.parse({ "auth0-client-quota-limit": header }, 0)
    const merged = issuerQuota.merge(quotas("b=x;q=9;r=5;t=1,b=y;q=9;r=5;t=1"), quotas("b=y;q=9;r=4;t=1"))
    assert.deepStrictEqual(merged.map(({ remaining }) => remaining), [5, 4])
  })

  it("are counted for the organization that the request names", () => {
    assert.strictEqual(issuerQuota.organizationOf({ parameters: "a=b&organization=north" }), "north")
    assert.strictEqual(issuerQuota.organizationOf({ parameters: "" }), "")
  })
})
