/**
 * Messages for errors in the environment.
 */
import { ConfigError } from "effect"

/** Returns one line for each problem of the environment. */
export const explain = (error: Error | ConfigError.ConfigError): string =>
  ConfigError.isConfigError(error) && (error._op === "And" || error._op === "Or")
    ? `${explain(error.left)}\n${explain(error.right)}`
    : error.message
