/**
 * Moments that were written down, in milliseconds since the epoch: within what a `Date` can hold.
 */
import * as Schema from "effect/Schema"

export const Moment = Schema.Number.pipe(Schema.between(-8.64e15, 8.64e15))
