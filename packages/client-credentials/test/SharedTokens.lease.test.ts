import { assert, describe, it } from "@effect/vitest"
import { ClientConfig, SharedTokens, TokenEndpoint, TokenSeal, TokenStore } from "@effect-oauth/client-credentials"
import { VirtualClock } from "@effect-oauth/testing"
import { Deferred, Effect, Either, Fiber, Layer, Logger, Redacted, TestClock } from "effect"

import { exitOf } from "./support/fibers.js"
import * as scenario from "./support/scenario.js"
import { sealKey } from "./support/sealKey.js"
import { make as endpoint, request, type Script, unavailable } from "./support/tokenEndpoint.js"

/** Returns the lease that is left in a store of which some operations fail. */
const run = (script: Script, failing: (memory: TokenStore.TokenStore) => Partial<TokenStore.TokenStore>) =>
  Effect.gen(function*() {
    const memory = yield* Effect.provide(TokenStore.TokenStore, TokenStore.layerMemory)
    const tokens = endpoint(script)
    let key = ""
    const store: TokenStore.TokenStore = {
      ...memory,
      load: (of) => {
        key = of
        return memory.load(of)
      },
      // As over a network: an operation without time left is not sent.
      swap: (...all) => Effect.delay(memory.swap(...all), "5 millis"),
      release: (...all) => Effect.delay(memory.release(...all), "5 millis"),
      ...failing(memory)
    }
    const shared = yield* Effect.flatMap(
      TokenEndpoint.TokenEndpoint,
      (all) => SharedTokens.decorate(all, { whenStoreFails: "fail" })
    ).pipe(Effect.provide([
      tokens.layer,
      ClientConfig.layer({ ...scenario.options, clientSecret: Redacted.make("s3cr3t") }),
      TokenSeal.layer([sealKey(1)]),
      Layer.succeed(TokenStore.TokenStore, store),
      Logger.remove(Logger.defaultLogger)
    ]))
    const again = Effect.fork(Effect.either(shared.requestToken(request)))
    return { again, call: yield* again, left: Effect.suspend(() => memory.load(key)) }
  })

/** WebCrypto takes real time, which no test clock advances. */
const { settle } = VirtualClock.make()

const pass = (rounds: number) =>
  Effect.replicateEffect(Effect.zipRight(TestClock.adjust("50 millis"), settle), rounds + 1)

const joined = <A>(call: Fiber.RuntimeFiber<A>) =>
  Effect.gen(function*() {
    while (exitOf(call) === undefined) yield* pass(0)
    return yield* Fiber.join(call)
  })

describe("the lease", () => {
  it.scoped("ends with a process that is interrupted while it stores the token", () =>
    Effect.gen(function*() {
      const begun = yield* Deferred.make<void>()
      const { call, left } = yield* run({}, () => ({
        swap: () => Effect.zipRight(Deferred.succeed(begun, undefined), Effect.never)
      }))
      yield* Deferred.await(begun)
      assert.isAbove((yield* left).leasedFor, 0)
      yield* Fiber.interrupt(call)
      yield* pass(1)
      assert.strictEqual((yield* left).leasedFor, 0)
    }))

  it.scoped("ends when the outcome of taking it is unknown, though no time is left for other failures", () =>
    Effect.gen(function*() {
      const { call, left } = yield* run({}, (memory) => ({
        acquire: (...all) => Effect.zipRight(memory.acquire(...all), Effect.never)
      }))
      assert.isTrue(Either.isLeft(yield* joined(call)))
      yield* pass(1)
      assert.strictEqual((yield* left).leasedFor, 0)
    }))

  it.scoped("leaves time to store the token when the store fails to extend it for a while", () =>
    Effect.gen(function*() {
      const gate = yield* Deferred.make<void>()
      let acquired = 0
      const { call, left } = yield* run({ gate }, (memory) => ({
        acquire: (...all) => (acquired += 1) === 1 ? memory.acquire(...all) : Effect.never
      }))
      while (acquired < 2) yield* pass(0)
      yield* pass(50)
      yield* Deferred.succeed(gate, undefined)
      assert.isTrue(Either.isRight(yield* joined(call)))
      assert.strictEqual((yield* left).entry._tag, "Some")
    }))
})

describe("a failure", () => {
  it.scoped("that was recorded by a clock years ahead blocks no process", () =>
    Effect.gen(function*() {
      yield* TestClock.adjust("1000 days")
      const { again, call } = yield* run({ fails: (requests) => requests === 1 && unavailable }, () => ({}))
      assert.isTrue(Either.isLeft(yield* joined(call)))
      yield* TestClock.setTime(0)
      assert.isTrue(Either.isRight(yield* joined(yield* again)))
    }))
})
