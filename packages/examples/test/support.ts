import { fileURLToPath } from "node:url"

import { Command } from "@effect/platform"
import { Effect, Stream } from "effect"

const text = (stream: Stream.Stream<Uint8Array, unknown>) => Stream.mkString(Stream.decodeText(Stream.orDie(stream)))

/** The file of a program, as `bundle.ts` has built it. */
export const program = (name: string): string => fileURLToPath(new URL(`../build/programs/${name}.js`, import.meta.url))

/** Runs a program in a process of its own. */
export const run = (file: string, args: ReadonlyArray<string>, environment: Readonly<Record<string, string>> = {}) =>
  Effect.gen(function*() {
    const process = yield* Command.start(Command.env(Command.make("node", program(file), ...args), environment))
    const [exitCode, stdout, stderr] = yield* Effect.all(
      [process.exitCode, text(process.stdout), text(process.stderr)],
      { concurrency: "unbounded" }
    )
    return { exitCode: Number(exitCode), stdout, stderr }
  }).pipe(Effect.scoped)
