import { assert, describe, it } from "@effect/vitest"
import { OAuthError, TokenStore } from "@effect-oauth/client-credentials"
import { Effect, Fiber, TestClock } from "effect"

import { retried } from "../../src/internal/fleet/retried.js"

describe("an operation that is retried within a total time", () => {
  for (const problem of ["42501: the role lacks a permission", undefined]) {
    const expected = problem ?? "no response within 2s"
    it.effect(`fails with "${expected}" when the last attempt is cut off`, () =>
      Effect.gen(function*() {
        const memory = yield* Effect.provide(TokenStore.TokenStore, TokenStore.layerMemory)
        let attempts = 0
        const store = retried({
          ...memory,
          load: () =>
            Effect.suspend(() => {
              attempts += 1
              return attempts === 1 && problem !== undefined
                ? new OAuthError.TokenStoreError({ operation: "load", problem })
                : Effect.never
            })
        }, 2000)
        const failed = yield* Effect.fork(Effect.flip(store.load("a")))
        yield* TestClock.adjust("3 seconds")
        assert.strictEqual((yield* Fiber.join(failed)).problem, expected)
        assert.strictEqual(attempts, problem === undefined ? 1 : 2)
      }))
  }
})
