import { assert, it } from "@effect/vitest"
import { ApiClient } from "@effect-oauth/client-credentials"
import { OAuthTest, TestApi } from "@effect-oauth/testing"
import { Effect, TestClock } from "effect"

const call = Effect.flatMap(ApiClient.ApiClient, (api) => Effect.map(api.get("/items"), ({ status }) => status))

it.effect("an API that rejects every token costs two tokens, and one more after a minute", () =>
  Effect.gen(function*() {
    const { reject } = yield* TestApi.TestApi
    yield* reject(() => true)
    assert.strictEqual(yield* call, 401)
    assert.strictEqual(yield* call, 401)
    yield* OAuthTest.expect({ tokensIssued: 2 })
    yield* TestClock.adjust("1 minute")
    assert.strictEqual(yield* call, 401)
    yield* OAuthTest.expect({ tokensIssued: 3 })
  }).pipe(Effect.provide(OAuthTest.layer())))
