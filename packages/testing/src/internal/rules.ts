/**
 * Rules for options as data: each returns the problems of a value, with the path of the member and what it should be. The
 * members of a group are those of its type, so that an option without a rule does not compile.
 */
import { InvalidConfig } from "@effect-oauth/client-credentials"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { closest, distance } from "fastest-levenshtein"

export interface Problem {
  readonly setting: string
  readonly expected: string
  readonly found: unknown
}

export type Rule = (value: unknown, path: string) => ReadonlyArray<Problem>

/** Returns the nearest of the names, if its spelling is similar. */
const nearest = (text: string, names: ReadonlyArray<string>): string | undefined => {
  const caseless = new Map(names.map((name) => [name.toLowerCase(), name]))
  const found = closest(text.toLowerCase(), [...caseless.keys()])
  return names.length > 0 && distance(text.toLowerCase(), found) <= Math.max(2, text.length / 3)
    ? caseless.get(found)
    : undefined
}

const suggestion = (text: unknown, names: ReadonlyArray<string>): string => {
  const found = typeof text === "string" ? nearest(text, names) : undefined
  return found === undefined ? "" : `; the nearest is ${found}`
}

const problem = (path: string, expected: string, found: unknown): ReadonlyArray<Problem> => [
  { setting: path === "" ? "options" : path, expected, found }
]

export const that = (expected: string, isValid: (value: unknown) => boolean): Rule => (value, path) =>
  isValid(value) ? [] : problem(path, expected, value)

export const text = that("a string that is not empty", (value) => typeof value === "string" && value !== "")

/** A string that may be empty. */
export const anyText = that("a string", (value) => typeof value === "string")

export const flag = that("true or false", (value) => typeof value === "boolean")

export const callback = that("a function", (value) => typeof value === "function")

export const number = (from: number, to = Infinity): Rule =>
  that(
    to === Infinity ? `a number of ${from} or more` : `a number from ${from} to ${to}`,
    (value) => typeof value === "number" && Number.isFinite(value) && value >= from && value <= to
  )

export const integer = (from: number, to = Infinity): Rule =>
  that(
    to === Infinity ? `an integer of ${from} or more` : `an integer from ${from} to ${to}`,
    (value) => Number.isSafeInteger(value) && Number(value) >= from && Number(value) <= to
  )

/** A number of milliseconds of either sign. */
export const offset = that("a finite number", (value) => typeof value === "number" && Number.isFinite(value))

const millisOf = (value: unknown): number => {
  // Effect decodes NaN and a negative number as zero, which hides the mistake.
  if (typeof value === "number") return value
  if (typeof value === "string" && value.trim().startsWith("-")) return NaN
  try {
    return Duration.toMillis(value as Duration.DurationInput)
  } catch {
    return NaN
  }
}

const finite = (value: unknown, from: number): boolean => Number.isFinite(millisOf(value)) && millisOf(value) >= from

export const duration = that("a finite duration such as \"30 seconds\"", (value) => finite(value, 0))

export const positiveDuration = that(
  "a finite duration above 0 such as \"30 seconds\"",
  (value) => finite(value, Number.MIN_VALUE)
)

export const url = that("an absolute URL", (value) => typeof value === "string" && URL.canParse(value))

export const oneOf = (names: ReadonlyArray<string>): Rule => (value, path) =>
  names.includes(String(value)) && (typeof value === "string" || typeof value === "number") ? [] : problem(
    path,
    `one of ${names.map((name) => JSON.stringify(name)).join(", ")}${suggestion(value, names)}`,
    value
  )

export const nullable = (rule: Rule): Rule => (value, path) => value === null ? [] : rule(value, path)

/** Strings (and numbers, by which names of statuses may be written) have one rule, all other values another one. */
export const named = (names: Rule, other: Rule): Rule => (value, path) =>
  (typeof value === "string" || typeof value === "number" ? names : other)(value, path)

export const list = (rule: Rule, least = 0): Rule => (value, path) => {
  if (!Array.isArray(value) || value.length < least) {
    return problem(path, least === 0 ? "a list" : `a list of ${least} or more`, value)
  }
  return value.flatMap((one, index) => rule(one, `${path}[${index}]`))
}

type Members = Readonly<Record<string, unknown>>

const isMembers = (value: unknown): value is Members =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const at = (path: string, name: string): string => path === "" ? name : `${path}.${name}`

export const object = that("an object", isMembers)

/** An object whose members all have one rule. */
export const record = (rule: Rule): Rule => (value, path) =>
  isMembers(value)
    ? Object.entries(value).flatMap(([name, one]) => rule(one, at(path, name)))
    : problem(path, "an object", value)

/** An object with these members. One that is undefined counts as absent. */
export const group = <O extends object>(
  members: { readonly [Name in keyof Required<O>]: Rule },
  required: ReadonlyArray<keyof O & string> = []
): Rule => {
  const known: Readonly<Record<string, Rule>> = members
  const names = Object.keys(known)
  const necessary: ReadonlyArray<string> = required
  return (value, path) => {
    if (!isMembers(value)) return problem(path, "an object", value)
    const unknown = Object.keys(value).filter((name) => !Object.hasOwn(known, name) && value[name] !== undefined)
    return [
      ...unknown.flatMap((name) => problem(at(path, name), `no such option${suggestion(name, names)}`, value[name])),
      ...Object.entries(known).flatMap(([name, rule]) =>
        value[name] === undefined && !necessary.includes(name) ? [] : rule(value[name], at(path, name))
      )
    ]
  }
}

/** Fails with all problems of a value. */
export const check = (rule: Rule, value: unknown, path = ""): Effect.Effect<void, InvalidConfig.InvalidConfig> =>
  Effect.suspend(() => reported(rule(value, path)))

export const reported = (problems: ReadonlyArray<Problem>): Effect.Effect<void, InvalidConfig.InvalidConfig> =>
  problems.length === 0 ? Effect.void : new InvalidConfig.InvalidConfig({
    problems: problems.map(({ expected, setting }) => ({ setting, expected }))
  })

/** The problem of a name that is not among the known ones. */
export const unknownName = (setting: string, what: string, name: string, names: ReadonlyArray<string>) =>
  problem(setting, `${what}, which are ${names.join(", ")}${suggestion(name, names)}`, name)
