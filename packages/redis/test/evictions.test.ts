/**
 * A Redis whose memory a cache fills, so that it evicts the entries of a fleet.
 */
import { assert, describe, it } from "@effect/vitest"
import { TestAuthorizationServer } from "@effect-oauth/testing"
import { Effect, Either } from "effect"
import type { Redis } from "ioredis"

import { fleet, Servers, tokensIssued } from "./fleet.js"
import * as redisServer from "./redisServer.js"

const limit = 5

/** Writes entries of a cache until Redis has evicted all keys of the store, and returns the number of these keys before. */
const evictAll = (raw: Redis) =>
  Effect.promise(async () => {
    const stored = async () => (await raw.keys("effect-oauth:*")).length
    const before = await stored()
    for (let index = 0; await stored() > 0; index += 1) await raw.set(`cache:${index}`, "x".repeat(10_000))
    await raw.flushall()
    return before
  })

describe.skipIf(!redisServer.isInstalled)("a Redis that evicts the entries of a fleet", () => {
  it.scopedLive("does not let processes that have read the count request more tokens than the limit", () =>
    Effect.gen(function*() {
      const { port } = yield* redisServer.startWith(["--maxmemory", "4mb", "--maxmemory-policy", "allkeys-lru"])
      const raw = yield* redisServer.connect(port)
      const { revoke } = yield* TestAuthorizationServer.TestAuthorizationServer
      const processes = yield* fleet(3, { port }, {
        issuanceBudget: { limit },
        tokenCache: { rejectionPauses: ["1 millis"] }
      })
      const evicted: Array<number> = []
      const outcomes: Array<ReadonlyArray<string>> = []
      for (let round = 0; round < limit + 4; round += 1) {
        const results = yield* Effect.forEach(processes, Effect.either, { concurrency: "unbounded" })
        outcomes.push(results.map((one) => Either.isRight(one) ? String(one.right.status) : one.left._tag))
        evicted.push(yield* evictAll(raw))
        yield* revoke()
      }
      assert.strictEqual(yield* tokensIssued, limit)
      // The token and the count.
      assert.deepStrictEqual(evicted.slice(0, limit), Array.from({ length: limit }, () => 2))
      assert.deepStrictEqual(outcomes[limit - 1], ["200", "200", "200"])
      assert.include(outcomes.at(-1) ?? [], "IssuanceBudgetExhausted")
    }).pipe(Effect.provide(Servers)))
})
