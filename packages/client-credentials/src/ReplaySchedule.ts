/**
 * The schedule that determines whether and when a rejected call is sent again with a new token.
 *
 * **When to use**
 *
 * Provide another schedule for an API that accepts new tokens with a delay. Failed connections and statuses such as 503
 * are not replayed: use `HttpClient.retryTransient` around the `ApiClient`.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6750#section-3.1 | RFC 6750 section 3.1}
 * @see {@link https://www.rfc-editor.org/rfc/rfc9110#section-15.5.2 | RFC 9110 section 15.5.2}
 * @since 3.0.0
 */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Schedule from "effect/Schedule"

import type { Challenge } from "./Challenge.js"

/**
 * The input of the schedule: a rejected response.
 *
 * @since 3.0.0
 * @category models
 */
export class Rejection extends Data.Class<{
  /** The challenges of the response; empty if it has none. */
  readonly challenges: ReadonlyArray<Challenge>
  /**
   * True if a replay will be authorized differently. False for a legacy token without another secret, and for a token that
   * recently replaced a rejected one (`TokenCache.Options.rejectionPauses`): then a replay succeeds only if the API accepts
   * the same authorization later.
   */
  readonly renewable: boolean
}> {}

/**
 * The schedule in use: a reference, so that it appears in no layer's type. `ApiClient.make` reads it from its context.
 * Default: one replay without a pause if it has a new token, which is right for a token that expired early or was revoked.
 * A second one follows only where the new token came from another process and may have been revoked as well.
 *
 * It decides about responses that reject the token only, and only when the request can be sent again. Provide another
 * schedule to the layer of the client, for example for an API whose servers accept new tokens with a delay.
 *
 * @example
 * import { ReplaySchedule } from "@effect-oauth/client-credentials"
 * import { Layer, Schedule } from "effect"
 *
 * export const Patient = Layer.succeed(
 *   ReplaySchedule.ReplaySchedule,
 *   Schedule.exponential("200 millis").pipe(Schedule.intersect(Schedule.recurs(3)))
 * )
 *
 * @since 3.0.0
 * @category tags
 */
export class ReplaySchedule extends Context.Reference<ReplaySchedule>()(
  "@effect-oauth/client-credentials/ReplaySchedule",
  {
    defaultValue: (): Schedule.Schedule<unknown, Rejection> =>
      Schedule.whileInput(Schedule.recurs(2), ({ renewable }: Rejection) => renewable)
  }
) {}
