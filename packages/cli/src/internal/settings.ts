/**
 * The settings of one client: from a profile, or from the environment.
 */
import * as Path from "node:path"

import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"

import * as directories from "./directories.js"
import { Failure, usage } from "./Failure.js"
import * as privateFile from "./privateFile.js"
import * as profileText from "./profileText.js"

export interface Settings {
  /** Where they are from, for a sentence. */
  readonly origin: string
  readonly profile: string | undefined
  readonly values: profileText.Values
}

export const places: Effect.Effect<directories.Directories> = Effect.sync(directories.here)

export const profilePath = (name: string): Effect.Effect<string, Failure> =>
  profileText.isProfileName(name)
    ? Effect.map(places, ({ profiles }) => Path.join(profiles, name + directories.profileSuffix))
    : Effect.fail(usage(
      "That is no name for a profile.",
      "Use letters, digits, dots, hyphens and underscores, at most 64 of them."
    ))

export const profiles: Effect.Effect<ReadonlyArray<string>> = Effect.flatMap(
  places,
  (all) => Effect.map(privateFile.names(all.profiles), directories.profileNames)
)

const secrets = [
  "OAUTH_CLIENT_SECRET",
  "OAUTH_CLIENT_SECRET_PREVIOUS",
  "OAUTH_PRIVATE_KEY",
  "OAUTH_PRIVATE_KEY_PREVIOUS"
]

/** Those of a profile that must be there. */
const ofProfile = (name: string): Effect.Effect<Settings, Failure> =>
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
          : `There is ${known.join(", ")}; effect-oauth init --profile ${name} writes another.`
      })
    }
    const values = yield* Either.mapLeft(profileText.read(text), (line) =>
      new Failure({
        outcome: "configuration",
        message: `Line ${line} of ${path} is no setting.`,
        remedy: "Each line is NAME=value, or starts with #."
      }))
    if (secrets.some((variable) => values[variable] !== undefined) && (yield* privateFile.isOpen(path)) === true) {
      return yield* new Failure({
        outcome: "configuration",
        message: `${path} holds a secret, and others may read it.`,
        remedy: `Say chmod 600 ${path}, and replace the secret if somebody may have seen it.`
      })
    }
    return { origin: `profile "${name}"`, profile: name, values }
  })

/** The same for a command that makes no call, and so needs no API. */
export const withoutApi = ({ values, ...rest }: Settings): Settings => ({
  ...rest,
  values: { API_BASE_URL: "none", ...values }
})

/** Of the variables `API_...`, which other programs may have too, only these show that a client is configured. */
const showsClient = (variable: string): boolean => /^(OAUTH_|API_BASE_URL$|API_ORIGINS$)/.test(variable)

const isSetting = (variable: string): boolean => /^(OAUTH|API)_/.test(variable)

const ofEnvironment: Effect.Effect<Settings> = Effect.sync(() => ({
  origin: "the environment",
  profile: undefined,
  values: Object.fromEntries(
    Object.entries(process.env).flatMap(([variable, value]) =>
      isSetting(variable) && value !== undefined && value !== "" ? [[variable, value]] : []
    )
  )
}))

/**
 * Those of the profile named on the command line or in `EFFECT_OAUTH_PROFILE`, and nothing of the environment then, so that
 * the id of one client never meets the secret of another. Without a name: those of the environment, and if it has none,
 * those of the profile `default`.
 */
export const load = (named: Option.Option<string>): Effect.Effect<Settings, Failure> =>
  Effect.gen(function*() {
    // A name that is empty, of a variable that is not set say, must not become another client.
    if (Option.isSome(named)) return yield* ofProfile(named.value)
    const name = process.env["EFFECT_OAUTH_PROFILE"] ?? ""
    if (name !== "") return yield* ofProfile(name)
    const environment = yield* ofEnvironment
    if (Object.keys(environment.values).some(showsClient)) return environment
    if ((yield* profiles).includes("default")) return yield* ofProfile("default")
    return yield* new Failure({
      outcome: "configuration",
      message: "No client is configured.",
      remedy:
        "Set OAUTH_ISSUER or OAUTH_TOKEN_URL, OAUTH_CLIENT_ID, OAUTH_CLIENT_SECRET_FILE and API_BASE_URL, or write a " +
        "profile with effect-oauth init."
    })
  })

export const provider = ({ values }: Settings): ConfigProvider.ConfigProvider =>
  // Nothing is cut into paths or lists: a setting is a text.
  ConfigProvider.fromMap(new Map(Object.entries(values)), { pathDelim: "\u0000", seqDelim: "\u0000" })
