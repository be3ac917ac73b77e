/**
 * Reads options from environment variables. Problems with their values are reported as errors that name the variables.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"

import { InvalidConfig } from "../../InvalidConfig.js"
import { tagOf } from "../protocol/foreignError.js"
import * as configErrors from "../seam/configErrors.js"
import { collect, printable, type Problem } from "./check.js"
import { isValid, type Kind, type Source } from "./credentialSource.js"
import * as rules from "./rules.js"

type Values<K extends string> = { readonly [S in K]: string | undefined }

/** Source of options, and the options that take precedence. */
export interface Given {
  readonly prefix: string | undefined
  readonly overrides: Readonly<Record<string, unknown>>
}

/** Validates the options of a `layerEnv`: the prefix, and the names of the overrides. `examine` reports further problems. */
export const given = (
  options: unknown,
  names: ReadonlyArray<string> | undefined,
  examine: (check: ReturnType<typeof collect>, overrides: Readonly<Record<string, unknown>>) => void = () => {}
): Effect.Effect<Given, InvalidConfig> =>
  Effect.suspend(() => {
    const check = collect()
    const { overrides, prefix } = rules.members(
      check,
      options,
      names === undefined ? ["prefix"] : ["prefix", "overrides"]
    )
    const isPrefix = prefix === undefined || printable(prefix)
    check.expect("prefix", isPrefix ? true : undefined, "a string such as BILLING")
    let found: Readonly<Record<string, unknown>> = {}
    if (overrides !== undefined && names !== undefined) {
      if (typeof overrides === "object" && overrides !== null && !Array.isArray(overrides)) {
        const within = check.at("overrides")
        found = Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== undefined))
        rules.known(within, found, names)
        examine(within, found)
      } else check.expect("overrides", undefined, "an object of options")
    }
    return check.problems.length > 0
      ? new InvalidConfig({ problems: check.problems })
      : Effect.succeed({ prefix: isPrefix ? prefix : undefined, overrides: found })
  })

/** A credential of the environment: its present value and its source. */
interface Found {
  readonly now: Source
  readonly source: Source
  readonly problem: Problem | undefined
}

/** Returns a reader of variables with this prefix. */
export const reader = (prefix: string | undefined, isPlain = false) => {
  const named = (variable: string) => prefix === undefined ? variable : `${prefix}_${variable}`

  const nested = <A>(config: Config.Config<A>): Config.Config<A> =>
    prefix === undefined ? config : Config.nested(config, prefix)

  const error = (variable: string, value: unknown, expected: string): ConfigError.ConfigError => {
    const path = prefix === undefined ? [variable] : [prefix, variable]
    const message = `Expected ${named(variable)} to be ${expected}`
    return configErrors.make(path, value, message)
  }

  const text = (variable: string): Config.Config<string | undefined> =>
    Config.option(nested(Config.string(variable))).pipe(
      Config.map((value) => Option.getOrUndefined(Option.filter(value, (text) => text !== "")))
    )

  return {
    error,
    named,
    text,

    /** Reads the variables of settings. An empty variable counts as absent; those of `overridden` are not read. */
    all: <V extends Readonly<Record<string, string>>>(
      variables: V,
      overridden: (setting: string) => boolean = () => false
    ): Effect.Effect<Values<keyof V & string>, ConfigError.ConfigError> =>
      Config.all(
        Object.fromEntries(
          Object.entries(variables).map(([setting, variable]) => [
            setting,
            overridden(setting) ? Config.succeed(undefined) : text(variable)
          ])
        ) as { [K in keyof V & string]: Config.Config<string | undefined> }
      ) as Config.Config<Values<keyof V & string>>,

    /**
     * Parses a boolean. A string that is neither true nor false is returned unchanged, and reported by the rule of the option.
     */
    flag: (value: string | undefined): boolean | string | undefined =>
      value === "true" || value === "false" ? value === "true" : value,

    /**
     * Reads a credential from the variable, or from the file, which is read now to verify that it is readable, and again for
     * each use. An invalid credential is represented by one that fails, so that it is not also reported as missing.
     */
    credential: (
      kind: Kind,
      setting: string,
      value: string | undefined,
      file: string | undefined,
      variable: string
    ): Effect.Effect<Found | undefined, never, FileSystem.FileSystem> => {
      const wrong = (expected: string): Found => {
        const none = Effect.fail(expected)
        return { now: none, source: none, problem: { setting: `${setting}File`, expected } }
      }
      if (file === undefined) {
        const now = value === undefined ? undefined : Redacted.make(value)
        return Effect.succeed(now === undefined ? undefined : { now, source: now, problem: undefined })
      }
      if (value !== undefined) {
        return Effect.succeed(wrong(`unset if ${named(variable)} is set: only one of them is used`))
      }
      return Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const source = Effect.map(fs.readFileString(file), (text) => Redacted.make(text.replace(/\r?\n$/, "")))
        const now = yield* Effect.either(source)
        if (Either.isLeft(now)) return wrong(`the path of a file that can be read (${tagOf(now.left)})`)
        return isValid(kind, now.right)
          ? { now: now.right, source, problem: undefined }
          : wrong(`the path of a file that contains only the ${kind}`)
      })
    },

    /**
     * Converts problems to errors that name the variables, or to an `InvalidConfig` if one concerns an option of `overrides` or
     * the program is without Effect.
     */
    errors: (
      variables: Readonly<Record<string, string>>,
      values: Readonly<Record<string, string | undefined>>,
      overrides: Readonly<Record<string, unknown>>,
      settingOf: (setting: string) => string = (setting) => setting
    ) =>
    (problems: ReadonlyArray<Problem>): ConfigError.ConfigError | InvalidConfig => {
      const isOverride = ({ setting }: Problem) =>
        Object.hasOwn(overrides, setting.split(".")[0] ?? "") &&
        !(setting.includes(".") && variables[setting] !== undefined)
      const found = problems.map((problem) => {
        if (isOverride(problem)) return { name: `overrides.${problem.setting}`, expected: problem.expected }
        const setting = settingOf(problem.setting)
        const file = values[`${setting}File`]
        const [variable, value] = file === undefined
          ? [variables[setting] ?? setting, values[setting]]
          : [variables[`${setting}File`] ?? setting, file]
        const isOfContent = file !== undefined && !problem.expected.startsWith("unset")
        const expected = isOfContent ? `the path of a file with ${problem.expected}` : problem.expected
        return { name: named(variable), expected, error: error(variable, value, expected) }
      })
      const errors = found.flatMap(({ error }) => error ?? [])
      return isPlain || errors.length < found.length
        ? new InvalidConfig({ problems: found.map(({ expected, name }) => ({ setting: name, expected })) })
        : configErrors.all(errors)
    }
  }
}

/** Returns the declared rejections: those of the option, with the statuses of the variable if the option names none. */
export const rejectedWhen = (option: unknown, statuses: string | undefined): unknown => {
  if (statuses === undefined || (option !== undefined && (typeof option !== "object" || option === null))) return option
  const declared: { readonly statuses?: unknown } = option ?? {}
  return {
    ...declared,
    statuses: declared.statuses ??
      statuses.split(/[\s,]+/).filter((status) => status !== "").map((status) =>
        /^\d+$/.test(status) ? Number(status) : Number.NaN
      )
  }
}

/** Returns the variable of the statuses, unless an option declares them: then a problem with them concerns the option. */
export const statusVariable = (
  overrides: Readonly<Record<string, unknown>>,
  variable: string
): Readonly<Record<string, string>> => {
  const option: unknown = overrides["rejectedWhen"]
  const hasStatuses = typeof option === "object" && option !== null && "statuses" in option &&
    option.statuses !== undefined
  return hasStatuses ? {} : { "rejectedWhen.statuses": variable }
}
