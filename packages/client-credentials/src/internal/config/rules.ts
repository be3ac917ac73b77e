/**
 * The options of a group as a table: one rule for each option. The table is what validates them, what gives them their
 * defaults, and what knows their names.
 */
import type * as Duration from "effect/Duration"
import * as Either from "effect/Either"

import { InvalidConfig } from "../../InvalidConfig.js"
import { isRecord } from "../protocol/json.js"
import { notAnObject, unknownNames } from "../protocol/options.js"
import { type Check, collect, type NumberRule } from "./check.js"

/** Reports what is wrong with the value of an option, and returns the value to use. */
export type Rule<A> = (check: Check, setting: string, value: unknown) => A

export type Rules = Readonly<Record<string, Rule<unknown>>>

export type Settings<R extends Rules> = { readonly [K in keyof R]: ReturnType<R[K]> }

/** A duration of 0 or more, in milliseconds. */
export const duration = (byDefault: Duration.DurationInput): Rule<number> => (check, setting, value) =>
  check.duration(setting, value, { default: byDefault })

/** A duration above 0, in milliseconds: a limit of 0 could never be kept. */
export const positiveDuration = (byDefault: Duration.DurationInput): Rule<number> => (check, setting, value) =>
  check.duration(setting, value, { default: byDefault, positive: true })

export const number = (rule: NumberRule): Rule<number> => (check, setting, value) => check.number(setting, value, rule)

/** Without a default, the option is required. */
export const positiveInteger = (byDefault?: number): Rule<number> =>
  number({ min: 1, integer: true, ...(byDefault === undefined ? {} : { default: byDefault }) })

export const flag = (byDefault: boolean): Rule<boolean> => (check, setting, value) =>
  check.flag(setting, value, byDefault)

/** One of these; the first is the default. */
export const oneOf =
  <const A extends ReadonlyArray<string>>(...allowed: A): Rule<A[number]> => (check, setting, value) =>
    check.oneOf(setting, value, allowed)

/** Whatever `read` understands. It returns undefined for what is not valid. */
export const parsed = <A>(
  { default: byDefault, expected, read }: {
    readonly default: A
    readonly expected: string
    readonly read: (value: unknown) => A | undefined
  }
): Rule<A> =>
(check, setting, value) => value === undefined ? byDefault : check.expect(setting, read(value), expected) ?? byDefault

/** A value that passes a test, or undefined. */
export const optional = <A>(expected: string, isValid: (value: unknown) => value is A): Rule<A | undefined> =>
  parsed<A | undefined>({ default: undefined, expected, read: (value) => isValid(value) ? value : undefined })

/** A value that passes a test; `otherwise` is never used, since the options are rejected. */
export const required =
  <A>(otherwise: A, expected: string, isValid: (value: unknown) => value is A): Rule<A> => (check, setting, value) =>
    check.expect(setting, isValid(value) ? value : undefined, expected) ?? otherwise

/** Reports the names for which there is no option: a misspelt option would be ignored in silence. */
export const known = (check: Check, options: object, names: Iterable<string>): void => {
  for (const { expected, setting } of unknownNames(options, names)) check.expect(setting, undefined, expected)
}

/** The options, if they are an object that holds none but those of these names. */
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

/** A group of options as an option of another group: its name becomes the first part of each path. */
export const nested = <const R extends Rules>(rules: R): Rule<Settings<R>> => (check, setting, value) => {
  if (value === undefined || isRecord(value)) return read(check.at(setting), rules, value)
  check.expect(setting, undefined, "an object of options")
  return read(collect(), rules, undefined)
}

/** The same for a group without which nothing is set up. */
export const optionalGroup =
  <const R extends Rules>(rules: R): Rule<Settings<R> | undefined> => (check, setting, value) =>
    value === undefined ? undefined : nested(rules)(check, setting, value)

/** An option that is not in the table would be reported as unknown at run time: the compiler refuses it. */
export type Ruled<O, R extends Rules> = { readonly [K in Exclude<keyof O, keyof R>]?: never }

/** The defaults of each group, which all clients share. */
const defaults = /*#__PURE__*/ new WeakMap<Rules, unknown>()

const isEmpty = (options: unknown): boolean => isRecord(options) && Object.keys(options).length === 0

/** The validated settings of a group, or an error that names every problem with its options. */
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
