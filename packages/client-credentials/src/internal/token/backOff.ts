/**
 * The pauses between token requests that fail: one rule for a process and for all processes that share a store.
 */
import { obeyed } from "../protocol/retryAfter.js"

/** The default pauses in milliseconds: the first, multiplied by the factor with each failure in a row, up to the longest. */
export const defaults = { first: 500, factor: 2, longest: 60_000 }

/** The pause in milliseconds: as planned, or longer where the server requires it with `Retry-After`, up to a limit. */
export const pauseOf = ({ maxRetryAfter, planned, retryAfter }: {
  readonly planned: number
  readonly retryAfter: number | undefined
  readonly maxRetryAfter: number
}): number => Math.max(planned, obeyed(retryAfter, maxRetryAfter))
