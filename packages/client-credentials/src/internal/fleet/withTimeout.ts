/**
 * A token store whose operations answer within a limit or fail, so that no store delays a token request for long, and whose
 * failures are counted.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

import { TokenStoreError } from "../../OAuthError.js"
import type { TokenStore } from "../../TokenStore/contract.js"
import * as metrics from "../seam/metrics.js"

const countFailure = (error: TokenStoreError): Effect.Effect<void> =>
  metrics.count(metrics.storeFailures, { "oauth.store.operation": error.operation })

/** For stores without a limit of their own. Two of them and a token request fit into the deadline of the cache. */
const limit = "20 seconds"

const limited = <A>(
  operation: TokenStoreError["operation"],
  effect: Effect.Effect<A, TokenStoreError>
): Effect.Effect<A, TokenStoreError> =>
  // Leases are taken and given back in uninterruptible regions.
  Effect.interruptible(effect).pipe(
    Effect.timeoutFail({
      duration: limit,
      onTimeout: () => new TokenStoreError({ operation, problem: `no answer within ${limit}` })
    }),
    Effect.tapError(countFailure)
  )

export const withTimeout = ({ changes, ...store }: TokenStore): TokenStore => ({
  load: (key) => limited("load", store.load(key)),
  swap: (key, generation, entry) => limited("swap", store.swap(key, generation, entry)),
  acquire: (key, owner, life) => limited("acquire", store.acquire(key, owner, life)),
  release: (key, owner) => limited("release", store.release(key, owner)),
  changes: changes === undefined ? undefined : (key) => Stream.tapError(changes(key), countFailure)
})
