/**
 * The bundled command, as a user runs it: a process of its own, with an empty home directory and nothing in its environment
 * but what the test says.
 */
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

import { Effect } from "effect"

export const path = fileURLToPath(new URL("../../dist/bundle/effect-oauth.js", import.meta.url))

export interface Ended {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

export interface Options {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string | undefined>>
  /** What is written to standard input, which is then closed. */
  readonly input?: string
  /** Whether standard input stays open. */
  readonly isOpen?: boolean
  /** Sees the process, to send it a signal say. */
  readonly started?: (child: ReturnType<typeof spawn>) => void
}

const start = (command: string, args: ReadonlyArray<string>, home: string, options: Options): Effect.Effect<Ended> =>
  Effect.async((resume) => {
    const child = spawn(command, args, {
      cwd: options.cwd ?? home,
      env: { PATH: process.env["PATH"], HOME: home, TERM: "xterm-256color", ...options.env },
      stdio: ["pipe", "pipe", "pipe"]
    })
    let [stdout, stderr] = ["", ""]
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text
    })
    child.once(
      "close",
      (code, signal) => resume(Effect.succeed({ exitCode: code ?? (signal === null ? -1 : 128), stdout, stderr }))
    )
    if (options.isOpen !== true) child.stdin.end(options.input ?? "")
    options.started?.(child)
    return Effect.sync(() => child.kill("SIGKILL"))
  })

/** A home directory for the length of the scope, and the command in it. */
export const home = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "effect-oauth-"))),
    (directory) => Effect.sync(() => rmSync(directory, { recursive: true, force: true }))
  ),
  (directory) => ({
    directory,
    run: (args: ReadonlyArray<string>, options: Options = {}) =>
      start(process.execPath, [path, ...args], directory, options),
    /** A line of shell on a terminal, in which `effect-oauth` is the command. */
    shellTerminal: (line: string, options: Options = {}) =>
      start(
        "script",
        ["-qefc", `effect-oauth() { "${process.execPath}" "${path}" "$@"; }; ${line}`, "/dev/null"],
        directory,
        { ...options, env: { SHELL: "/bin/bash", ...options.env } }
      ),
    /** A line of shell, in which `eo` is the command. */
    shell: (line: string, options: Options = {}) =>
      start("sh", ["-c", `eo() { "${process.execPath}" "${path}" "$@"; }\n${line}`], directory, options),
    /** On a terminal of its own (util-linux `script`), with the keys given. */
    terminal: (args: ReadonlyArray<string>, { input = "", ...options }: Options = {}) =>
      start(
        "script",
        ["-qefc", [process.execPath, path, ...args].map((one) => `'${one}'`).join(" "), "/dev/null"],
        directory,
        { ...options, input }
      )
  })
)
