/**
 * A token store whose failed operations are repeated, within one limit for all of them together, so that a store that
 * flickers costs no token and one that is away delays nobody for long. Failures are counted.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"

import { TokenStoreError } from "../../OAuthError.js"
import type { TokenStore } from "../../TokenStore/contract.js"
import * as metrics from "../seam/metrics.js"

/** The pause before the first repetition, which doubles with each, and the longest one, in milliseconds. */
const firstPause = 20
const longestPause = 500

/**
 * Returns the store for one token request: what its failures may take together is `limit`, in milliseconds. An operation
 * that succeeds takes nothing of it.
 */
export const retried = (store: TokenStore, limit: number): TokenStore => {
  // What is left for failures. Operations of a token request that overlap may each take what is left.
  let left = limit

  const once = <A>(operation: TokenStoreError["operation"], effect: Effect.Effect<A, TokenStoreError>) =>
    Effect.suspend(() =>
      // Leases are given back in uninterruptible regions.
      Effect.interruptible(effect).pipe(
        Effect.timeoutFail({
          duration: left,
          onTimeout: () =>
            new TokenStoreError({ operation, problem: `no response within ${Duration.format(Math.ceil(left))}` })
        }),
        Effect.tapError((error) => metrics.count(metrics.storeFailures, { "oauth.store.operation": error.operation }))
      )
    )

  const run = <A>(
    operation: TokenStoreError["operation"],
    effect: Effect.Effect<A, TokenStoreError>,
    pause = firstPause
  ): Effect.Effect<A, TokenStoreError> =>
    Effect.flatMap(
      Clock.currentTimeMillis,
      (from) =>
        Effect.catchAll(once(operation, effect), (error) =>
          Effect.gen(function*() {
            const now = yield* Clock.currentTimeMillis
            const wait = pause * (0.5 + (yield* Random.next) / 2)
            left -= Math.max(0, now - from) + wait
            if (left <= 0) return yield* error
            yield* Effect.interruptible(Effect.sleep(Duration.millis(wait)))
            return yield* run(operation, effect, Math.min(2 * pause, longestPause))
          }))
    )

  return {
    load: (key) => run("load", store.load(key)),
    // A swap that is repeated after its outcome was lost finds its own entry.
    swap: (key, generation, entry, release) =>
      Effect.map(
        run("swap", store.swap(key, generation, entry, release)),
        (attempt) =>
          attempt.entry._tag === "Some" && attempt.entry.value.value === entry.value
            ? { ...attempt, done: true }
            : attempt
      ),
    acquire: (key, owner, life) => run("acquire", store.acquire(key, owner, life)),
    release: (key, owner) => run("release", store.release(key, owner))
  }
}
