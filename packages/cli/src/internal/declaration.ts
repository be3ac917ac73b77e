/**
 * Declarations of commands and options: data that the parser, the help and the completions read.
 */
import type * as Effect from "effect/Effect"
import type * as EffectOption from "effect/Option"

import type { Ended } from "./run.js"
import type { Screen } from "./Screen.js"

interface Described {
  readonly description: string
  /** The letter, which is written with one dash. */
  readonly short?: string
}

interface Valued extends Described {
  /** The name of the value in the help. */
  readonly placeholder: string
}

export interface Flag extends Described {
  readonly type: "flag"
}

export interface Text extends Valued {
  readonly type: "text"
  readonly completes?: "file" | "profile"
  readonly default?: string
}

export interface Choice extends Valued {
  readonly type: "choice"
  readonly choices: ReadonlyArray<string>
  readonly default?: string
}

export interface Numeric extends Valued {
  readonly type: "integer" | "number"
  readonly default?: number
}

export type Option = Flag | Text | Choice | Numeric

/** Options by their names in the program: `ignoreStdin` is written `--ignore-stdin`. */
export type Options = Readonly<Record<string, Option>>

/** The arguments after the options. */
export interface Arguments extends Valued {
  readonly completes?: "command"
}

type Value<O extends Option> = O extends Choice ? O["choices"][number] : O extends Text ? string : number

/** The values of options: those without a default may be absent. */
export type Values<O extends Options> = {
  readonly [K in keyof O]: O[K] extends Flag ? boolean
    : O[K] extends { readonly default: string | number } ? Value<O[K]>
    : EffectOption.Option<Value<O[K]>>
}

/** A command with its options as read. */
export interface Command {
  readonly description: string
  readonly options: Options
  readonly args?: Arguments | undefined
  readonly load: () => Promise<{ readonly run: (values: never) => Effect.Effect<Ended, unknown, Screen> }>
}

/** Checks at compile time that the module of the command accepts the declared options. */
export const command = <const O extends Options>(
  description: string,
  options: O,
  load: () => Promise<{ readonly run: (values: Values<O>) => Effect.Effect<Ended, unknown, Screen> }>
): Command => ({ description, options, load })

export const commandWithArguments = <const O extends Options>(
  description: string,
  args: Arguments,
  options: O,
  load: () => Promise<{
    readonly run: (
      values: Values<O> & { readonly args: ReadonlyArray<string> }
    ) => Effect.Effect<Ended, unknown, Screen>
  }>
): Command => ({ description, options, args, load })

/** `ignoreStdin` as it is written: `ignore-stdin`. */
export const written = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
