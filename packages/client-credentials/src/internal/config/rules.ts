/**
 * Rules of a group of options as a table with one rule for each option. The table defines their validation, defaults and
 * names.
 */
import type * as Duration from "effect/Duration"
import * as Either from "effect/Either"

import { InvalidConfig } from "../../InvalidConfig.js"
import { isRecord } from "../protocol/json.js"
import { notAnObject, unknownNames } from "../protocol/options.js"
import { type Check, collect, type NumberRule } from "./check.js"

/** Reports the problems of the value of an option, and returns the value to use. */
export type Rule<A> = (check: Check, setting: string, value: unknown) => A

export type Rules = Readonly<Record<string, Rule<unknown>>>

export type Settings<R extends Rules> = { readonly [K in keyof R]: ReturnType<R[K]> }

/** Returns the rule of a duration of 0 or more, in milliseconds. */
export const duration = (byDefault: Duration.DurationInput): Rule<number> => (check, setting, value) =>
  check.duration(setting, value, { default: byDefault })

/** Returns the rule of a duration above 0, in milliseconds: a limit of 0 could never be met. */
export const positiveDuration = (byDefault: Duration.DurationInput): Rule<number> => (check, setting, value) =>
  check.duration(setting, value, { default: byDefault, positive: true })

export const number = (rule: NumberRule): Rule<number> => (check, setting, value) => check.number(setting, value, rule)

/** Returns the rule of a positive integer. Without a default, the option is required. */
export const positiveInteger = (byDefault?: number): Rule<number> =>
  number({ min: 1, integer: true, ...(byDefault === undefined ? {} : { default: byDefault }) })

export const flag = (byDefault: boolean): Rule<boolean> => (check, setting, value) =>
  check.flag(setting, value, byDefault)

/** Returns the rule of one of several values. The first is the default. */
export const oneOf =
  <const A extends ReadonlyArray<string>>(...allowed: A): Rule<A[number]> => (check, setting, value) =>
    check.oneOf(setting, value, allowed)

/** Returns the rule of values that `read` accepts; it returns undefined for invalid ones. */
export const parsed = <A>(
  { default: byDefault, expected, read }: {
    readonly default: A
    readonly expected: string
    readonly read: (value: unknown) => A | undefined
  }
): Rule<A> =>
(check, setting, value) => value === undefined ? byDefault : check.expect(setting, read(value), expected) ?? byDefault

/** Returns the rule of an optional value that passes a test. */
export const optional = <A>(expected: string, isValid: (value: unknown) => value is A): Rule<A | undefined> =>
  parsed<A | undefined>({ default: undefined, expected, read: (value) => isValid(value) ? value : undefined })

/** Returns the rule of a required value that passes a test. `otherwise` is never used, since the options are rejected. */
export const required =
  <A>(otherwise: A, expected: string, isValid: (value: unknown) => value is A): Rule<A> => (check, setting, value) =>
    check.expect(setting, isValid(value) ? value : undefined, expected) ?? otherwise

/** Reports the names for which there is no option: a misspelled option would otherwise be ignored silently. */
export const known = (check: Check, options: object, names: Iterable<string>): void => {
  for (const { expected, setting } of unknownNames(options, names)) check.expect(setting, undefined, expected)
}

/** Returns the options if they are an object with these names only. */
export const members = (
  check: Check,
  options: unknown,
  names: Iterable<string>
): Readonly<Record<string, unknown>> => {
  if (isRecord(options)) {
    known(check, options, names)
    return options
  }
  check.expect(notAnObject.setting, undefined, notAnObject.expected)
  return {}
}

/** Validates the options of a group against its rules. */
export const read = <const R extends Rules>(check: Check, rules: R, options: unknown): Settings<R> => {
  const given = options === undefined ? {} : members(check, options, Object.keys(rules))
  return Object.fromEntries(
    Object.entries(rules).map(([name, rule]) => [name, rule(check, name, given[name])])
  ) as Settings<R>
}

/** Returns the rule of a group of options within another group. Its name becomes the first part of each path. */
export const nested = <const R extends Rules>(rules: R): Rule<Settings<R>> => (check, setting, value) => {
  if (value === undefined || isRecord(value)) return read(check.at(setting), rules, value)
  check.expect(setting, undefined, "an object of options")
  return read(collect(), rules, undefined)
}

/** Returns the rule of an optional group, without which the feature is disabled. */
export const optionalGroup =
  <const R extends Rules>(rules: R): Rule<Settings<R> | undefined> => (check, setting, value) =>
    value === undefined ? undefined : nested(rules)(check, setting, value)

/** Makes the compiler reject an option without a rule, which would be reported as unknown at run time. */
export type Ruled<O, R extends Rules> = { readonly [K in Exclude<keyof O, keyof R>]?: never }

/** Defaults of each group, which all clients share. */
const defaults = /*#__PURE__*/ new WeakMap<Rules, unknown>()

const isEmpty = (options: unknown): boolean => isRecord(options) && Object.keys(options).length === 0

/** Returns the validated settings of a group, or an error that lists every problem of its options. */
export const validate = <const R extends Rules, O extends object>(
  rules: R,
  options: O & Ruled<O, R>
): Either.Either<Settings<R>, InvalidConfig> => {
  const known = isEmpty(options) ? defaults.get(rules) : undefined
  if (known !== undefined) return Either.right(known as Settings<R>)
  const check = collect()
  const settings = read(check, rules, options)
  if (check.problems.length > 0) return Either.left(new InvalidConfig({ problems: check.problems }))
  if (isEmpty(options)) defaults.set(rules, settings)
  return Either.right(settings)
}
