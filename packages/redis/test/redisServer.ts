/**
 * A real Redis on a free port, for as long as the scope lives; it can be killed and started again meanwhile.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import type { AddressInfo } from "node:net"
import { createServer } from "node:net"

import { Effect } from "effect"

export const isInstalled = spawnSync("redis-server", ["--version"]).status === 0

if (!isInstalled) console.log("No redis-server on this machine: its tests are skipped.")

const freePort = Effect.async<number>((resume) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const { port } = server.address() as AddressInfo
    server.close(() => resume(Effect.succeed(port)))
  })
})

const launch = (port: number) =>
  Effect.async<ChildProcess>((resume) => {
    const child = spawn("redis-server", [
      "--port",
      String(port),
      "--bind",
      "127.0.0.1",
      "--save",
      "",
      "--appendonly",
      "no"
    ])
    child.stdout.on("data", (chunk: Buffer) => {
      if (chunk.toString().includes("Ready to accept connections")) resume(Effect.succeed(child))
    })
  })

const kill = (child: ChildProcess) =>
  Effect.async<void>((resume) => {
    if (child.exitCode !== null || child.signalCode !== null) return resume(Effect.void)
    child.once("exit", () => resume(Effect.void))
    child.kill("SIGKILL")
  })

export const start = Effect.gen(function*() {
  const port = yield* freePort
  let child = yield* launch(port)
  yield* Effect.addFinalizer(() => Effect.suspend(() => kill(child)))
  return {
    port,
    kill: Effect.suspend(() => kill(child)),
    restart: Effect.map(launch(port), (started) => {
      child = started
    })
  }
})
