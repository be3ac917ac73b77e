import { ApiClient } from "@effect-oauth/client-credentials"
import { OAuthTest, TestAuthorizationServer } from "@effect-oauth/testing"
import { Effect } from "effect"
import { expect, test } from "vitest"

const call = Effect.flatMap(ApiClient.ApiClient, (api) => Effect.map(api.get("/items"), ({ status }) => status))

// Any runner that supports promises.
test("calls succeed after a revocation", () =>
  Effect.runPromise(
    Effect.gen(function*() {
      const server = yield* TestAuthorizationServer.TestAuthorizationServer
      expect(yield* call).toBe(200)
      yield* server.revoke()
      expect(yield* call).toBe(200)
      yield* OAuthTest.expect({ tokensIssued: 2 })
    }).pipe(Effect.provide(OAuthTest.layer()))
  ))
