/**
 * Where a user's files are: the XDG Base Directory Specification. A relative path in a variable of it is ignored.
 */
import { homedir } from "node:os"
import * as Path from "node:path"

import { isProfileName } from "./profileText.js"

export interface Directories {
  /** Profiles, for the user to read and change. */
  readonly profiles: string
  /** Secrets that `init` was told. */
  readonly secrets: string
  /** The key of the token store. */
  readonly storeKey: string
  /** Tokens, sealed. */
  readonly tokens: string
}

type Environment = Readonly<Record<string, string | undefined>>

const base = (environment: Environment, variable: string, fallback: string): string => {
  const value = environment[variable]
  return Path.join(value !== undefined && Path.isAbsolute(value) ? value : fallback, "effect-oauth")
}

export const make = (environment: Environment, home: string): Directories => {
  const config = base(environment, "XDG_CONFIG_HOME", Path.join(home, ".config"))
  const state = base(environment, "XDG_STATE_HOME", Path.join(home, ".local", "state"))
  return {
    profiles: Path.join(config, "profiles"),
    secrets: Path.join(config, "secrets"),
    storeKey: Path.join(state, "store.key"),
    tokens: Path.join(state, "tokens")
  }
}

/** A user without a name and a home, as containers have them, has the root. */
const home = (): string => {
  try {
    return homedir()
  } catch {
    return Path.sep
  }
}

/** Those of this user. */
export const here = (): Directories => make(process.env, home())

export const profileSuffix = ".env"

/** The profiles among the files of their directory. */
export const profileNames = (files: ReadonlyArray<string>): ReadonlyArray<string> =>
  files.flatMap((file) => {
    const name = file.slice(0, -profileSuffix.length)
    return file.endsWith(profileSuffix) && isProfileName(name) ? [name] : []
  }).sort()
