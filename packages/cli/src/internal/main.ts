/**
 * The arguments are read, a command is run, and its outcome is the exit code.
 */
import * as CliConfig from "@effect/cli/CliConfig"
import * as ValidationError from "@effect/cli/ValidationError"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Cause from "effect/Cause"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"

import { codes } from "../ExitCode.js"
import * as Ansi from "./ansi.js"
import { cli, grammar } from "./Cli.js"
import * as commandLine from "./commandLine.js"
import * as errorCode from "./errorCode.js"
import { mended, shorten, withoutValue } from "./helpText.js"

/** Why nothing can be written any more, after which the program is interrupted, so that it leaves nothing behind. */
let outputError: string | undefined
process.stdout.on("error", (error) => {
  outputError = errorCode.of(error)
  process.emit("SIGINT")
})
// Nobody listens to what is said, and the work goes on.
process.stderr.on("error", () => {})

let isTerminated = false
process.once("SIGTERM", () => {
  isTerminated = true
})

/** Help, and mistakes in arguments, with colours where they are wanted. */
const line = (stream: NodeJS.WriteStream, before: string) => (...parts: ReadonlyArray<unknown>): Effect.Effect<void> =>
  Effect.sync(() => {
    const said = parts.map(String).join(" ").trim()
    const text = said.includes("COMPREPLY") ? mended(said) : withoutValue(shorten(said))
    stream.write(`${before}${Ansi.isWanted(process.env, stream.isTTY) ? text : Ansi.strip(text)}\n`)
  })

const screened = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.consoleWith((console) =>
    Effect.withConsole(effect, { ...console, log: line(process.stdout, ""), error: line(process.stderr, "error: ") })
  )

const usage = Effect.sync(() => {
  process.stderr.write("Run effect-oauth --help, or effect-oauth COMMAND --help, for commands and options.\n")
  process.exitCode = codes.usage
})

Either.match(commandLine.read(process.argv.slice(2), grammar), {
  onLeft: (problem) => Effect.zipRight(Console.error(problem), usage),
  onRight: (args) =>
    Effect.catchIf(cli([...process.argv.slice(0, 2), ...args]), ValidationError.isValidationError, () => usage)
}).pipe(
  screened,
  Effect.provide(
    Layer.merge(NodeContext.layer, CliConfig.layer({ isCaseSensitive: true, showBuiltIns: false, showTypes: false }))
  ),
  (program) =>
    NodeRuntime.runMain(program, {
      disableErrorReporting: true,
      // It would write to standard output, beside the logger of the commands.
      disablePrettyLogger: true,
      teardown: (exit, onExit) => {
        if (outputError !== undefined && outputError !== "EPIPE") {
          process.stderr.write(`error: Standard output could not be written (${outputError}).\n`)
        }
        onExit(
          // A reader that has seen enough, as head has, is no mistake.
          outputError === "EPIPE"
            ? codes.success
            : outputError !== undefined
            ? codes.file
            : Exit.isSuccess(exit)
            ? Number(process.exitCode ?? codes.success)
            : !Cause.isInterrupted(exit.cause)
            ? codes.unexpected
            : isTerminated
            ? codes.terminated
            : codes.interrupted
        )
      }
    })
)
