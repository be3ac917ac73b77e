/**
 * The output of a command: results on standard output, everything else on standard error.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

import * as Ansi from "./ansi.js"
import { wrap } from "./wrap.js"

export interface Options {
  readonly quiet: boolean
  readonly verbose: boolean
}

export interface Service extends Options {
  /** True if standard output is a terminal. */
  readonly isTerminal: boolean
  readonly out: Ansi.Style
  readonly err: Ansi.Style
  readonly columns: number
  /** The width of tables: that of the terminal, or unlimited in a pipe. */
  readonly room: number
  /** Writes a sentence to standard output, wrapped on a terminal. */
  readonly say: (sentence: string) => Effect.Effect<void>
  /** Writes a line to standard output. */
  readonly print: (line: string) => Effect.Effect<void>
  /** Writes the content unchanged to standard output. */
  readonly write: (content: Uint8Array | string) => Effect.Effect<void>
  /** Writes a line to standard error, except with `--quiet`. */
  readonly note: (line: string) => Effect.Effect<void>
  /** Writes a line to standard error, also with `--quiet`. */
  readonly complain: (line: string) => Effect.Effect<void>
  /** Shows a line that the next one replaces; undefined if standard error is not a terminal. */
  readonly progress: ((line: string) => void) | undefined
}

export class Screen extends Context.Tag("@effect-oauth/cli/Screen")<Screen, Service>() {}

/**
 * Waits until the content is written, so that the last output is not lost when the process ends. If results cannot be written,
 * waits for the end of the program, which `main.ts` initiates.
 */
const writing = (stream: NodeJS.WriteStream) => (content: Uint8Array | string): Effect.Effect<void> =>
  Effect.async((resume) => {
    stream.write(content, (error) => {
      if (!(error instanceof Error) || stream === process.stderr) resume(Effect.void)
    })
  })

export const make = ({ quiet, verbose }: Options): Service => {
  const { env, stderr, stdout } = process
  const wrapped = (stream: NodeJS.WriteStream, text: string): string =>
    stream.isTTY && stream.columns > 0 ? wrap(text, stream.columns) : text
  const [out, err] = [writing(stdout), writing(stderr)]
  return {
    quiet,
    verbose,
    isTerminal: stdout.isTTY === true,
    out: Ansi.make(Ansi.isWanted(env, stdout.isTTY)),
    err: Ansi.make(Ansi.isWanted(env, stderr.isTTY)),
    columns: stdout.columns || 80,
    room: stdout.isTTY && stdout.columns > 0 ? stdout.columns : Infinity,
    say: (sentence) => out(`${wrapped(stdout, sentence)}\n`),
    print: (line) => out(`${line}\n`),
    write: out,
    note: (line) => quiet ? Effect.void : err(`${wrapped(stderr, line)}\n`),
    complain: (line) => err(`${wrapped(stderr, line)}\n`),
    progress: stderr.isTTY === true && !quiet
      ? (line) => void stderr.write(`\r\x1b[K${line}`)
      : undefined
  }
}
