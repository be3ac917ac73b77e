/**
 * What ends a command, in a sentence, with what to do about it and the exit code that says which kind it is.
 */
import * as Data from "effect/Data"

import type { Outcome } from "./outcome.js"

export class Failure extends Data.TaggedError("Failure")<{
  readonly outcome: Outcome
  readonly message: string
  readonly remedy?: string | undefined
}> {}

export const usage = (message: string, remedy?: string): Failure => new Failure({ outcome: "usage", message, remedy })
