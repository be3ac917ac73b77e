/**
 * The same store, whose failures are counted.
 */
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as Stream from "effect/Stream"

import * as OAuthMetrics from "../OAuthMetrics.js"
import type { Service, TokenStoreError } from "../TokenStore.js"

const failed = (error: TokenStoreError): Effect.Effect<void> =>
  Metric.increment(Metric.tagged(OAuthMetrics.storeFailures, "oauth.store.operation", error.operation))

const count = <A>(operation: Effect.Effect<A, TokenStoreError>): Effect.Effect<A, TokenStoreError> =>
  Effect.tapError(operation, failed)

export const watched = ({ changes, ...store }: Service): Service => ({
  load: (key) => count(store.load(key)),
  swap: (key, generation, entry) => count(store.swap(key, generation, entry)),
  acquire: (key, owner, life) => count(store.acquire(key, owner, life)),
  release: (key, owner) => count(store.release(key, owner)),
  changes: changes === undefined ? undefined : (key) => Stream.tapError(changes(key), failed)
})
