/**
 * Clocks with a wrong time.
 */
import type * as Clock from "effect/Clock"

import * as clocks from "./seam/clocks.js"

/** Returns the clock of a machine whose wall clock is wrong. */
export const offClock = (clock: Clock.Clock, ahead: () => number): Clock.Clock =>
  clocks.make({
    wallMillis: () => clock.unsafeCurrentTimeMillis() + ahead(),
    steadyNanos: () => clock.unsafeCurrentTimeNanos(),
    sleep: (duration) => clock.sleep(duration)
  })
