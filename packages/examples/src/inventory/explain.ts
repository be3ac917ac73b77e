/**
 * What is wrong with the environment, for the person at the terminal.
 */
import { ConfigError } from "effect"

/** One line for each mistake in the environment. */
export const explain = (error: Error | ConfigError.ConfigError): string =>
  ConfigError.isConfigError(error) && (error._op === "And" || error._op === "Or")
    ? `${explain(error.left)}\n${explain(error.right)}`
    : error.message
