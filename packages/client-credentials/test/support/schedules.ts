/** A schedule that depends on the time of day. */
import { Schedule } from "effect"

/** Recurs at each full hour. */
export const hourly = Schedule.cron("0 * * * *", "UTC")
