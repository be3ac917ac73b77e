import { assert, describe, it } from "@effect/vitest"
import { OAuthError } from "@effect-oauth/client-credentials"
import { Duration } from "effect"

import * as tokenErrors from "../../src/internal/models/tokenErrors.js"

const endpoint = "https://auth.example.com/oauth/token"

const unavailable = new OAuthError.TokenEndpointUnavailable({ endpoint, reason: "status", detail: "503" })
const rejected = new OAuthError.TokenErrorResponse({ endpoint, status: 429, error: "slow_down" })
const invalid = new OAuthError.InvalidTokenResponse({ endpoint, status: 200, problem: "without a token" })
const ofProcess = [
  new OAuthError.CredentialUnavailable({ credential: "client secret", problem: "ENOENT" }),
  new OAuthError.DiscoveryFailed({ issuer: "https://auth.example.com", problem: "status 404", retryable: false }),
  new OAuthError.TokenStoreError({ operation: "load", problem: "ECONNREFUSED" }),
  new OAuthError.ClientClosed()
]

describe("the pause that an error states", () => {
  it("is the time until the next request in milliseconds, rounded up, and at least one", () => {
    for (const error of [unavailable, rejected]) {
      for (const [millis, expected] of [[1500, 1500], [1500.2, 1501], [0.4, 1], [0, 1], [-5, 1]] as const) {
        const changed = tokenErrors.withRetryAfter(error, millis)
        assert.strictEqual(tokenErrors.retryAfterOf(changed), expected)
        assert.deepStrictEqual({ ...changed, retryAfter: undefined }, { ...error, retryAfter: undefined })
      }
    }
  })

  it("is stated by errors of the server alone", () => {
    for (const error of [invalid, ...ofProcess]) {
      assert.strictEqual(tokenErrors.withRetryAfter(error, 1000), error)
      assert.isUndefined(tokenErrors.retryAfterOf(error))
    }
    const exhausted = new OAuthError.IssuanceBudgetExhausted({
      limit: 50,
      by: "budget",
      resetsAt: 5000,
      retryAfter: Duration.seconds(5),
      reserved: false
    })
    assert.strictEqual(tokenErrors.withRetryAfter(exhausted, 1000), exhausted)
    assert.strictEqual(tokenErrors.retryAfterOf(exhausted), 5000)
  })
})

describe("the quotas that an error states", () => {
  const quota = { name: "per_day", counts: "client", limit: 50, remaining: 0, resetsAt: 1000 } as const

  it("are those of the responses that led to it", () => {
    for (const error of [unavailable, rejected, invalid]) {
      assert.isTrue(tokenErrors.isOfServer(error))
      assert.deepStrictEqual(tokenErrors.quotasOf(error), [])
      assert.strictEqual(tokenErrors.withQuotas(error, []), error)
      assert.deepStrictEqual(tokenErrors.quotasOf(tokenErrors.withQuotas(error, [quota])), [quota])
    }
  })

  it("are none for errors of the process", () => {
    for (const error of ofProcess) {
      assert.isFalse(tokenErrors.isOfServer(error))
      assert.strictEqual(tokenErrors.withQuotas(error, [quota]), error)
      assert.deepStrictEqual(tokenErrors.quotasOf(error), [])
    }
  })
})
