/**
 * Runs every command: its output goes to the screen, its failure is explained, and its outcome determines the exit code.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import type * as Option from "effect/Option"

import { codes } from "../ExitCode.js"
import { harmless } from "./ansi.js"
import { explain } from "./explain.js"
import type { Failure } from "./Failure.js"
import type { Outcome } from "./outcome.js"
import * as ownWords from "./ownWords.js"
import * as Screen from "./Screen.js"

/** The options of all commands. */
export interface Common {
  readonly profile: Option.Option<string>
  readonly quiet: boolean
  readonly verbose: boolean
}

/** A program that continues in place of a command, after the command has released everything. Returns its exit code. */
export type Successor = Effect.Effect<number, Failure>

/** The end of a command: its outcome, or a program that continues in its place. */
export type Ended = Outcome | Successor

/** The library's own warnings, a line each. A warning that is repeated, such as by another read of the store, is shown once. */
const logger = ({ complain, err, quiet }: Screen.Service) => {
  let last: string | undefined
  return Logger.replace(
    Logger.defaultLogger,
    Logger.make(({ logLevel, message }) => {
      if (quiet && LogLevel.lessThan(logLevel, LogLevel.Error)) return
      const text = ownWords.of(Array.isArray(message) ? message.map(String).join(" ") : String(message))
      if (text === last) return
      last = text
      Effect.runFork(complain(`${err.yellow(`${logLevel.label.toLowerCase().replace("warn", "warning")}:`)} ${text}`))
    })
  )
}

const report = (cause: Cause.Cause<unknown>, { complain, err }: Screen.Service): Effect.Effect<Outcome> =>
  Effect.gen(function*() {
    if (Cause.isInterruptedOnly(cause)) return yield* Effect.interrupt
    const { message, outcome } = explain(Cause.squash(cause))
    yield* complain(message.split("\n").map((line) => `${err.red("error:")} ${harmless(line)}`).join("\n"))
    const level = yield* FiberRef.get(FiberRef.currentMinimumLogLevel)
    if (LogLevel.lessThanEqual(level, LogLevel.Debug)) yield* complain(err.dim(Cause.pretty(cause)))
    return outcome
  })

/** Runs a command: its failure is reported, and its outcome becomes the exit code. Returns the program that continues. */
export const run = (
  common: Common,
  command: Effect.Effect<Ended | number, unknown, Screen.Screen>
): Effect.Effect<Successor | undefined> =>
  Effect.suspend(() => {
    const screen = Screen.make(common)
    return command.pipe(
      Effect.provide(Layer.merge(Layer.succeed(Screen.Screen, screen), logger(screen))),
      Effect.catchAllCause((cause) => report(cause, screen)),
      Effect.map((ended) => {
        if (typeof ended === "object") return ended
        process.exitCode = typeof ended === "string" ? codes[ended] : ended
        return undefined
      })
    )
  })
