/**
 * The text of a log line, whose parts may be values.
 */

/** Returns the parts of a message, separated by spaces. Values that are not strings are converted to strings. */
export const textOf = (message: unknown): string => (Array.isArray(message) ? message : [message]).map(String).join(" ")
