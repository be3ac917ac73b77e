/**
 * Errors of configuration providers. Those of Effect 4 have no constructor for a value that is not valid.
 */
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"

/** A variable that has a value that it must not have. */
export const invalid = (path: string, message: string): Config.ConfigError =>
  new Config.ConfigError(new ConfigProvider.SourceError({ message: `Invalid data at ${path}: "${message}"` }))
