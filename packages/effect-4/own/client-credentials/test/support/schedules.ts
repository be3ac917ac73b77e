/** A schedule that depends on the time of the day. In Effect 4, one of `Schedule.cron` may fail, and ours may not. */
import { Duration, Effect, Schedule } from "effect"

const hour = 3_600_000

/** Recurs at each full hour. */
export const hourly = Schedule.fromStep(Effect.succeed((now: number, _input: unknown) => {
  const pause = Duration.millis(hour - now % hour)
  return Effect.succeed<[Duration.Duration, Duration.Duration]>([pause, pause])
}))
