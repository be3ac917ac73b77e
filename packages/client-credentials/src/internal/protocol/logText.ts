/**
 * Formats log lines, whose parts may be values of any type.
 */

/** Returns the parts of a message, separated by spaces. Values that are not strings are converted to strings. */
export const textOf = (message: unknown): string => (Array.isArray(message) ? message : [message]).map(String).join(" ")
