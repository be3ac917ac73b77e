/**
 * Where a user's files are: the XDG Base Directory Specification. A relative path in a variable of it is ignored.
 */
import * as Path from "node:path"

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
