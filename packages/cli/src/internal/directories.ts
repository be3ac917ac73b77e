/**
 * The directories of a user's files, by the XDG Base Directory Specification, or by the variables of Windows. A relative path in
 * a variable is ignored.
 */
import { homedir } from "node:os"
import * as Path from "node:path"

import { isProfileName } from "./profileText.js"

export interface Directories {
  /** Profiles, for the user to read and change. */
  readonly profiles: string
  /** Secrets that were passed to `init`. */
  readonly secrets: string
  /** The key of the token store. */
  readonly storeKey: string
  /** Tokens, sealed. */
  readonly tokens: string
}

type Environment = Readonly<Record<string, string | undefined>>

/** Returns the directories by the variables of the platform: `%APPDATA%` and `%LOCALAPPDATA%` on Windows. */
export const make = (environment: Environment, home: string, platform: NodeJS.Platform = "linux"): Directories => {
  const { isAbsolute, join } = platform === "win32" ? Path.win32 : Path.posix
  const base = (variables: ReadonlyArray<string>, ...fallback: ReadonlyArray<string>): string => {
    const named = variables.map((one) => environment[one]).find((value) => value !== undefined && isAbsolute(value))
    return join(named ?? join(home, ...fallback), "effect-oauth")
  }
  const [config, state] = platform === "win32"
    ? [
      base(["XDG_CONFIG_HOME", "APPDATA"], "AppData", "Roaming"),
      base(["XDG_STATE_HOME", "LOCALAPPDATA"], "AppData", "Local")
    ]
    : [base(["XDG_CONFIG_HOME"], ".config"), base(["XDG_STATE_HOME"], ".local", "state")]
  return {
    profiles: join(config, "profiles"),
    secrets: join(config, "secrets"),
    storeKey: join(state, "store.key"),
    tokens: join(state, "tokens")
  }
}

/** Returns the home directory, or the root for a user without a name and a home, as in containers. */
const home = (): string => {
  try {
    return homedir()
  } catch {
    return Path.sep
  }
}

/** Returns the directories of this user. */
export const here = (): Directories => make(process.env, home(), process.platform)

export const profileSuffix = ".env"

/** The profiles among the files of their directory. */
export const profileNames = (files: ReadonlyArray<string>): ReadonlyArray<string> =>
  files.flatMap((file) => {
    const name = file.slice(0, -profileSuffix.length)
    return file.endsWith(profileSuffix) && isProfileName(name) ? [name] : []
  }).sort()
