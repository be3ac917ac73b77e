import { assert, describe, it } from "@effect/vitest"
import { TokenSeal } from "@effect-oauth/client-credentials"
import { VirtualClock } from "@effect-oauth/testing"
import { Clock, Deferred, Effect, Fiber, Random } from "effect"

import { sealKey } from "../../client-credentials/test/support/sealKey.js"
import * as randoms from "../src/internal/seam/randoms.js"
import * as simulation from "../src/internal/simulation.js"

describe("VirtualClock", () => {
  it.live("wakes fibers in the order in which they are due, at their time", () =>
    Effect.gen(function*() {
      const time = VirtualClock.make()
      const woken: Array<readonly [due: number, at: number]> = []
      const dues = yield* Effect.replicateEffect(Random.nextIntBetween(1, 1000), 300).pipe(
        Effect.withRandom(randoms.make("sleepers"))
      )
      const fibers = yield* Effect.forEach(dues, (due) =>
        Effect.fork(
          Effect.gen(function*() {
            yield* Effect.sleep(due)
            woken.push([due, yield* Clock.currentTimeMillis])
          }).pipe(Effect.withClock(time.clock))
        ))
      yield* time.settle
      assert.strictEqual(time.sleepers(), 300)
      const interrupted = fibers.filter((_, index) => index % 3 === 0)
      yield* Fiber.interruptAll(interrupted)
      assert.strictEqual(time.sleepers(), 200)
      yield* time.advance("500 millis")
      yield* time.advance("500 millis")
      assert.strictEqual(time.sleepers(), 0)
      const expected = dues.filter((_, index) => index % 3 !== 0).sort((one, other) => one - other)
      assert.deepStrictEqual(woken, expected.map((due) => [due, due]))
    }))

  it.live("does not advance while an operation of WebCrypto is in progress", () =>
    Effect.gen(function*() {
      const time = VirtualClock.make()
      const text = new Uint8Array(1 << 16)
      const derive = Effect.promise(async () => {
        const key = await crypto.subtle.importKey("raw", text, "PBKDF2", false, ["deriveBits"])
        await crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-512", salt: text, iterations: 1000 }, key, 512)
        await crypto.subtle.digest("SHA-256", text)
      })
      const times = yield* Effect.fork(Effect.withClock(
        Effect.replicateEffect(Effect.zipRight(Effect.delay(derive, "1 minute"), Clock.currentTimeMillis), 20),
        time.clock
      ))
      yield* time.advance("1 hour")
      assert.deepStrictEqual(yield* Fiber.join(times), Array.from({ length: 20 }, (_, index) => (index + 1) * 60_000))
    }))

  it.live("waits for an operation of WebCrypto that fails", () =>
    Effect.gen(function*() {
      const time = VirtualClock.make()
      const done = yield* Deferred.make<number>()
      yield* Effect.fork(Effect.withClock(
        Effect.tryPromise(() => crypto.subtle.importKey("raw", new Uint8Array(3), "AES-GCM", false, ["encrypt"])).pipe(
          Effect.catchAll(() => Effect.sleep("1 second")),
          Effect.zipRight(Clock.currentTimeMillis),
          Effect.flatMap((now) => Deferred.succeed(done, now))
        ),
        time.clock
      ))
      yield* time.advance("1 minute")
      assert.strictEqual(yield* Deferred.await(done), 1000)
    }))
})

describe("a fleet in virtual time", () => {
  const results = (seal: TokenSeal.TokenSeal | undefined) =>
    Effect.gen(function*() {
      const calls: Array<simulation.Call> = []
      const { issued, storeOperations } = yield* simulation.run({
        instances: 20,
        days: 3,
        callsEvery: "30 minutes",
        restartEvery: "20 hours",
        shared: { issuanceBudget: { limit: 10 } },
        faults: [
          { from: "10 hours", to: "11 hours", rejecting: true },
          { from: "23 hours", to: "25 hours", issuer: "unavailable" },
          { from: "30 hours", to: "40 hours", store: 0.2 }
        ]
      }, { observe: (call) => calls.push(call), seal })
      return { calls, issued: issued.map(({ issuedAt, reason }) => [issuedAt, reason]), storeOperations }
    })

  it.live("returns the same results with the seal of production and with one that needs no thread", () =>
    Effect.gen(function*() {
      const plain = yield* results(undefined)
      const sealed = yield* results(yield* TokenSeal.make([sealKey(1)]))
      assert.isAbove(plain.issued.length, 3)
      assert.deepStrictEqual(sealed, plain)
    }))
})
