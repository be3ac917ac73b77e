/**
 * The outcomes of a command, each with an exit code.
 */
import type { codes } from "../ExitCode.js"

export type Outcome = keyof typeof codes

/** Returns the outcome of a call, by the status of the response. */
export const ofStatus = (status: number): Outcome =>
  status >= 500 ? "failed" : status >= 400 ? "rejected" : status >= 300 ? "redirected" : "success"
