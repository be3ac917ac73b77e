/**
 * The version of this package, as its package.json states it: a test compares them.
 */
export const version = "3.0.0"
