/**
 * Errors of configuration providers.
 */
import * as ConfigError from "effect/ConfigError"

/** Creates the error of a variable that is missing or invalid. */
export const make = (path: ReadonlyArray<string>, value: unknown, message: string): ConfigError.ConfigError =>
  value === undefined ? ConfigError.MissingData([...path], message) : ConfigError.InvalidData([...path], message)

/** Combines several errors into one. */
export const all = (errors: ReadonlyArray<ConfigError.ConfigError>): ConfigError.ConfigError =>
  errors.reduce((left, right) => ConfigError.And(left, right))
