/**
 * A real Redis on a free port, until the scope closes; it can be killed and started again meanwhile.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import type { AddressInfo, Server } from "node:net"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { Duration, Effect, Schedule } from "effect"
import { Redis } from "ioredis"

export const isInstalled = spawnSync("redis-server", ["--version"]).status === 0

if (!isInstalled) console.log("No redis-server on this machine: its tests are skipped.")

export const freePort = Effect.async<number>((resume) => {
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
      // A replica may have written much more by the time that it is read.
      output += chunk.toString()
      if (output.includes(ready)) resume(Effect.succeed(child))
      output = output.slice(-1000)
    })
    child.once("exit", (code) => resume(Effect.dieMessage(`${program} ended with ${code}: ${output}`)))
  })

const kill = (child: ChildProcess) =>
  Effect.async<void>((resume) => {
    if (child.exitCode !== null || child.signalCode !== null) return resume(Effect.void)
    child.once("exit", () => resume(Effect.void))
    child.kill("SIGKILL")
  })

const directory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "redis-test-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

/** Starts a server with more arguments, such as `["--maxmemory", "1mb"]`. */
export const startWith = (args: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const port = yield* freePort
    // Replicas and nodes of a Cluster write files.
    const dir = yield* directory
    const launched = launch(
      "redis-server",
      ["--port", String(port), "--bind", "127.0.0.1", "--dir", dir, "--save", "", "--appendonly", "no", ...args],
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

/** A connection of the test's own. */
export const connect = (port: number) =>
  Effect.acquireRelease(
    Effect.sync(() => new Redis({ host: "127.0.0.1", port })),
    (client) => Effect.sync(() => client.disconnect())
  )

/** Lets each lease of a server age. */
export const age = (client: Redis, duration: Duration.Duration) =>
  Effect.promise(async () => {
    for (const key of await client.keys("*")) {
      const until = await client.hget(key, "leasedUntil")
      if (until !== null) await client.hset(key, "leasedUntil", Number(until) - Duration.toMillis(duration))
    }
  })

/** A Sentinel that was without processor time does nothing for half a minute, and repeats a failover after twice its time. */
const longest = "2 minutes"

/** Repeats a question until its answer meets a condition, and returns that answer. */
export const until = <A>(what: string, ask: Effect.Effect<A>, isSo: (answer: A) => boolean): Effect.Effect<A> =>
  ask.pipe(
    Effect.flatMap((answer) => isSo(answer) ? Effect.succeed(answer) : Effect.fail("not yet" as const)),
    Effect.retry(Schedule.spaced("100 millis")),
    Effect.timeoutFail({ duration: longest, onTimeout: () => new Error(`not within ${longest}: ${what}`) }),
    Effect.orDie
  )

/** Waits for a line in what `INFO` returns. */
export const informs = (client: Redis, line: string): Effect.Effect<void> =>
  Effect.flatMap(
    Effect.promise(() => client.info()),
    (info) =>
      info.includes(line)
        ? Effect.void
        : Effect.zipRight(Effect.promise(() => client.call("PING")), Effect.suspend(() => informs(client, line)))
  )

/** Starts a server that writes each change to a file before it answers. */
export const startPersistent = Effect.flatMap(directory, (dir) => startWith(["--appendonly", "yes", "--dir", dir]))

/** Takes the port of a server that was killed, so that no other server starts on it. It closes each connection. */
export const closing = (port: number) =>
  Effect.acquireRelease(
    Effect.async<Server>((resume) => {
      const server = createServer((socket) => socket.destroy())
      const done = () => resume(Effect.succeed(server))
      server.once("error", done).listen(port, "127.0.0.1", done)
    }),
    (server) => Effect.promise(() => new Promise((resolve) => server.close(resolve)))
  )

/** Starts a server that uses TLS, and returns its port. */
export const startTls = (ca: { readonly cert: string }, own: { readonly cert: string; readonly private: string }) =>
  Effect.gen(function*() {
    const port = yield* freePort
    const dir = yield* directory
    const files = { "ca.pem": ca.cert, "cert.pem": own.cert, "key.pem": own.private }
    for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text)
    const settings = {
      "tls-port": String(port),
      "tls-ca-cert-file": join(dir, "ca.pem"),
      "tls-cert-file": join(dir, "cert.pem"),
      "tls-key-file": join(dir, "key.pem"),
      "tls-auth-clients": "no"
    }
    yield* startWith(Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]))
    return port
  })

/** Starts a Sentinel that watches a primary alone, and replaces it after two seconds without an answer. */
export const startSentinel = (primary: number, name: string) =>
  Effect.gen(function*() {
    const port = yield* freePort
    const file = join(yield* directory, "sentinel.conf")
    writeFileSync(
      file,
      [
        `port ${port}`,
        "bind 127.0.0.1",
        `sentinel monitor ${name} 127.0.0.1 ${primary} 1`,
        `sentinel down-after-milliseconds ${name} 2000`,
        `sentinel failover-timeout ${name} 10000`
      ].join("\n")
    )
    const child = yield* launch("redis-sentinel", [file], "+monitor master")
    yield* Effect.addFinalizer(() => kill(child))
    return { port }
  })
