/**
 * Errors of configuration providers.
 */
import * as ConfigError from "effect/ConfigError"

/** A variable that has a value that it must not have. */
export const invalid = (path: string, message: string): ConfigError.ConfigError =>
  ConfigError.InvalidData([path], message)
