import { assert, describe, it } from "vitest"

import { byName, ours, peers } from "../src/contenders.js"
import {
  cold,
  days,
  outages,
  play,
  refreshUnderLoad,
  rejected,
  scenarios,
  staggered401
} from "../src/measures/scenarios.js"

const scenario = (name: string) => scenarios.find((one) => one.name === name) ?? assert.fail()

describe("known counts", () => {
  it("cold: one request with a shared promise, otherwise one for each caller", async () => {
    assert.deepInclude(await play(cold(7), byName(ours)), { calls: 7, tokenRequests: 1, failed: 0 })
    assert.deepInclude(await play(cold(7), byName("@badgateway/oauth2-client")), { tokenRequests: 1, failed: 0 })
    assert.deepInclude(await play(cold(7), byName("oauth4webapi")), { calls: 7, tokenRequests: 7, failed: 0 })
  })

  it("staggered 401s: one request, one for every second rejection, or none and every caller fails", async () => {
    assert.deepInclude(await play(staggered401(6), byName(ours)), { calls: 6, tokenRequests: 1, failed: 0 })
    // Its token request takes 15 ms, and the rejections are 10 ms apart.
    assert.deepInclude(await play(staggered401(6), byName("@badgateway/oauth2-client")), {
      tokenRequests: 3,
      failed: 0
    })
    assert.deepInclude(await play(staggered401(6), byName("openid-client")), { tokenRequests: 0, failed: 6 })
  })

  it("a rejected token: one request for all callers, one for each, or none and every caller fails", async () => {
    assert.deepInclude(await play(rejected(40), byName(ours)), { calls: 40, tokenRequests: 1, failed: 0 })
    assert.deepInclude(await play(rejected(40), byName("google-auth-library")), { tokenRequests: 40, failed: 0 })
    assert.deepInclude(await play(rejected(40), byName("oauth4webapi")), { tokenRequests: 0, failed: 40 })
  })

  it.each([[ours, 0], ["@badgateway/oauth2-client", 200]])(
    "a refresh under load: with %s, calls wait for up to %d ms",
    async (name, longest) => {
      const { failed, tokenRequests, waits } = await play(refreshUnderLoad, byName(name))
      assert.strictEqual(tokenRequests, 1)
      assert.strictEqual(failed, 0)
      assert.strictEqual(waits.length, 2000)
      assert.strictEqual(Math.max(...waits), longest)
    }
  )

  it("days: one token each day", async () => {
    for (const name of [ours, "simple-oauth2"]) {
      assert.deepInclude(await play(days(2), byName(name)), { calls: 577, tokenRequests: 3, failed: 0 })
    }
  })

  it("outage: a client that uses the token until it expires and then requests one for each call fails for 30 seconds", async () => {
    assert.deepInclude(await play(scenario("outage"), byName("axios-token-interceptor")), {
      tokenRequests: 301,
      failed: 300,
      failedDespiteToken: 0
    })
  })

  it("outage-early: a client that does not use a token in its last 5 minutes fails although it is valid", async () => {
    const outcome = await play(scenario("outage-early"), byName("google-auth-library"))
    assert.deepInclude(outcome, { tokenRequests: 501, failed: 500, failedDespiteToken: 500 })
  })

  it.each(outages)("$name: no caller fails while a token is valid", async (outage) => {
    const { calls, failedDespiteToken } = await play(outage, byName(ours))
    assert.isAbove(calls, 100)
    assert.strictEqual(failedDespiteToken, 0)
  })

  it.each(peers)("$name responds to every caller, with the same counts in two runs", async (contender) => {
    const first = await play(cold(5), contender)
    assert.strictEqual(first.calls, 5)
    assert.deepStrictEqual(await play(cold(5), contender), first)
  })
})

it("the clocks of the process are restored", async () => {
  await play(cold(1), byName(ours))
  assert.isBelow(new Date().getUTCFullYear(), 2200)
  assert.notStrictEqual(new Date().toISOString().slice(0, 16), "2030-01-01T00:00")
})
