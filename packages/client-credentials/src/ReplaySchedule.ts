/**
 * How often, and after which pauses, a call that the API refused with 401 is sent again with a new token.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"

import type { Challenge } from "./Challenge.js"

/**
 * What the schedule is told about a refusal.
 *
 * @since 0.1.0
 * @category models
 */
export class Rejection extends Data.Class<{
  /** The challenges that came with it; empty if the API sent none. */
  readonly challenges: ReadonlyArray<Challenge>
  /**
   * Whether a replay will be authorized differently. False for a legacy token, and for a token that only just replaced a
   * refused one (`TokenCache.Options.rejectionPauses`): then a replay helps only if the API changes its mind.
   */
  readonly renewable: boolean
}> {}

/**
 * The schedule in use. Without a layer it is one replay at once if that has a new token, which is right for a token that
 * expired early or was revoked: its successor works or nothing does. Only where that one was taken over from another
 * process, and so may have been revoked as well, there is a second.
 *
 * It decides about rejected responses only (`Challenge.isRejection`), and only when the request can be sent again.
 *
 * @since 0.1.0
 * @category tags
 */
export class ReplaySchedule extends Context.Reference<ReplaySchedule>()(
  "@effect-oauth/client-credentials/ReplaySchedule",
  {
    defaultValue: (): Schedule.Schedule<unknown, Rejection> =>
      Schedule.recurs(2).pipe(Schedule.whileInput(({ renewable }: Rejection) => renewable))
  }
) {}

/**
 * A schedule of your own, for instance for an API whose servers learn of new tokens only after a moment.
 *
 * @example
 * import { ReplaySchedule } from "@effect-oauth/client-credentials"
 * import { Schedule } from "effect"
 *
 * export const Patient = ReplaySchedule.layer(
 *   Schedule.exponential("200 millis").pipe(Schedule.intersect(Schedule.recurs(3)))
 * )
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (schedule: Schedule.Schedule<unknown, Rejection>): Layer.Layer<ReplaySchedule> =>
  Layer.succeed(ReplaySchedule, schedule)
