/**
 * A real Redis on a free port, for as long as the scope lives; it can be killed and started again meanwhile.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import type { AddressInfo } from "node:net"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { Effect } from "effect"

export const isInstalled = spawnSync("redis-server", ["--version"]).status === 0

if (!isInstalled) console.log("No redis-server on this machine: its tests are skipped.")

const freePort = Effect.async<number>((resume) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const { port } = server.address() as AddressInfo
    server.close(() => resume(Effect.succeed(port)))
  })
})

/** Starts a program of Redis, and waits until it is ready. */
const launch = (program: string, args: ReadonlyArray<string>, ready: string) =>
  Effect.async<ChildProcess>((resume) => {
    const child = spawn(program, args)
    let output = ""
    child.stdout.on("data", (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-1000)
      if (output.includes(ready)) resume(Effect.succeed(child))
    })
    child.once("exit", (code) => resume(Effect.dieMessage(`${program} ended with ${code}: ${output}`)))
  })

const kill = (child: ChildProcess) =>
  Effect.async<void>((resume) => {
    if (child.exitCode !== null || child.signalCode !== null) return resume(Effect.void)
    child.once("exit", () => resume(Effect.void))
    child.kill("SIGKILL")
  })

/** Starts a server with more arguments, such as `["--maxmemory", "1mb"]`. */
export const startWith = (args: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const port = yield* freePort
    const launched = launch(
      "redis-server",
      ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", ...args],
      "Ready to accept connections"
    )
    let child = yield* launched
    yield* Effect.addFinalizer(() => Effect.suspend(() => kill(child)))
    return {
      port,
      kill: Effect.suspend(() => kill(child)),
      restart: Effect.map(launched, (started) => {
        child = started
      })
    }
  })

export const start = startWith([])

export const isSentinelInstalled = isInstalled && spawnSync("redis-sentinel", ["--version"]).status === 0

/** Starts a Sentinel that watches a primary alone, and replaces it after half a second without an answer. */
export const startSentinel = (primary: number, name: string) =>
  Effect.gen(function*() {
    const port = yield* freePort
    const directory = mkdtempSync(join(tmpdir(), "redis-sentinel-"))
    yield* Effect.addFinalizer(() => Effect.sync(() => rmSync(directory, { recursive: true })))
    const file = join(directory, "sentinel.conf")
    writeFileSync(
      file,
      [
        `port ${port}`,
        "bind 127.0.0.1",
        `sentinel monitor ${name} 127.0.0.1 ${primary} 1`,
        `sentinel down-after-milliseconds ${name} 500`,
        `sentinel failover-timeout ${name} 5000`
      ].join("\n")
    )
    const child = yield* launch("redis-sentinel", [file], "+monitor master")
    yield* Effect.addFinalizer(() => kill(child))
    return { port }
  })
