/**
 * Effects of a program that the library runs for a token request: when one is interrupted or never ends, the call fails with
 * a typed error, and neither is interrupted nor waits forever.
 */
import { assert, describe, it } from "@effect/vitest"
import { ClientAuthentication, type ClientConfig, Grant, Signer, TokenCache } from "@effect-oauth/client-credentials"
import { OAuthTest } from "@effect-oauth/testing"
import { Deferred, Effect, Fiber, Layer, TestClock } from "effect"

import { exitOf } from "../support/fibers.js"

type Position = (effect: Effect.Effect<never>) => Partial<ClientConfig.Options>

const positions: Readonly<Record<string, Position>> = {
  "the source of a secret": (clientSecret) => ({ clientSecret }),
  "the source of a key": (key) => ({
    clientSecret: undefined,
    clientAuthentication: ClientAuthentication.privateKeyJwt({ key })
  }),
  "a signer": (effect) => ({
    clientSecret: undefined,
    clientAuthentication: ClientAuthentication.privateKeyJwt({
      signer: Signer.make({ algorithm: "ES256", sign: () => effect })
    })
  }),
  "an identity token as assertion": (identity) => ({
    clientSecret: undefined,
    clientAuthentication: ClientAuthentication.workloadIdentity(identity)
  }),
  "an identity token as subject": (subject) => ({ grant: Grant.tokenExchange({ subject }) }),
  "the parameters of a custom grant": (effect) => ({ grant: Grant.custom("own", { present: () => effect }) })
}

/** Returns the error of a call of a client with this effect. */
const failure = (options: Partial<ClientConfig.Options>) =>
  Effect.gen(function*() {
    // Loaded before virtual time advances.
    yield* Effect.promise(() => import("../../src/internal/http/signedAssertion.js"))
    const fiber = yield* Effect.fork(Effect.exit(Effect.provide(
      Effect.flatMap(TokenCache.TokenCache, ({ get }) => get),
      OAuthTest.layer({ client: options as never }).pipe(Layer.orDie)
    )))
    for (let seconds = 0; seconds < 60 && exitOf(fiber) === undefined; seconds += 1) {
      yield* Effect.promise(() => new Promise(setImmediate))
      yield* TestClock.adjust("1 second")
    }
    assert.isDefined(exitOf(fiber), "the call still waits")
    return yield* Effect.flip(yield* Fiber.join(fiber))
  })

describe("a call fails with CredentialUnavailable when it needs an effect that", () => {
  for (const [name, position] of Object.entries(positions)) {
    it.effect(`is interrupted: ${name}`, () =>
      Effect.gen(function*() {
        assert.strictEqual((yield* failure(position(Effect.interrupt)))._tag, "CredentialUnavailable")
      }))

    // Chained grants take as long as their client allows.
    if (name.includes("custom")) continue
    it.effect(`does not end, and cannot be interrupted: ${name}`, () =>
      Effect.gen(function*() {
        const gate = yield* Deferred.make<never>()
        const { message } = yield* failure(position(Effect.uninterruptible(Deferred.await(gate))))
        assert.match(message, /did not respond within 10 seconds/)
        yield* Deferred.interrupt(gate)
      }))
  }
})
