/**
 * The settings of one client: from a profile, or from the environment.
 */
import * as Path from "node:path"

import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"

import { harmless } from "./ansi.js"
import * as directories from "./directories.js"
import { Failure, usage } from "./Failure.js"
import { listed, nearest } from "./nearest.js"
import * as privateFile from "./privateFile.js"
import * as profileText from "./profileText.js"
import { Screen } from "./Screen.js"
import * as trust from "./trust.js"
import * as variables from "./variables.js"

export interface Settings {
  /** The origin of the settings, for messages. */
  readonly origin: string
  readonly profile: string | undefined
  readonly values: profileText.Values
  /** The token that another command passed, if there are no credentials to request another. */
  readonly given?: variables.Given | undefined
}

export const places: Effect.Effect<directories.Directories> = Effect.sync(directories.here)

export const profilePath = (name: string): Effect.Effect<string, Failure> =>
  profileText.isProfileName(name)
    ? Effect.map(places, ({ profiles }) => Path.join(profiles, name + directories.profileSuffix))
    : Effect.fail(usage(
      "The name of the profile is not valid.",
      "Use letters, digits, dots, hyphens and underscores, at most 64 of them."
    ))

export const profiles: Effect.Effect<ReadonlyArray<string>> = Effect.flatMap(
  places,
  (all) => Effect.map(privateFile.names(all.profiles), directories.profileNames)
)

/** Fails for a profile that other users can change, or whose secret they can read. */
const trusted = (path: string, values: profileText.Values): Effect.Effect<void, Failure> =>
  Effect.gen(function*() {
    const rejected = (message: string, remedy: string) => new Failure({ outcome: "configuration", message, remedy })
    const changeable = yield* privateFile.changeable(path)
    if (changeable !== undefined) {
      const { message, remedy } = trust.inWords(path, changeable)
      return yield* rejected(message, remedy)
    }
    if ((yield* privateFile.isOpen(path)) !== true) return
    if (variables.secrets.values.some((variable) => values[variable] !== undefined)) {
      return yield* rejected(
        `${path} holds a secret, and others may read it.`,
        `Run chmod 600 ${path}, and replace the secret if somebody may have seen it.`
      )
    }
    if (values[profileText.own.secretCommand] !== undefined) {
      return yield* rejected(`${path} names a command, and others may read it.`, `Run chmod 600 ${path}.`)
    }
  })

/** Reports suspicious variables as warnings. */
const reviewed = (chosen: Settings, names: ReadonlyArray<string>): Effect.Effect<Settings, never, Screen> =>
  Effect.gen(function*() {
    const { err, note } = yield* Screen
    const files: Record<string, string> = {}
    for (const variable of variables.secrets.files) {
      const path = chosen.values[variable]
      const text = path === undefined ? undefined : yield* Effect.orElseSucceed(privateFile.read(path), () => undefined)
      if (text !== undefined) files[variable] = text
    }
    for (const warning of [...variables.unknown(names), ...variables.surroundings(chosen.values, files)]) {
      yield* note(`${err.yellow("warning:")} ${chosen.origin}: ${warning}`)
    }
    return chosen
  })

/** The profile that was probably meant, the others, and the command that writes another one. */
const suggested = (name: string, known: ReadonlyArray<string>): string => {
  const found = nearest(name, known)
  const others = known.filter((one) => one !== found)
  const init = `effect-oauth init --profile ${name} writes another.`
  const rest = others.length === 0 ? "" : `${others.length === 1 ? "There is" : "There are"} ${listed(others, "and")}`
  return found === undefined
    ? `${rest}; ${init}`
    : `Did you mean ${found}? ${rest === "" ? "" : `${rest} too; `}${init}`
}

/** Returns the settings of a profile, which must exist. */
const ofProfile = (name: string): Effect.Effect<Settings, Failure, Screen> =>
  Effect.gen(function*() {
    const path = yield* profilePath(name)
    const text = yield* privateFile.read(path)
    if (text === undefined) {
      const known = yield* profiles
      return yield* new Failure({
        outcome: "configuration",
        message: `There is no profile "${name}".`,
        remedy: known.length === 0
          ? `Write it with effect-oauth init --profile ${name}.`
          : suggested(name, known)
      })
    }
    const values = yield* Either.mapLeft(profileText.read(text), (line) =>
      new Failure({
        outcome: "configuration",
        message: `Line ${line} of ${path} is not a setting.`,
        remedy: "Each line is NAME=value, or starts with #."
      }))
    yield* trusted(path, values)
    return yield* reviewed({ origin: `profile "${name}"`, profile: name, values }, Object.keys(values))
  })

/** Returns the settings for a command that makes no call, and so requires no API. */
export const withoutApi = ({ values, ...rest }: Settings): Settings => ({
  ...rest,
  values: { API_BASE_URL: "none", ...values }
})

const ofEnvironment: Effect.Effect<Settings> = Effect.sync(() => {
  const given = variables.given(process.env)
  const values = Object.fromEntries(
    Object.entries(process.env).flatMap(([variable, value]) =>
      variables.isKnown(variable) && value !== undefined && value !== "" ? [[variable, value]] : []
    )
  )
  return given === undefined ? { origin: "the environment", profile: undefined, values } : {
    origin: "the environment, with the token that was handed over",
    profile: undefined,
    values: Object.fromEntries(
      Object.entries(values).filter(([variable]) => variables.withoutAuthentication(variable))
    ),
    given
  }
})

const profileVariable = "EFFECT_OAUTH_PROFILE"

/**
 * Returns the name of the profile that the variable selects; undefined if it is not set. A misspelt variable must not select
 * another client, so it is an error.
 */
export const profileOfVariable: Effect.Effect<string | undefined, Failure> = Effect.suspend(() => {
  // On Windows, the case of a variable has no meaning.
  const named = (name: string) => process.platform === "win32" ? name.toUpperCase() : name
  const misspelt = Object.keys(process.env)
    .find((name) => /^(?:effect_oauth_|(?:effect_?)?oauth_?profile$)/i.test(name) && named(name) !== profileVariable)
  return misspelt === undefined ? Effect.succeed(process.env[profileVariable] || undefined) : new Failure({
    outcome: "configuration",
    message: `${harmless(misspelt)} is not a variable of effect-oauth. Nothing was sent.`,
    remedy: `Name the profile by ${profileVariable} or --profile, or unset the variable.`
  })
})

/**
 * Loads the settings of the profile that the command line or `EFFECT_OAUTH_PROFILE` names, without those of the environment, so
 * that the id of one client is never combined with the secret of another. Without a name, loads those of the environment, or of
 * the profile `default` if the environment configures no client, not even by misspelt variables.
 */
export const load = (named: Option.Option<string>): Effect.Effect<Settings, Failure, Screen> =>
  Effect.gen(function*() {
    // An empty name, for example of an unset variable, must not select another client.
    if (Option.isSome(named)) return yield* ofProfile(named.value)
    const name = yield* profileOfVariable
    if (name !== undefined) return yield* ofProfile(name)
    const environment = yield* ofEnvironment
    if (Object.keys(environment.values).some(variables.showsClient)) {
      return yield* reviewed(environment, Object.keys(process.env))
    }
    if ((yield* profiles).includes("default")) {
      const misspelt = variables.misspeltClient(Object.keys(process.env))
      if (misspelt === undefined) return yield* ofProfile("default")
      const [wrong, meant] = misspelt
      return yield* new Failure({
        outcome: "configuration",
        message: `${harmless(wrong)} is not a variable of effect-oauth. Nothing was sent.`,
        remedy: `Did you mean ${meant}? For the profile default, pass --profile default, or unset the variable.`
      })
    }
    yield* reviewed(environment, Object.keys(process.env))
    return yield* new Failure({
      outcome: "configuration",
      message: "No client is configured.",
      remedy:
        "Set OAUTH_ISSUER or OAUTH_TOKEN_URL, OAUTH_CLIENT_ID, OAUTH_CLIENT_SECRET_FILE and API_BASE_URL, or write a " +
        "profile with effect-oauth init."
    })
  })

export const provider = ({ values }: Settings): ConfigProvider.ConfigProvider =>
  // Values are not split into paths or lists: each setting is one string.
  ConfigProvider.fromMap(new Map(Object.entries(values)), { pathDelim: "\u0000", seqDelim: "\u0000" })
