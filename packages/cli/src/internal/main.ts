/**
 * Reads the arguments, and prints help and completions. Commands are run by `execute.ts`.
 */
import { readdirSync } from "node:fs"

import { codes } from "../ExitCode.js"
import * as commandLine from "./commandLine.js"
import * as completion from "./completion.js"
import * as directories from "./directories.js"
import { helpText } from "./helpText.js"
import * as output from "./output.js"
import { version } from "./version.js"
import { wrap } from "./wrap.js"

/** Help is for reading, in a pipe too. */
const helpColumns = (): number => Math.min(process.stdout.columns ?? 80, 100)

const profiles = (): ReadonlyArray<string> => {
  try {
    return directories.profileNames(readdirSync(directories.here().profiles))
  } catch {
    return []
  }
}

/** Returns the output of a request that runs no command. */
const print = (request: Exclude<commandLine.Request, { readonly _tag: "Run" }>): string => {
  switch (request._tag) {
    case "Help":
      return helpText(request.command, helpColumns())
    case "Version":
      return `${version}\n`
    case "Completions":
      return completion.scripts[request.shell] ?? ""
  }
}

const reject = (problem: string): void => {
  const hint = "Run effect-oauth --help, or effect-oauth COMMAND --help, for commands and options."
  const text = `error: ${problem}\n${hint}\n`
  process.stderr.write(process.stderr.isTTY ? wrap(text, process.stderr.columns) : text)
  process.exitCode = codes.usage
}

/** Runs the command of these arguments, and sets the exit code. */
export const main = (written: ReadonlyArray<string>): void => {
  // A command that runs replaces this, so that it is interrupted and cleans up.
  let end: (exitCode: number) => void = process.exit
  output.watch((exitCode) => end(exitCode))
  const args = written.length === 0 ? ["--help"] : written
  if (args[0] === "complete-words" && args[1] === "--") {
    process.stdout.write(completion.printed(completion.complete(args.slice(2), profiles)))
    return
  }
  const request = commandLine.read(args)
  if (request._tag === "Problem") reject(request.message)
  else if (request._tag === "Run") {
    void import("./execute.js").then(({ execute }) => {
      end = execute(request)
    })
  } else process.stdout.write(print(request))
}
