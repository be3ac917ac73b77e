/**
 * A TCP proxy before a server. It does what networks do: it becomes silent, delays, and cuts or resets connections.
 */
import { type AddressInfo, connect, createServer, type Socket } from "node:net"

import { Effect } from "effect"

/**
 * - `silent`: what connections carry that are open is lost; new ones are forwarded.
 * - `cut`: connections that are open end at what they would carry next; new ones are forwarded.
 * - `faulty`: a connection ends at each fifth of what passes, at random.
 * - a number: what passes is late by so many milliseconds.
 */
export type Mode = "forward" | "silent" | "cut" | "faulty" | number

export const start = (target: number) =>
  Effect.gen(function*() {
    let mode: Mode = "forward"
    const sockets = new Set<Socket>()
    /** How many connections were made. */
    let connections = 0
    /** What becomes of those that were open when the proxy became silent, or began to cut. */
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
        // Before the command took effect, or after it.
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
