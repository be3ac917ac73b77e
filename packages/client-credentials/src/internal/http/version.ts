/**
 * Version of this package. A test compares it with package.json.
 */
export const version = "3.0.0"
