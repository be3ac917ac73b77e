/**
 * Time that a test lets pass for tokens and limits, in milliseconds. What servers and programs read of each other, such as
 * `Date`, the claims of JWTs, assertions and proofs, is by the clock of the machine, which all of them share.
 */
export type Passed = () => number

/** The time that has passed where the clock itself is moved, as by `TestClock`. */
export const none: Passed = () => 0
