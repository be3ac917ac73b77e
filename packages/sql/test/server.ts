/**
 * Real servers on free ports of 127.0.0.1, each in its own directory until the scope closes.
 */
import { execFileSync, spawn } from "node:child_process"
import { chownSync, mkdtempSync, rmSync } from "node:fs"
import { type AddressInfo, createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { Effect, Schedule } from "effect"

export interface User {
  readonly uid?: number
  readonly gid?: number
}

/** Servers do not run as root; then they run as this user of the system. */
export const userOf = (name: string): User =>
  process.getuid?.() === 0
    ? { uid: Number(execFileSync("id", ["-u", name])), gid: Number(execFileSync("id", ["-g", name])) }
    : {}

export const freePort = Effect.async<number>((resume) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const { port } = server.address() as AddressInfo
    server.close(() => resume(Effect.succeed(port)))
  })
})

export const directory = (name: string, user: User) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const path = mkdtempSync(join(tmpdir(), `effect-oauth-${name}-`))
      if (user.uid !== undefined && user.gid !== undefined) chownSync(path, user.uid, user.gid)
      return path
    }),
    (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
  )

/** Starts a program, and returns when it reports that it is ready. `stop` ends it at once. */
export const launch = (
  { command, cwd, ready, user }: {
    readonly command: readonly [program: string, ...options: ReadonlyArray<string>]
    readonly cwd: string
    readonly ready: string
    readonly user: User
  }
) =>
  Effect.gen(function*() {
    const [program, ...options] = command
    const start = Effect.async<Effect.Effect<void>, string>((resume) => {
      const child = spawn(program, options, { ...user, cwd, stdio: ["ignore", "ignore", "pipe"] })
      let output = ""
      child.once("exit", (code) => resume(Effect.fail(`${program} ended with ${code}: ${output}`)))
      child.stderr.on("data", (chunk: Buffer) => {
        output += chunk.toString()
        const isReady = output.includes(ready)
        output = output.slice(-1000)
        if (!isReady) return
        resume(Effect.succeed(Effect.async<void>((ended) => {
          if (child.exitCode !== null || child.signalCode !== null) return ended(Effect.void)
          child.once("exit", () => ended(Effect.void))
          child.kill("SIGQUIT")
          setTimeout(() => child.kill("SIGKILL"), 2000).unref()
        })))
      })
    }).pipe(
      // What a server that was killed leaves behind ends a little later than it, and prevents the next start until then.
      Effect.retry({ times: 50, schedule: Schedule.spaced("200 millis") }),
      Effect.orDie
    )
    let end = yield* start
    const stop = Effect.suspend(() => end)
    yield* Effect.addFinalizer(() => stop)
    return {
      stop,
      restart: Effect.map(start, (next) => {
        end = next
      })
    }
  })
