import { assert, describe, it } from "@effect/vitest"
import { DPoP } from "@effect-oauth/client-credentials"
import { Effect, Redacted, TestClock } from "effect"
import { calculateJwkThumbprint, decodeJwt, decodeProtectedHeader, EmbeddedJWK, type JWK, jwtVerify } from "jose"

import { printed } from "./support/printed.js"

const as = "https://auth.example.com/oauth/token"
const rs = "https://api.example.com/v1/items"

describe("DPoP proofs", () => {
  for (const algorithm of ["ES256", "EdDSA", "PS256"] as const) {
    it.effect(`P1 are what RFC 9449 section 4.2 says, by ${algorithm}`, () =>
      Effect.gen(function*() {
        yield* TestClock.setTime(1_000_500)
        const { proof, thumbprint } = yield* DPoP.make({ algorithm })
        const { value } = yield* proof({ method: "POST", url: `${as}?tenant=1#here` })
        const { payload, protectedHeader } = yield* Effect.promise(() =>
          jwtVerify(value, EmbeddedJWK, { currentDate: new Date(1_000_500) })
        )
        assert.deepInclude(protectedHeader, { typ: "dpop+jwt", alg: algorithm })
        assert.deepInclude(payload, { htm: "POST", htu: as, iat: 1000 })
        assert.match(payload.jti ?? "", /^[0-9a-f-]{36}$/)
        assert.doesNotHaveAnyKeys(payload, ["ath", "nonce"])
        const jwk = protectedHeader.jwk as JWK
        for (const secret of ["d", "p", "q", "k"]) assert.notProperty(jwk, secret)
        assert.strictEqual(yield* Effect.promise(() => calculateJwkThumbprint(jwk)), thumbprint)
      }))
  }

  it.effect("P2 P3 bind the token, and each is new", () =>
    Effect.gen(function*() {
      const { proof } = yield* DPoP.make()
      const options = {
        method: "GET",
        url: rs,
        accessToken: Redacted.make("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU")
      }
      const proofs = yield* Effect.replicateEffect(proof(options), 20, { concurrency: "unbounded" })
      // The example of RFC 9449 section 7.1.
      for (const { value } of proofs) {
        assert.strictEqual(decodeJwt(value)["ath"], "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo")
      }
      assert.strictEqual(
        new Set(proofs.map(({ value }) => decodeJwt(value).jti)).size,
        20
      )
    }))

  it.effect("P4 P5 have the newest nonce of their origin, and of no other", () =>
    Effect.gen(function*() {
      const { proof } = yield* DPoP.make()
      const nonce = (url: string) => Effect.map(proof({ method: "GET", url }), ({ value }) => decodeJwt(value)["nonce"])
      const answer = (url: string, headers: Record<string, string>) =>
        Effect.flatMap(proof({ method: "GET", url }), ({ answered }) => answered(headers))
      assert.isTrue(yield* answer(as, { "dpop-nonce": "as-1" }))
      assert.isUndefined(yield* nonce(rs))
      assert.isTrue(yield* answer(rs, { "dpop-nonce": "rs-1" }))
      assert.isFalse(yield* answer(rs, { "dpop-nonce": "rs-1" }))
      assert.isFalse(yield* answer(rs, {}))
      assert.isTrue(yield* answer(rs, { "dpop-nonce": "rs-2" }))
      assert.deepStrictEqual([yield* nonce(as), yield* nonce(`${rs}/other`)], ["as-1", "rs-2"])
    }))

  it.effect("P6 a nonce that another call has learned meanwhile is news to a proof without it", () =>
    Effect.gen(function*() {
      const { proof } = yield* DPoP.make()
      const [one, other] = yield* Effect.all([proof({ method: "GET", url: rs }), proof({ method: "GET", url: rs })])
      assert.isTrue(yield* one.answered({ "dpop-nonce": "rs-1" }))
      assert.isTrue(yield* other.answered({ "dpop-nonce": "rs-1" }))
      const third = yield* proof({ method: "GET", url: rs })
      assert.isFalse(yield* third.answered({ "dpop-nonce": "rs-1" }))
    }))

  it.effect("P8 are made with a key that cannot be had, printed or exported", () =>
    Effect.gen(function*() {
      const exported: Array<boolean> = []
      const { generateKey } = crypto.subtle
      const subtle = crypto.subtle as { generateKey: unknown }
      subtle.generateKey = (...[algorithm, extractable, usages]: Parameters<typeof generateKey>) => {
        exported.push(extractable)
        return generateKey.call(crypto.subtle, algorithm, extractable, usages)
      }
      const dpop = yield* DPoP.make().pipe(Effect.ensuring(Effect.sync(() => {
        subtle.generateKey = generateKey
      })))
      assert.deepStrictEqual(exported, [false])
      assert.notMatch(printed(dpop), /"d"|PRIVATE/)
    }))

  it.effect("P9 tell the time of the server where the clocks differ", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(1_000_000)
      const { proof } = yield* DPoP.make()
      const issuedAt = (url: string) => Effect.map(proof({ method: "GET", url }), ({ value }) => decodeJwt(value).iat)
      const answer = (date: string) =>
        Effect.flatMap(proof({ method: "GET", url: as }), ({ answered }) => answered({ date }))
      yield* answer(new Date(1_003_000).toUTCString())
      assert.strictEqual(yield* issuedAt(as), 1000)
      yield* answer(new Date(1_000_000 + 3_600_000).toUTCString())
      assert.deepStrictEqual([yield* issuedAt(as), yield* issuedAt(rs)], [4600, 1000])
      yield* answer("nonsense")
      assert.strictEqual(yield* issuedAt(as), 4600)
      yield* answer(new Date(1_000_000).toUTCString())
      assert.strictEqual(yield* issuedAt(as), 1000)
    }))

  it.effect("show their algorithm and no private part in their header", () =>
    Effect.gen(function*() {
      const { algorithm, proof } = yield* DPoP.make()
      const { value } = yield* proof({ method: "GET", url: rs })
      assert.deepStrictEqual(Object.keys(decodeProtectedHeader(value).jwk ?? {}).sort(), ["crv", "kty", "x", "y"])
      assert.strictEqual(algorithm, "ES256")
    }))
})
