/**
 * Errors of configuration providers.
 */
import * as ConfigError from "effect/ConfigError"

/** A variable that is missing, or has a value that it must not have. */
export const make = (path: ReadonlyArray<string>, value: unknown, message: string): ConfigError.ConfigError =>
  value === undefined ? ConfigError.MissingData([...path], message) : ConfigError.InvalidData([...path], message)

/** Several errors as one. */
export const all = (errors: ReadonlyArray<ConfigError.ConfigError>): ConfigError.ConfigError =>
  errors.reduce((left, right) => ConfigError.And(left, right))
