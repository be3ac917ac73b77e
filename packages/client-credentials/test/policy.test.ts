import { assert, describe, it } from "@effect/vitest"
import { AccessToken, TokenCache } from "@effect-oauth/client-credentials"
import { Effect, Either, FastCheck as fc, Layer, Redacted } from "effect"

import * as parts from "../src/internal/config/parts.js"
import * as rules from "../src/internal/config/rules.js"
import * as policies from "../src/internal/token/policy.js"
import * as tokenEndpoint from "./support/tokenEndpoint.js"

const policy = Either.getOrThrow(rules.validate(parts.tokenCache, {}))

const windows = (life: number, jitter = 0) =>
  policies.windows(
    policy,
    new AccessToken.AccessToken({ value: Redacted.make("t"), scope: undefined, requestedAt: 0, expiresAt: life }),
    { wall: 0, steady: 500 },
    jitter
  )

describe("the windows of a token's life", () => {
  it("are capped for long lives and fractions of short ones", () => {
    for (
      const [life, renewFrom, usableUntil] of [
        [86_400_000, 86_400_000 - 300_000, 86_400_000 - 10_000],
        [3_600_000, 3_600_000 - 300_000, 3_600_000 - 10_000],
        [45_000, 36_000, 40_500],
        [0, 0, 0]
      ] as const
    ) {
      const { renewFrom: renew, usableUntil: stop } = windows(life)
      assert.deepStrictEqual([renew.wall, stop.wall], [renewFrom, usableUntil])
      assert.deepStrictEqual([renew.steady, stop.steady], [renewFrom + 500, usableUntil + 500])
    }
  })

  it.prop(
    "end where the rule for tokens from a store ends, whatever the settings",
    [
      fc.integer({ min: 0, max: 2_592_000_000 }),
      fc.integer({ min: 0, max: 2_592_000_000 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true })
    ],
    ([life, expiryBuffer, expiryBufferFraction, at]) => {
      const set = Either.getOrThrow(rules.validate(parts.tokenCache, { expiryBuffer, expiryBufferFraction }))
      const token = new AccessToken.AccessToken({
        value: Redacted.make("t"),
        scope: undefined,
        requestedAt: 0,
        expiresAt: life
      })
      const { usableUntil } = policies.windows(set, token, { wall: 0, steady: 0 }, 0)
      for (const now of [at * life, usableUntil.wall, usableUntil.wall - 1]) {
        assert.strictEqual(policies.isUsable(set)(token, now), now < usableUntil.wall)
      }
    }
  )

  it.prop(
    "follow each other, whatever the life and the jitter",
    [fc.integer({ min: 0, max: 2_592_000_000 }), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })],
    ([life, jitter]) => {
      const { expires, renewFrom, usableUntil } = windows(life, jitter)
      assert.isAtMost(renewFrom.wall, usableUntil.wall)
      assert.isAtMost(usableUntil.wall, expires.wall)
      // A renewal has at least half of the window before anybody has to wait for it.
      const { renewFrom: earliest } = windows(life, 0)
      assert.isAtLeast(usableUntil.wall - renewFrom.wall, (usableUntil.wall - earliest.wall) / 2 - 1e-6)
    }
  )
})

describe("rules of one's own", () => {
  const problems = (options: TokenCache.Options) =>
    Either.match(rules.validate(parts.tokenCache, options), {
      onLeft: (problems) => problems.map(({ setting }) => setting),
      onRight: () => []
    })

  it("are checked, all at once", () => {
    assert.deepStrictEqual(problems({ refreshBefore: "1 hour", capacity: 1, rejectionPauses: [0] }), [])
    assert.deepStrictEqual(
      problems({
        refreshFraction: 2,
        expiryBufferFraction: -1,
        rejectionPauses: [],
        capacity: 0,
        requestTimeout: Infinity,
        retryTimeout: "soon" as "1 second"
      }),
      ["refreshFraction", "expiryBufferFraction", "retryTimeout", "requestTimeout", "rejectionPauses", "capacity"]
    )
    assert.deepStrictEqual(problems({ capacity: 1.5, refreshFraction: NaN }), ["refreshFraction", "capacity"])
  })

  it.effect("are a typed error of the layer when they are wrong", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Layer.build(
        Layer.provide(TokenCache.layer({ expiryBufferFraction: 3 }), tokenEndpoint.make().layer)
      ))
      assert.strictEqual(error._tag, "InvalidConfig")
      assert.strictEqual(error.message, "expiryBufferFraction: expected a fraction of the token's life, from 0 to 1")
    }).pipe(Effect.scoped))
})
