/**
 * A TCP proxy in front of a server with the faults of networks: silence, delays, and connections that are cut or reset.
 */
import { type AddressInfo, connect, createServer, type Socket } from "node:net"

import { Effect } from "effect"

/**
 * Modes of the proxy.
 *
 * - `silent`: data on open connections is lost; new ones are forwarded.
 * - `cut`: open connections are closed at the next data; new ones are forwarded.
 * - `faulty`: a connection is closed at a fifth of its data, at random.
 * - a number: data is delayed by that many milliseconds.
 */
export type Mode = "forward" | "silent" | "cut" | "faulty" | number

export const start = (target: number) =>
  Effect.gen(function*() {
    let mode: Mode = "forward"
    const sockets = new Set<Socket>()
    /** The number of connections made. */
    let connections = 0
    /** The modes of connections that were open when the proxy became silent or started to cut. */
    const marked = new WeakMap<Socket, "silent" | "cut">()

    const link = (from: Socket, to: Socket) => {
      sockets.add(from)
      from.on("error", () => undefined)
      from.on("close", () => {
        sockets.delete(from)
        to.destroy()
      })
      from.on("data", (chunk: Buffer) => {
        const mark = marked.get(from)
        if (mark === "silent") return
        // Data that was sent before the mode changed, or after it.
        if (mark === "cut" || (mode === "faulty" && Math.random() < 0.2)) from.destroy()
        else if (typeof mode === "number") setTimeout(() => to.write(chunk), mode)
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
        if (next === "silent" || next === "cut") { for (const socket of sockets) marked.set(socket, next) }
      })
    return {
      port: (server.address() as AddressInfo).port,
      become,
      connections: Effect.sync(() => connections)
    }
  })
