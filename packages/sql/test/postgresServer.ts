/**
 * A real Postgres on a free port, in a directory of its own, for as long as the scope lives.
 */
import { execFileSync, spawn, spawnSync } from "node:child_process"
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs"
import type { AddressInfo } from "node:net"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { Effect } from "effect"

const root = "/usr/lib/postgresql"

/** Debian keeps the server's programs out of the path. */
const programs = existsSync(root)
  ? readdirSync(root).map((version) => join(root, version, "bin")).filter((path) => existsSync(join(path, "initdb")))
    .at(-1)
  : undefined

export const isInstalled = programs !== undefined

if (!isInstalled) console.log("No Postgres server on this machine: its tests are skipped.")

/** It refuses to run as root, so then it runs as nobody else. */
const user = isInstalled && process.getuid?.() === 0
  ? { uid: Number(execFileSync("id", ["-u", "postgres"])), gid: Number(execFileSync("id", ["-g", "postgres"])) }
  : {}

const freePort = Effect.async<number>((resume) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const { port } = server.address() as AddressInfo
    server.close(() => resume(Effect.succeed(port)))
  })
})

export const start = Effect.gen(function*() {
  const port = yield* freePort
  const directory = mkdtempSync(join(tmpdir(), "effect-oauth-postgres-"))
  if (user.uid !== undefined) chownSync(directory, user.uid, user.gid)
  yield* Effect.addFinalizer(() => Effect.sync(() => rmSync(directory, { recursive: true, force: true })))
  const run = (program: string, ...options: ReadonlyArray<string>) =>
    spawnSync(join(programs ?? "", program), options, { ...user, stdio: "ignore", cwd: directory })
  run("initdb", "-D", join(directory, "data"), "-U", "tester", "--auth", "trust", "--no-sync")

  const launch = Effect.async<() => Effect.Effect<void>>((resume) => {
    const child = spawn(
      join(programs ?? "", "postgres"),
      ["-D", join(directory, "data"), "-h", "127.0.0.1", "-p", String(port), "-k", directory, "-F"],
      { ...user, cwd: directory, stdio: ["ignore", "ignore", "pipe"] }
    )
    child.stderr.on("data", (chunk: Buffer) => {
      if (!chunk.toString().includes("ready to accept connections")) return
      resume(Effect.succeed(() =>
        Effect.async<void>((ended) => {
          if (child.exitCode !== null) return ended(Effect.void)
          child.once("exit", () => ended(Effect.void))
          child.kill("SIGQUIT")
        })
      ))
    })
  })
  let stop = yield* launch
  yield* Effect.addFinalizer(() => Effect.suspend(() => stop()))
  return {
    url: `postgres://tester@127.0.0.1:${port}/postgres`,
    stop: Effect.suspend(() => stop()),
    restart: Effect.map(launch, (next) => {
      stop = next
    })
  }
})
