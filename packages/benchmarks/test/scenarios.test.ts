import { assert, describe, it } from "vitest"

import { byName, ours, peers } from "../src/contenders.js"
import { cold, days, outages, play, scenarios, staggered401 } from "../src/measures/scenarios.js"

const scenario = (name: string) => scenarios.find((one) => one.name === name) ?? assert.fail()

describe("what the counts are is known", () => {
  it("cold: one request for all who share it, one for each where nobody does", async () => {
    assert.deepInclude(await play(cold(7), byName(ours)), { calls: 7, tokenRequests: 1, failed: 0 })
    assert.deepInclude(await play(cold(7), byName("@badgateway/oauth2-client")), { tokenRequests: 1, failed: 0 })
    assert.deepInclude(await play(cold(7), byName("oauth4webapi")), { calls: 7, tokenRequests: 7, failed: 0 })
  })

  it("staggered 401s: one request, one for every second refusal, or none and every caller fails", async () => {
    assert.deepInclude(await play(staggered401(6), byName(ours)), { calls: 6, tokenRequests: 1, failed: 0 })
    // It asks for 15 ms, and the refusals are 10 ms apart.
    assert.deepInclude(await play(staggered401(6), byName("@badgateway/oauth2-client")), {
      tokenRequests: 3,
      failed: 0
    })
    assert.deepInclude(await play(staggered401(6), byName("openid-client")), { tokenRequests: 0, failed: 6 })
  })

  it("days: one token each day", async () => {
    for (const name of [ours, "simple-oauth2"]) {
      assert.deepInclude(await play(days(2), byName(name)), { calls: 577, tokenRequests: 3, failed: 0 })
    }
  })

  it("outage: who keeps the token to its end and asks for each call fails for the 30 seconds after it", async () => {
    assert.deepInclude(await play(scenario("outage"), byName("axios-token-interceptor")), {
      tokenRequests: 301,
      failed: 300,
      failedDespiteToken: 0
    })
  })

  it("outage-early: who does not use a token in its last 5 minutes fails although it is valid", async () => {
    const outcome = await play(scenario("outage-early"), byName("google-auth-library"))
    assert.deepInclude(outcome, { tokenRequests: 501, failed: 500, failedDespiteToken: 500 })
  })

  it.each(outages)("$name: nobody fails here while there is a valid token", async (outage) => {
    const { calls, failedDespiteToken } = await play(outage, byName(ours))
    assert.isAbove(calls, 100)
    assert.strictEqual(failedDespiteToken, 0)
  })

  it.each(peers)("$name gets an answer for every caller, twice the same", async (contender) => {
    const first = await play(cold(5), contender)
    assert.strictEqual(first.calls, 5)
    assert.deepStrictEqual(await play(cold(5), contender), first)
  })
})

it("the clocks of the process are its own again", async () => {
  await play(cold(1), byName(ours))
  assert.isBelow(new Date().getUTCFullYear(), 2200)
  assert.notStrictEqual(new Date().toISOString().slice(0, 16), "2030-01-01T00:00")
})
