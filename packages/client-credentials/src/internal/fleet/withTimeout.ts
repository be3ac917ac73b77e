/**
 * The same store, whose failures are counted, and which answers in time or fails: no store can hold a token request up.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

import { type TokenStore, TokenStoreError } from "../../TokenStore.js"
import * as metrics from "../seam/metrics.js"

const failed = (error: TokenStoreError): Effect.Effect<void> =>
  metrics.count(metrics.storeFailures, { "oauth.store.operation": error.operation })

/** For those that have no limit of their own. Two of them and a token request fit into the deadline of the cache. */
const limit = "20 seconds"

const count = <A>(
  operation: TokenStoreError["operation"],
  answer: Effect.Effect<A, TokenStoreError>
): Effect.Effect<A, TokenStoreError> =>
  // Leases are taken and given back where nothing else can be interrupted.
  Effect.interruptible(answer).pipe(
    Effect.timeoutFail({
      duration: limit,
      onTimeout: () => new TokenStoreError({ operation, problem: `no answer within ${limit}` })
    }),
    Effect.tapError(failed)
  )

export const watched = ({ changes, ...store }: TokenStore): TokenStore => ({
  load: (key) => count("load", store.load(key)),
  swap: (key, generation, entry) => count("swap", store.swap(key, generation, entry)),
  acquire: (key, owner, life) => count("acquire", store.acquire(key, owner, life)),
  release: (key, owner) => count("release", store.release(key, owner)),
  changes: changes === undefined ? undefined : (key) => Stream.tapError(changes(key), failed)
})
