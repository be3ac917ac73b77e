/**
 * Decodes durations. In Effect 4, an object of units is a duration, and one without a known unit is zero. Here an object with
 * a misspelled unit is not a duration.
 */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"

const units = ["weeks", "days", "hours", "minutes", "seconds", "milliseconds", "microseconds", "nanoseconds"]

const hasUnits = (value: object): boolean => {
  const names = Object.keys(value)
  return names.length > 0 && names.every((name) => units.includes(name))
}

export const decode = (value: unknown): Option.Option<Duration.Duration> =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !Duration.isDuration(value) &&
    !hasUnits(value)
    ? Option.none()
    : Duration.fromInput(value as Duration.Input)
