/**
 * Clocks of the servers of one client, by which its proofs and assertions are dated.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

import { offset } from "../protocol/serverClock.js"

type Headers = Readonly<Record<string, string | undefined>>

export interface ServerClocks {
  /** Returns the time by which the clock of an origin is ahead, in milliseconds. */
  readonly ahead: (origin: string) => number
  /**
   * Updates the offset of an origin from the response that rejected a proof or an assertion dated with the offset `used`.
   * Returns whether the offset changed, so that the request may succeed with a new date.
   */
  readonly onRejected: (origin: string, headers: Headers, used: number) => Effect.Effect<boolean>
}

/** Maximum number of servers for which data is kept; a client has a few. */
export const maxOrigins = 100

/** Sets an entry as the newest one, and drops the oldest beyond the limit. */
export const setNewest = <A>(entries: Map<string, A>, key: string, value: A): void => {
  entries.delete(key)
  entries.set(key, value)
  for (const oldest of entries.keys()) {
    if (entries.size <= maxOrigins) break
    entries.delete(oldest)
  }
}

class Clocks implements ServerClocks {
  /** Offsets, created for the first server whose clock differs: few do. */
  private offsets: Map<string, number> | undefined = undefined

  ahead(origin: string): number {
    return this.offsets?.get(origin) ?? 0
  }

  onRejected(origin: string, headers: Headers, used: number): Effect.Effect<boolean> {
    return Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const known = this.ahead(origin)
      const found = offset({ headers, now, used })
      // Another request may have updated it meanwhile.
      if (found === undefined) return Effect.succeed(false)
      setNewest(this.offsets ??= new Map(), origin, found)
      if (Math.abs(found - known) < 1000) return Effect.succeed(true)
      const difference = Duration.format(Duration.millis(Math.abs(Math.round(found / 1000) * 1000)))
      return Effect.as(
        Effect.logWarning(
          `${origin} rejected a proof or an assertion by its date. ` + (found === 0
            ? "By its `Date`, its clock is that of this machine, which is used from now on."
            : `By its \`Date\`, its clock is ${difference} ${found > 0 ? "ahead of" : "behind"} the clock of this ` +
              "machine. Proofs and assertions for it follow its clock. Check the clocks of both machines (NTP).")
        ),
        true
      )
    })
  }
}

export const make = (): ServerClocks => new Clocks()
