/**
 * Prompts on the terminal, written to standard error: standard output is for results.
 */
import input from "@inquirer/input"
import choose from "@inquirer/select"
import * as Effect from "effect/Effect"

import { Failure } from "./Failure.js"

const context = { output: process.stderr, clearPromptOnDone: false }

/** Ends the prompt and the command on Ctrl-C. */
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
