/**
 * Pauses between failed token requests: one rule for a single process and for all processes that share a store.
 */
import { obeyed } from "../protocol/retryAfter.js"

/** Default pauses in milliseconds: `first`, multiplied by `factor` after each consecutive failure, up to `longest`. */
export const defaults = { first: 500, factor: 2, longest: 60_000 }

/** Returns the pause in milliseconds: the planned one, or a longer one required by `Retry-After`, up to a limit. */
export const pauseOf = ({ maxRetryAfter, planned, retryAfter }: {
  readonly planned: number
  readonly retryAfter: number | undefined
  readonly maxRetryAfter: number
}): number => Math.max(planned, obeyed(retryAfter, maxRetryAfter))
