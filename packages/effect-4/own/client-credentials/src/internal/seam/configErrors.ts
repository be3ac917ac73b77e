/**
 * Errors of configuration providers.
 */
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"

const ofMessage = (message: string) => new Config.ConfigError(new ConfigProvider.SourceError({ message }))

/** Creates the error of a variable that is missing or invalid. */
export const make = (path: ReadonlyArray<string>, value: unknown, message: string): Config.ConfigError =>
  ofMessage(`${value === undefined ? "Missing data" : "Invalid data"} at ${path.join(".")}: "${message}"`)

/** Combines several errors into one. */
export const all = (errors: ReadonlyArray<Config.ConfigError>): Config.ConfigError =>
  ofMessage(errors.map(({ cause }) => cause.message).join(" and "))
