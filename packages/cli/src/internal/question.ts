/**
 * Questions on the terminal, by standard error, so that standard output stays the command's own.
 */
import input from "@inquirer/input"
import choose from "@inquirer/select"
import * as Effect from "effect/Effect"

import { Failure } from "./Failure.js"

const context = { output: process.stderr, clearPromptOnDone: false }

/** Ctrl-C ends the question, and the command. */
const asked = <A>(question: (signal: AbortSignal) => Promise<A>): Effect.Effect<A, Failure> =>
  Effect.tryPromise({
    try: question,
    catch: () => new Failure({ outcome: "interrupted", message: "Interrupted." })
  })

export const text = (
  options: { readonly message: string; readonly validate: (text: string) => true | string }
): Effect.Effect<string, Failure> => asked((signal) => input(options, { ...context, signal }))

export interface Choice<A> {
  readonly name: string
  readonly value: A
  readonly description?: string
}

export const select = <A>(
  options: { readonly message: string; readonly choices: ReadonlyArray<Choice<A>> }
): Effect.Effect<A, Failure> => asked((signal) => choose<A>(options, { ...context, signal }))
