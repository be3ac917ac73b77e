/**
 * Retries failed operations of a token store, within one time limit for all of them. A short interruption of the store costs
 * no token, and an outage delays no caller for long. Failures are counted.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"

import { TokenStoreError } from "../../OAuthError.js"
import type { TokenStore } from "../../TokenStore/contract.js"
import * as metrics from "../seam/metrics.js"

/** Pause before the first retry, which doubles with each retry, and the longest pause, in milliseconds. */
const firstPause = 20
const longestPause = 500

/**
 * Returns the store for one token request. Failures may take `limit` milliseconds in total; operations that succeed do not
 * count.
 */
export const retried = (store: TokenStore, limit: number): TokenStore => {
  // Time left for failures. Concurrent operations of a token request may each use it.
  let left = limit

  const once = <A>(
    operation: TokenStoreError["operation"],
    effect: Effect.Effect<A, TokenStoreError>,
    previous: TokenStoreError | undefined
  ) =>
    Effect.suspend(() =>
      // Leases are released in uninterruptible regions.
      Effect.interruptible(effect).pipe(
        Effect.timeoutFail({
          duration: left,
          // The store is given less time than it may take, so the cause is the previous error.
          onTimeout: () =>
            previous ??
              new TokenStoreError({ operation, problem: `no response within ${Duration.format(Math.ceil(left))}` })
        }),
        Effect.tapError((error) => metrics.count(metrics.storeFailures, { "oauth.store.operation": error.operation }))
      )
    )

  const run = <A>(
    operation: TokenStoreError["operation"],
    effect: Effect.Effect<A, TokenStoreError>,
    pause = firstPause,
    previous?: TokenStoreError
  ): Effect.Effect<A, TokenStoreError> =>
    Effect.flatMap(
      Clock.currentTimeMillis,
      (from) =>
        Effect.catchAll(once(operation, effect, previous), (error) =>
          Effect.gen(function*() {
            const now = yield* Clock.currentTimeMillis
            const wait = pause * (0.5 + (yield* Random.next) / 2)
            left -= Math.max(0, now - from) + wait
            if (left <= 0) return yield* error
            yield* Effect.interruptible(Effect.sleep(Duration.millis(wait)))
            return yield* run(operation, effect, Math.min(2 * pause, longestPause), error)
          }))
    )

  return {
    load: (key) => run("load", store.load(key)),
    // A retried swap whose first result was lost finds the entry that it wrote.
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
