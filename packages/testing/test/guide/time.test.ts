import { assert, it } from "@effect/vitest"
import { ApiClient } from "@effect-oauth/client-credentials"
import { Fault, OAuthTest, TestAuthorizationServer } from "@effect-oauth/testing"
import { Effect, Fiber, TestClock } from "effect"

const call = Effect.flatMap(ApiClient.ApiClient, (api) => api.get("/items"))

it.effect("a token is refreshed before it expires, while calls continue", () =>
  Effect.gen(function*() {
    yield* call
    yield* TestClock.adjust("1438 minutes")
    yield* call
    yield* TestClock.adjust("1 minute")
    yield* call
    yield* OAuthTest.expect({ reasons: ["cold", "renewal"], callsPerToken: [2, 1] })
  }).pipe(Effect.provide(OAuthTest.layer())))

it.effect("calls succeed in an outage of the issuer while the token is valid", () =>
  Effect.gen(function*() {
    const { faults } = yield* TestAuthorizationServer.TestAuthorizationServer
    yield* call
    yield* faults.rule(() => Fault.unavailable())
    yield* TestClock.adjust("1439 minutes")
    assert.strictEqual((yield* call).status, 200)
  }).pipe(Effect.provide(OAuthTest.layer())))

it.effect("a token request to an issuer that hangs times out, by the clock of the test", () =>
  Effect.gen(function*() {
    const { faults } = yield* TestAuthorizationServer.TestAuthorizationServer
    yield* faults.next("hang")
    const calling = yield* Effect.fork(Effect.flip(call))
    yield* TestClock.adjust("5 seconds")
    const error = yield* Fiber.join(calling)
    assert.strictEqual(error._tag, "TokenEndpointUnavailable")
  }).pipe(Effect.provide(OAuthTest.layer({
    client: { tokenEndpoint: { timeout: "5 seconds" }, tokenCache: { retryTimeout: 0 } }
  }))))

it.effect("the daily limit of tokens is reached", () =>
  Effect.gen(function*() {
    const server = yield* TestAuthorizationServer.TestAuthorizationServer
    yield* call
    yield* server.revoke()
    const error = yield* Effect.flip(call)
    assert(error._tag === "TokenErrorResponse")
    assert.strictEqual(error.status, 429)
    yield* TestClock.adjust("24 hours")
    assert.strictEqual((yield* call).status, 200)
  }).pipe(Effect.provide(OAuthTest.layer({ server: { dailyLimit: 1 } }))))
