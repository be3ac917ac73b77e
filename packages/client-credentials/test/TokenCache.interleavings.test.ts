/**
 * The cache with real fibers, checked against a model of its documented behavior, in virtual time.
 */
import { assert, describe, it } from "@effect/vitest"
import { AccessToken, type OAuthError, TokenCache, TokenEndpoint } from "@effect-oauth/client-credentials"
import { VirtualClock } from "@effect-oauth/testing"
import { Deferred, Effect, Exit, FastCheck as fc, Fiber, Logger, Redacted, Scope } from "effect"

import type { Instant } from "../src/internal/token/instant.js"
import { exitOf } from "./support/fibers.js"
import { type Id, Interrupter } from "./support/interrupter.js"
import * as seeded from "./support/seeded.js"
import * as tokenEndpoint from "./support/tokenEndpoint.js"

type Which = "newest" | "older"

type Step =
  | { readonly _tag: "Call" }
  | { readonly _tag: "Interrupt"; readonly caller: number }
  | { readonly _tag: "Answer"; readonly answer: number | "unavailable" | "rejected" | "defect" }
  | { readonly _tag: "Reject"; readonly which: Which }
  | { readonly _tag: "Other"; readonly which: Which }
  | { readonly _tag: "Advance"; readonly millis: number }
  | { readonly _tag: "SetWall"; readonly by: number }
  | { readonly _tag: "Suspend"; readonly millis: number }

const which = fc.constantFrom<Which>("newest", "older")

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Step>({ _tag: "Call" }) },
  { weight: 2, arbitrary: fc.record({ _tag: fc.constant("Interrupt" as const), caller: fc.nat(50) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      _tag: fc.constant("Answer" as const),
      answer: fc.constantFrom<number | "unavailable" | "rejected" | "defect">(
        0,
        1000,
        45_000,
        3_600_000,
        86_400_000,
        86_400_000,
        "unavailable",
        "rejected",
        "defect"
      )
    })
  },
  { weight: 1, arbitrary: fc.record({ _tag: fc.constant("Reject" as const), which }) },
  { weight: 1, arbitrary: fc.record({ _tag: fc.constant("Other" as const), which }) },
  {
    weight: 4,
    arbitrary: fc.record({
      _tag: fc.constant("Advance" as const),
      millis: fc.oneof(fc.integer({ min: 0, max: 60_000 }), fc.integer({ min: 0, max: 90_000_000 }))
    })
  },
  {
    weight: 1,
    arbitrary: fc.oneof(
      fc.record({ _tag: fc.constant("SetWall" as const), by: fc.integer({ min: -90_000_000, max: 90_000_000 }) }),
      fc.record({ _tag: fc.constant("Suspend" as const), millis: fc.integer({ min: 0, max: 90_000_000 }) })
    )
  }
)

const run = (steps: ReadonlyArray<Step>) =>
  Effect.gen(function*() {
    const time = VirtualClock.make()
    const pending: Array<{
      readonly answer: Deferred.Deferred<AccessToken.AccessToken, OAuthError.TokenError>
      readonly sent: Instant
    }> = []
    let underWay = 0
    let names = 0
    const reasons: Array<unknown> = []
    const requestToken = Effect.gen(function*() {
      underWay += 1
      assert.strictEqual(underWay, 1, "one request at a time")
      const span = yield* Effect.orDie(Effect.currentSpan)
      reasons.push(span.attributes.get("oauth.token.reason"))
      const answer = yield* Deferred.make<AccessToken.AccessToken, OAuthError.TokenError>()
      pending.push({ answer, sent: time.now() })
      return yield* Deferred.await(answer)
    }).pipe(Effect.ensuring(Effect.sync(() => {
      underWay -= 1
      pending.pop()
    })))

    // The model: the tokens issued so far, when each was requested, and the rejected ones.
    const issued: Array<{ readonly token: AccessToken.AccessToken; readonly life: number; readonly sent: Instant }> = []
    const rejected = new Set<AccessToken.AccessToken>()
    const age = ({ sent }: typeof issued[number]) => {
      const now = time.now()
      return Math.max(now.wall - sent.wall, now.steady - sent.steady)
    }
    const usable = () => {
      const last = issued.at(-1)
      return last !== undefined && !rejected.has(last.token) && age(last) < last.life - Math.min(10_000, last.life / 10)
        ? last.token
        : undefined
    }

    const cache = yield* TokenCache.make().pipe(
      Effect.provideService(TokenEndpoint.TokenEndpoint, {
        request: tokenEndpoint.request,
        requestToken: () => Effect.map(requestToken, (token) => ({ token, quotas: [] }))
      }),
      Effect.withClock(time.clock),
      Effect.provide(Logger.remove(Logger.defaultLogger))
    )
    const callers: Array<Fiber.RuntimeFiber<AccessToken.AccessToken, OAuthError.TokenError>> = []
    const call = (get: typeof cache.get) =>
      Effect.tap(Effect.fork(Effect.withClock(get, time.clock)), (fiber) => {
        callers.push(fiber)
        return time.settle
      })
    const pick = (which: Which) => which === "newest" ? issued.at(-1)?.token : issued.at(-2)?.token

    for (const one of steps) {
      switch (one._tag) {
        case "Call": {
          const expected = usable()
          const caller = yield* call(cache.get)
          if (expected === undefined) break
          const exit = exitOf(caller)
          assert(exit !== undefined && Exit.isSuccess(exit), "no caller waits or fails while a token is usable")
          assert.strictEqual(exit.value, expected)
          break
        }
        case "Interrupt": {
          const caller = callers[one.caller]
          if (caller !== undefined) yield* Fiber.interrupt(caller)
          break
        }
        case "Answer": {
          const request = pending[0]
          if (request === undefined) break
          if (one.answer === "unavailable") yield* Deferred.fail(request.answer, tokenEndpoint.unavailable)
          else if (one.answer === "rejected") yield* Deferred.fail(request.answer, tokenEndpoint.wrongSecret)
          else if (one.answer === "defect") yield* Deferred.die(request.answer, "a defect")
          else {
            const token = new AccessToken.AccessToken({
              value: Redacted.make(`token-${names += 1}`),
              scope: undefined,
              requestedAt: request.sent.wall,
              expiresAt: request.sent.wall + one.answer
            })
            issued.push({ token, life: one.answer, sent: request.sent })
            yield* Deferred.succeed(request.answer, token)
          }
          yield* time.settle
          break
        }
        case "Reject": {
          const token = pick(one.which)
          if (token === undefined) break
          const another = yield* Effect.withClock(cache.invalidate(token), time.clock)
          if (another) rejected.add(token)
          break
        }
        case "Other": {
          const token = pick(one.which)
          if (token === undefined) break
          const caller = yield* call(cache.refresh(token))
          const exit = exitOf(caller)
          if (exit !== undefined && Exit.isSuccess(exit)) assert.notStrictEqual(exit.value, token)
          break
        }
        case "Advance":
          yield* time.advance(one.millis)
          break
        case "SetWall":
          time.setWall(one.by)
          break
        case "Suspend":
          time.suspend(one.millis)
          break
      }
    }

    // No caller waits forever: with a server that responds or times out, every caller gets an outcome.
    yield* time.advance(600_000)
    for (const caller of callers) assert.isDefined(exitOf(caller), "every caller is answered")
    for (const reason of reasons) assert.include(["cold", "renewal", "expired", "rejected", "forced"], reason)
  }).pipe(Effect.scoped)

describe("the cache", () => {
  it("keeps its guarantees through any sequence of events", () =>
    fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40, size: "max" }), (steps) => Effect.runPromise(run(steps))),
      seeded.parameters("the cache", { quick: 100, full: 3000 }) as fc.Parameters<[ReadonlyArray<Step>]>
    ))
})

const { settle } = VirtualClock.make()

describe("interruption at any step", () => {
  for (const target of ["the caller", "the refresh"] as const) {
    it.live(`of ${target} leaves the cache usable`, () =>
      Effect.gen(function*() {
        let interrupted = 0
        for (let at = 1;; at += 1) {
          let caller: Id | undefined
          const main = yield* Effect.fiberId
          const scheduler = new Interrupter(
            at,
            (id) => caller !== undefined && id !== main && (id === caller) === (target === "the caller")
          )
          const scope = yield* Scope.make()
          const { count, layer } = tokenEndpoint.make()
          // The layer is built under this scheduler, whose settings the refresh inherits, and the caller runs under it.
          const first = yield* Effect.gen(function*() {
            const cache = yield* TokenCache.make()
            const first = yield* Effect.forkDaemon(Effect.zipRight(
              Effect.tap(Effect.fiberId, (id) =>
                Effect.sync(() => {
                  caller = id
                })),
              cache.get
            ))
            yield* settle
            const exit = exitOf(first)
            caller = undefined
            assert.isDefined(exit, `a caller waits forever: ${target}, step ${at}`)
            const others = yield* Effect.replicateEffect(cache.get, 3, { concurrency: "unbounded" })
            assert.strictEqual(new Set(others.map(tokenEndpoint.value)).size, 1)
            assert.isAtMost(count.requests, 2)
            return exit
          }).pipe(Effect.withScheduler(scheduler), Effect.provide(layer), Scope.extend(scope))
          yield* Scope.close(scope, Exit.void)
          if (first !== undefined && Exit.isInterrupted(first)) interrupted += 1
          if (scheduler.steps < at) {
            console.log(`${target} was interrupted at each of its ${at - 1} steps`)
            assert.isAbove(at, 20)
            assert.isAbove(interrupted, 5)
            return
          }
        }
      }))
  }
})
