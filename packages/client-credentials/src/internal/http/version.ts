/**
 * The version of this package, as its package.json states it: a test compares them.
 */
export const version = "0.0.0"
