/**
 * Moments in log lines.
 */

/** Returns a moment as ISO 8601. Stores of others may return numbers that are no moment of a `Date`. */
export const show = (millis: number): string =>
  Math.abs(millis) <= 8.64e15 ? new Date(millis).toISOString() : "an unknown time"
