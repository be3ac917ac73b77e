/**
 * The bundled command, as a user runs it: with an empty home directory and only the environment of the test, in a separate
 * process, or in one that has loaded the bundle and has run other commands before.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { randomUUID } from "node:crypto"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

import { afterAll } from "@effect/vitest"
import { Effect } from "effect"

export const path = fileURLToPath(new URL("../../dist/bundle/effect-oauth.js", import.meta.url))

export interface Ended {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** Returns the result of a command, with tokens by their numbers only: on sockets their values end with random digits. */
const ended = (exitCode: number, stdout: string, stderr: string): Ended => {
  const [shownOut = "", shownErr = ""] = [stdout, stderr].map((text) =>
    text.replaceAll(/\b(token-\d+)-[0-9a-f]{8}\b/g, "$1")
  )
  return { exitCode, stdout: shownOut, stderr: shownErr }
}

export interface Place {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string | undefined>>
}

export interface Options extends Place {
  /** The content of standard input, which is then closed. */
  readonly input?: string
  /** True if standard input stays open. */
  readonly isOpen?: boolean
  /** Receives the process, for example to send it a signal. */
  readonly started?: (child: ReturnType<typeof spawn>) => void
}

const variables = (home: string, { env }: Place) => ({
  PATH: process.env["PATH"],
  HOME: home,
  TERM: "xterm-256color",
  ...env
})

const start = (command: string, args: ReadonlyArray<string>, home: string, options: Options): Effect.Effect<Ended> =>
  Effect.async((resume) => {
    const child = spawn(command, args, {
      cwd: options.cwd ?? home,
      env: variables(home, options),
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
      (code, signal) => resume(Effect.succeed(ended(code ?? (signal === null ? -1 : 128), stdout, stderr)))
    )
    // A command may end before it reads its input.
    child.stdin.on("error", () => {})
    if (options.isOpen !== true) child.stdin.end(options.input ?? "")
    options.started?.(child)
    return Effect.sync(() => child.kill("SIGKILL"))
  })

const host = fileURLToPath(new URL("./host.mjs", import.meta.url))

/** All of them, and those that wait for a command. Commands that run at the same time do so in different ones. */
const started: Array<ChildProcess> = []
const idle: Array<ChildProcess> = []

afterAll(() => started.forEach((child) => child.kill("SIGKILL")))

const newHost = (): ChildProcess => {
  const child = spawn(process.execPath, [host, path], { stdio: ["pipe", "pipe", "pipe", "ipc"] })
  child.stdin?.end()
  child.stdout?.setEncoding("utf8")
  child.stderr?.setEncoding("utf8")
  started.push(child)
  return child
}

/** The exit code of a command, or the message that its process is ready for another one. */
type Answer = { readonly exitCode: number } | { readonly isIdle: true }

/** The command in a process that has run others before; it has ended when nothing would keep its process alive. */
const startIn = (args: ReadonlyArray<string>, home: string, place: Place): Effect.Effect<Ended> =>
  Effect.async((resume) => {
    const child = idle.pop() ?? newHost()
    // Both streams end with it, so that all is there that was written before.
    const marker = `\0${randomUUID()}\0`
    const texts = { stdout: "", stderr: "" }
    let exitCode: number | undefined
    const end = (isDead = false) => {
      if (exitCode === undefined) return
      if (!isDead && !(texts.stdout.endsWith(marker) && texts.stderr.endsWith(marker))) return
      child.stdout?.off("data", out)
      child.stderr?.off("data", err)
      resume(Effect.succeed(ended(exitCode, texts.stdout.replace(marker, ""), texts.stderr.replace(marker, ""))))
    }
    const take = (name: keyof typeof texts) => (text: string) => {
      texts[name] += text
      end()
    }
    const [out, err] = [take("stdout"), take("stderr")]
    const answered = (message: Answer) => {
      if ("exitCode" in message) {
        exitCode = message.exitCode
        return end()
      }
      child.off("message", answered).off("close", died)
      idle.push(child)
    }
    const died = (code: number | null) => {
      exitCode ??= code ?? 128
      end(true)
    }
    child.stdout?.on("data", out)
    child.stderr?.on("data", err)
    child.on("message", answered).on("close", died)
    child.send({ args, cwd: place.cwd ?? home, env: variables(home, place), marker })
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
    /** The command in a process that may have run others before, which saves the start of Node for each. */
    run: (args: ReadonlyArray<string>, place: Place = {}) => startIn(args, directory, place),
    /** The command in a separate process. */
    spawn: (args: ReadonlyArray<string>, options: Options = {}) =>
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
    /** The command on a separate terminal (util-linux `script`), with the given keys as input. */
    terminal: (args: ReadonlyArray<string>, { input = "", ...options }: Options = {}) =>
      start(
        "script",
        ["-qefc", [process.execPath, path, ...args].map((one) => `'${one}'`).join(" "), "/dev/null"],
        directory,
        { ...options, input }
      )
  })
)
