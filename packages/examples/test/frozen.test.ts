/** A function whose process is frozen between two invocations, as on AWS Lambda. */
import { assert, describe, it } from "@effect/vitest"
import { ApiClient } from "@effect-oauth/client-credentials"
import { OAuthTest, TestAuthorizationServer } from "@effect-oauth/testing"
import { Effect, Fiber, TestClock } from "effect"

const call = Effect.flatMap(ApiClient.ApiClient, (api) => api.get("/items"))

describe("a frozen function", () => {
  it.effect("uses its token after the thaw, refreshes it when it is due, and replaces an expired one", () =>
    Effect.gen(function*() {
      yield* call
      yield* TestClock.adjust("10 hours")
      assert.strictEqual((yield* call).status, 200)
      yield* OAuthTest.expect({ reasons: ["cold"] })
      // More than a day: no call is sent with the expired token.
      yield* TestClock.adjust("40 hours")
      assert.strictEqual((yield* call).status, 200)
      yield* OAuthTest.expect({ reasons: ["cold", "expired"], callsPerToken: [2, 1] })
    }).pipe(Effect.provide(OAuthTest.layer())))

  it.effect("gives up a token request whose response was lost in the freeze, and sends another one for the next call", () =>
    Effect.gen(function*() {
      const { faults } = yield* TestAuthorizationServer.TestAuthorizationServer
      yield* faults.next("hang")
      const calling = yield* Effect.fork(Effect.flip(call))
      yield* TestClock.adjust("1 second")
      yield* TestClock.adjust("1 hour")
      const error = yield* Fiber.join(calling)
      assert.strictEqual(error._tag, "TokenEndpointUnavailable")
      assert.strictEqual((yield* call).status, 200)
    }).pipe(Effect.provide(OAuthTest.layer())))
})
