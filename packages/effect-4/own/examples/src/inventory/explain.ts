/**
 * Formats configuration errors for the terminal. In Effect 4, an error of a configuration does not contain others, so one
 * message lists all mistakes.
 */
import type { Config } from "effect"

/** Returns one line for each mistake in the environment. */
export const explain = (error: Error | Config.ConfigError): string => {
  const mistakes = [...error.message.matchAll(/data at [\w.]+: "(.*?)"(?= and |$)/gs)].map(([, mistake]) => mistake)
  return mistakes.length === 0 ? error.message : mistakes.join("\n")
}
