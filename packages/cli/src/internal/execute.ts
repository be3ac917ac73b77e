/**
 * Runs a command; its outcome is the exit code.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"

import { codes } from "../ExitCode.js"
import * as codeCache from "./codeCache.js"
import type * as commandLine from "./commandLine.js"
import { type Common, type Ended, run, type Successor } from "./run.js"
import { Screen } from "./Screen.js"

interface Module {
  readonly run: (options: Common) => Effect.Effect<Ended, unknown, Screen>
}

/** Options without a default are `Option`s. */
const valuesOf = ({ command, values }: Extract<commandLine.Request, { readonly _tag: "Run" }>): Common => ({
  ...Object.fromEntries(
    Object.entries(command.options).map(([key, option]) => [
      key,
      option.type === "flag" || option.default !== undefined ? values[key] : Option.fromNullable(values[key])
    ])
  ),
  args: values.args
} as unknown as Common)

const levelOf = (text: string | undefined): LogLevel.LogLevel =>
  LogLevel.allLevels.find(({ _tag, label }) => [label, _tag].some((one) => one.toLowerCase() === text)) ??
    LogLevel.Info

/** Commands start more slowly without the code cache, so that is reported unless the cache is off. */
const withoutCache: Effect.Effect<void, never, Screen> = Effect.flatMap(Screen, ({ err, note }) => {
  const directory = codeCache.here()
  const problem = directory === undefined ? undefined : codeCache.problem(directory)
  return problem === undefined ? Effect.void : note(
    `${err.yellow("warning:")} Commands start more slowly, since the cache ${directory} ${problem.reason}. ` +
      `${problem.remedy}, or set NODE_DISABLE_COMPILE_CACHE=1 to do without the cache.`
  )
})

/** Runs the command. Returns a function that interrupts it, so that it cleans up, and sets its exit code. */
export const execute = (
  request: Extract<commandLine.Request, { readonly _tag: "Run" }>
): (exitCode: number) => void => {
  let interruptedWith: number | undefined
  let isTerminated = false
  process.once("SIGTERM", () => {
    isTerminated = true
  })

  const options = valuesOf(request)
  let successor: Successor | undefined
  const program = run(
    options,
    Effect.zipRight(
      withoutCache,
      Effect.flatMap(
        Effect.promise(request.command.load as () => Promise<unknown> as () => Promise<Module>),
        (module) => module.run(options)
      )
    )
  ).pipe(
    Effect.map((found) => {
      successor = found
    }),
    Logger.withMinimumLogLevel(levelOf(request.logLevel))
  )

  const codeOf = (exit: Exit.Exit<unknown, unknown>): number =>
    Exit.isSuccess(exit)
      ? Number(process.exitCode ?? codes.success)
      : !Cause.isInterrupted(exit.cause)
      ? codes.unexpected
      : isTerminated
      ? codes.terminated
      : codes.interrupted

  NodeRuntime.runMain(program, {
    disableErrorReporting: true,
    // The pretty logger would write to standard output, in addition to the logger of the commands.
    disablePrettyLogger: true,
    teardown: (exit, onExit) => {
      if (interruptedWith !== undefined) return onExit(interruptedWith)
      if (successor === undefined) return onExit(codeOf(exit))
      // The handlers of signals are removed by now: those of the program are in use.
      Effect.runCallback(run(options, successor), { onExit: (ended) => onExit(codeOf(ended)) })
    }
  })

  return (exitCode) => {
    interruptedWith = exitCode
    process.emit("SIGINT")
  }
}
