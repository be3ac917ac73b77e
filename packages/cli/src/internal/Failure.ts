/**
 * The failure of a command: a message, its remedy, and the outcome that determines the exit code.
 */
import * as Data from "effect/Data"

import type { Outcome } from "./outcome.js"

export class Failure extends Data.TaggedError("Failure")<{
  readonly outcome: Outcome
  readonly message: string
  readonly remedy?: string | undefined
}> {}

export const usage = (message: string, remedy?: string): Failure => new Failure({ outcome: "usage", message, remedy })
