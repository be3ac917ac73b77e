/**
 * A TCP proxy before a server, which can become silent as a network does that loses everything, and lose or reset some of what
 * passes.
 */
import { type AddressInfo, connect, createServer, type Socket } from "node:net"

import { Effect } from "effect"

type Mode = "forward" | "silent" | "faulty"

export const start = (target: number) =>
  Effect.gen(function*() {
    let mode: Mode = "forward"
    const sockets = new Set<Socket>()
    /** How many connections were made. */
    let connections = 0
    /** Connections that were open when the proxy became silent stay silent. */
    const silent = new WeakSet<Socket>()

    const link = (from: Socket, to: Socket) => {
      sockets.add(from)
      from.on("error", () => undefined)
      from.on("close", () => {
        sockets.delete(from)
        to.destroy()
      })
      from.on("data", (chunk: Buffer) => {
        if (silent.has(from)) return
        // Before the command took effect, or after it.
        if (mode === "faulty" && Math.random() < 0.2) from.destroy()
        else to.write(chunk)
      })
    }
    const server = createServer((client) => {
      connections += 1
      const upstream = connect(target, "127.0.0.1")
      link(client, upstream)
      link(upstream, client)
    })
    yield* Effect.acquireRelease(
      Effect.async<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
      () =>
        Effect.sync(() => {
          for (const socket of sockets) socket.destroy()
          server.close()
        })
    )
    const become = (next: Mode) =>
      Effect.sync(() => {
        mode = next
        if (next === "silent") { for (const socket of sockets) silent.add(socket) }
      })
    return {
      port: (server.address() as AddressInfo).port,
      become,
      connections: Effect.sync(() => connections)
    }
  })
