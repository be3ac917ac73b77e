/**
 * Errors of configuration providers.
 */
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"

const ofMessage = (message: string) => new Config.ConfigError(new ConfigProvider.SourceError({ message }))

/** A variable that is missing, or has a value that it must not have. */
export const make = (path: ReadonlyArray<string>, value: unknown, message: string): Config.ConfigError =>
  ofMessage(`${value === undefined ? "Missing data" : "Invalid data"} at ${path.join(".")}: "${message}"`)

/** Several errors as one. */
export const all = (errors: ReadonlyArray<Config.ConfigError>): Config.ConfigError =>
  ofMessage(errors.map(({ cause }) => cause.message).join(" and "))
