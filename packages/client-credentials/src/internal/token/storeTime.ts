/**
 * Time of a store between its responses, by the clocks of this process. All times are in milliseconds.
 */
import { type Instant, maxSkew } from "./instant.js"

/** Time that the store returned, and the moment of that response by the clocks of this process. */
export interface Answer {
  readonly now: number
  readonly at: Instant
}

/** Time of the store since the epoch. It is certain unless one of the clocks was set or stopped since the last response. */
export interface Estimate {
  readonly now: number
  readonly isCertain: boolean
}

/**
 * Returns the time of the store: that of its last response and the time since, or the wall clock before the first response.
 * When the clocks disagree on the time since, returns the earlier time, by which no counted request expires too early.
 */
export const estimate = (last: Answer | undefined, now: Instant): Estimate => {
  if (last === undefined) return { now: Math.floor(now.wall), isCertain: true }
  const [wall, steady] = [now.wall - last.at.wall, now.steady - last.at.steady]
  const isCertain = Math.abs(wall - steady) <= maxSkew
  return { now: Math.floor(last.now + (isCertain ? steady : Math.max(0, Math.min(wall, steady)))), isCertain }
}
