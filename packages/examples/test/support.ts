import { fileURLToPath } from "node:url"

import { Command } from "@effect/platform"
import { Effect, Stream } from "effect"

const text = (stream: Stream.Stream<Uint8Array, unknown>) => Stream.mkString(Stream.decodeText(Stream.orDie(stream)))

/** Runs a built program, as a user does. */
export const run = (file: string, args: ReadonlyArray<string>, environment: Readonly<Record<string, string>> = {}) =>
  Effect.gen(function*() {
    const path = fileURLToPath(new URL(`../dist/${file}.js`, import.meta.url))
    const process = yield* Command.start(Command.env(Command.make("node", path, ...args), environment))
    const [exitCode, stdout, stderr] = yield* Effect.all(
      [process.exitCode, text(process.stdout), text(process.stderr)],
      { concurrency: "unbounded" }
    )
    return { exitCode: Number(exitCode), stdout, stderr }
  }).pipe(Effect.scoped)
