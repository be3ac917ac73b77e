/**
 * What is wrong with the environment, for the person at the terminal. In Effect 4, errors of a configuration do not contain
 * others, so one message has all mistakes.
 */
import type { Config } from "effect"

/** One line for each mistake in the environment. */
export const explain = (error: Error | Config.ConfigError): string => {
  const mistakes = [...error.message.matchAll(/data at [\w.]+: "(.*?)"(?= and |$)/gs)].map(([, mistake]) => mistake)
  return mistakes.length === 0 ? error.message : mistakes.join("\n")
}
