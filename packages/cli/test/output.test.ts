/**
 * Standard output and standard error that cannot be written, for every way through the program.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import { codes } from "../src/ExitCode.js"
import * as binary from "./support/binary.js"

/** Help and completions run no command, and the version does not load the program. */
const lines = ["--version", "--help", "call --help", "--completions bash", "complete-words -- ca", "simulate"]

const each = (before: string, redirection: string) =>
  Effect.gen(function*() {
    const user = yield* binary.home
    return yield* Effect.forEach(lines, (line) => user.shell(`${before}\neo ${line} ${redirection}`))
  })

describe("standard output", () => {
  it.scopedLive(
    "that its reader has closed ends the program without a message, as SIGPIPE does",
    () =>
      Effect.gen(function*() {
        // A pipe whose last reader is gone before the program starts.
        const ends = yield* each("mkfifo pipe; exec 3<>pipe 4>pipe 3<&-; rm pipe", ">&4")
        assert.deepStrictEqual(ends, lines.map(() => ({ exitCode: codes.brokenPipe, stdout: "", stderr: "" })))
      }),
    120_000
  )

  it.scopedLive("on a full disk is reported on one line", () =>
    Effect.gen(function*() {
      const stderr = "error: Standard output could not be written (ENOSPC).\n"
      const ends = yield* each("", "> /dev/full")
      assert.deepStrictEqual(ends, lines.map(() => ({ exitCode: codes.file, stdout: "", stderr })))
    }), 120_000)
})

describe("standard error", () => {
  it.scopedLive("that cannot be written does not change the result", () =>
    Effect.gen(function*() {
      const user = yield* binary.home
      const exitCodes = yield* Effect.forEach(
        ["--unknown", "call", "status"],
        (line) => Effect.map(user.shell(`eo ${line} 2> /dev/full`), ({ exitCode }) => exitCode)
      )
      assert.deepStrictEqual(exitCodes, [codes.usage, codes.configuration, codes.configuration])
    }), 120_000)
})
