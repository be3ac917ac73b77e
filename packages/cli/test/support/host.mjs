/**
 * Runs the bundled command repeatedly in one process, which loads it once: each time with separate arguments, variables and
 * working directory, and until nothing keeps the process alive. Node does not start again, so tests of what Node reads at its
 * start (`NODE_OPTIONS`, the command line, standard input) require separate processes.
 */
import { createRequire } from "node:module"
import { Readable } from "node:stream"

import * as Clock from "effect/Clock"
import * as DefaultServices from "effect/DefaultServices"

const [, , path] = process.argv
const { main } = createRequire(path)("./program.cjs")

let marker
const end = process.exit

const finished = (code) => {
  if (marker === undefined) return
  for (const stream of [process.stdout, process.stderr]) stream.write(marker)
  marker = undefined
  process.send({ exitCode: code })
}

process.exit = finished
process.on("disconnect", () => end(0))
process.on("beforeExit", () => {
  finished(process.exitCode ?? 0)
  process.exitCode = undefined
  for (const signal of ["SIGINT", "SIGTERM"]) process.removeAllListeners(signal)
  for (const stream of [process.stdout, process.stderr]) stream.removeAllListeners("error")
  process.channel.ref()
  // A run that ended with something open, which would have ended with its process, does not come this far.
  process.send({ isIdle: true })
})

process.on("message", ({ args, cwd, env, marker: next }) => {
  marker = next
  process.chdir(cwd)
  for (const name of Object.keys(process.env)) Reflect.deleteProperty(process.env, name)
  Object.assign(process.env, env)
  process.argv = [process.execPath, path, ...args]
  Object.defineProperty(process, "stdin", { value: Readable.from([]), configurable: true })
  // The library remembers for each clock what a process was issued.
  DefaultServices.currentServices.initial.unsafeMap.set(Clock.Clock.key, Clock.make())
  process.channel.unref()
  main(args)
})
