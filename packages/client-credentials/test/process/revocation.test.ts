import { assert, describe, it } from "@effect/vitest"
import { AccessToken, OAuthError } from "@effect-oauth/client-credentials"
import { Effect, Fiber, Logger, Redacted, TestClock } from "effect"

import { revokeAll } from "../../src/internal/process/revocation.js"

const tokens = Array.from({ length: 25 }, (_, index) =>
  new AccessToken.AccessToken({
    value: Redacted.make(`token-${index}`),
    scope: undefined,
    requestedAt: 0,
    expiresAt: 3_600_000
  }))

/** Revokes the tokens; returns those that were revoked, and the warnings. */
const revoked = (revoke: (index: number) => Effect.Effect<void, OAuthError.TokenErrorResponse>) =>
  Effect.gen(function*() {
    const done: Array<number> = []
    const warnings: Array<string> = []
    const fiber = yield* Effect.fork(
      revokeAll((token) => {
        const index = tokens.indexOf(token)
        return Effect.zipRight(revoke(index), Effect.sync(() => void done.push(index)))
      }, Effect.succeed(tokens)).pipe(
        Effect.provide(
          Logger.replace(Logger.defaultLogger, Logger.make(({ message }) => void warnings.push(String(message))))
        )
      )
    )
    yield* TestClock.adjust("5 seconds")
    yield* Fiber.join(fiber)
    return { done, warnings }
  })

const rejected = new OAuthError.TokenErrorResponse({
  endpoint: "https://auth.example.com/revoke",
  status: 400,
  error: "unsupported_token_type"
})

describe("the revocation at shutdown", () => {
  it.effect("revokes the other tokens when one cannot be revoked, and logs a warning", () =>
    Effect.gen(function*() {
      const { done, warnings } = yield* revoked((index) => index === 3 ? rejected : Effect.void)
      assert.deepStrictEqual(done, tokens.map((_, index) => index).filter((index) => index !== 3))
      assert.strictEqual(warnings.length, 1)
      assert.match(warnings.join(), /could not be revoked at shutdown: .*unsupported_token_type/)
    }))

  it.effect("ends after 5 seconds", () =>
    Effect.gen(function*() {
      const { done, warnings } = yield* revoked((index) => index < 10 ? Effect.never : Effect.void)
      assert.deepStrictEqual(done, [])
      assert.match(warnings.join(), /could not be revoked at shutdown/)
    }))
})
