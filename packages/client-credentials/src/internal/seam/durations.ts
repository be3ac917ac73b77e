/**
 * Durations of unknown values.
 */
import * as Duration from "effect/Duration"
import type * as Option from "effect/Option"

export const decode: (value: unknown) => Option.Option<Duration.Duration> = (value) =>
  Duration.decodeUnknown(value as Duration.DurationInput)
