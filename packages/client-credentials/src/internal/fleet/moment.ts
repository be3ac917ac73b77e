/**
 * Stored moments in milliseconds since the epoch, within the range of `Date`.
 */
import * as Schema from "effect/Schema"

export const Moment = Schema.Number.pipe(Schema.between(-8.64e15, 8.64e15))
