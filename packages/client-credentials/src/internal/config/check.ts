/**
 * Validation of options. Every module that takes options validates them here, so that all problems are reported together,
 * in the same form and with their paths (`tokenEndpoint.timeout`).
 */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"

import { isRecord } from "../protocol/json.js"
import type { Problem } from "../protocol/options.js"
import * as durations from "../seam/durations.js"

export { isPrintable as printable, type Problem } from "../protocol/options.js"

/** Rule of a duration. */
export interface DurationRule {
  /** Value that is used when the option is absent. */
  readonly default: Duration.DurationInput
  /** True if 0 is invalid. Default: false. */
  readonly positive?: boolean
}

/** Rule of a number. */
export interface NumberRule {
  /** Value that is used when the option is absent. Without it, the option is required. */
  readonly default?: number
  readonly min: number
  readonly max?: number
  /** True if only integers are valid. Default: false. */
  readonly integer?: boolean
}

export interface Check {
  /** All problems found so far, in every group. */
  readonly problems: Array<Problem>
  /** Reports a problem when the value is undefined, at most one for each setting. Returns the value. */
  readonly expect: <A>(setting: string, value: A | undefined, expected: string) => A | undefined
  /** Validates a duration; an infinite or negative one is invalid. Returns milliseconds. */
  readonly duration: (setting: string, value: unknown, rule: DurationRule) => number
  readonly number: (setting: string, value: unknown, rule: NumberRule) => number
  readonly flag: (setting: string, value: unknown, byDefault: boolean) => boolean
  /** Validates that a value is one of those allowed; the first of them is the default. */
  readonly oneOf: <const A extends ReadonlyArray<string>>(setting: string, value: unknown, allowed: A) => A[number]
  /** Returns a check for a group of options, whose name becomes the first part of each path. */
  readonly at: (group: string) => Check
}

/** Returns the numbers of a duration: a single number, or seconds and nanoseconds. */
const parts = (value: unknown): ReadonlyArray<number | bigint> =>
  (Array.isArray(value) ? value : [value]).filter((part) => typeof part === "number" || typeof part === "bigint")

const millisOf = (value: unknown): number | undefined => {
  // Effect decodes a negative number and NaN as zero, which hides the mistake.
  if (parts(value).some((part) => typeof part === "number" ? !(part >= 0) : part < 0n)) return undefined
  if (typeof value === "string" && /^\s*-/.test(value)) return undefined
  const millis = Option.map(durations.decode(value), Duration.toMillis)
  return Option.isSome(millis) && Number.isFinite(millis.value) && millis.value >= 0 ? millis.value : undefined
}

const range = ({ integer, max, min }: NumberRule): string => {
  const kind = integer === true ? "an integer" : "a number"
  if (integer === true && min === 1 && max === undefined) return "a positive integer"
  return max === undefined ? `${kind} of ${min} or more` : `${kind} from ${min} to ${max}`
}

export const collect = (): Check => {
  const problems: Array<Problem> = []

  const under = (path: string): Check => {
    const expect = <A>(setting: string, value: A | undefined, expected: string): A | undefined => {
      const full = path + setting
      if (value === undefined && !problems.some((problem) => problem.setting === full)) {
        problems.push({ setting: full, expected })
      }
      return value
    }
    return {
      problems,
      expect,
      duration: (setting, value, { default: byDefault, positive = false }) => {
        const millis = millisOf(value === undefined ? byDefault : value)
        return expect(
          setting,
          millis !== undefined && (millis > 0 || !positive) ? millis : undefined,
          `a finite duration${positive ? " above 0" : ""} such as "30 seconds"`
        ) ?? 0
      },
      number: (setting, value, rule) => {
        const given = value === undefined ? rule.default : value
        const { integer = false, max = Infinity, min } = rule
        const isValid = typeof given === "number" && given >= min && given <= max &&
          (integer ? Number.isSafeInteger(given) : Number.isFinite(given))
        return expect(setting, isValid ? given : undefined, range(rule)) ?? min
      },
      flag: (setting, value, byDefault) =>
        expect(
          setting,
          value === undefined ? byDefault : typeof value === "boolean" ? value : undefined,
          "true or false"
        ) ??
          byDefault,
      oneOf: (setting, value, allowed) =>
        expect(
          setting,
          value === undefined ? allowed[0] : allowed.find((name) => name === value),
          allowed.join(" or ")
        ) ?? allowed[0] ?? "",
      at: (group) => under(`${path}${group}.`)
    }
  }
  return under("")
}

/** Returns the options as an object. Options that are not an object are reported by the rules of their names. */
export const given = <O extends object>(options: O): Partial<O> => isRecord(options) ? options : {}
