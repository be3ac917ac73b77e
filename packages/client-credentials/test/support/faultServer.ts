/**
 * A server that answers with bytes: what it is told to write, when, and how it ends the connection.
 */
import * as Net from "node:net"
import * as Tls from "node:tls"

import { Effect, type Scope } from "effect"

/** What is done with a connection on which a whole request has arrived. */
export type Script = (socket: Net.Socket, request: string) => void

export interface FaultServer {
  readonly origin: string
  readonly port: number
  /** Connections that are open as this side sees them. */
  readonly open: ReadonlySet<Net.Socket>
  readonly requests: ReadonlyArray<string>
  readonly connections: () => number
  /** How the next requests are answered. */
  readonly answer: (script: Script) => void
}

const isWhole = (text: string): boolean => {
  const end = text.indexOf("\r\n\r\n")
  if (end === -1) return false
  return text.length - end - 4 >= Number(/^content-length: (\d+)$/im.exec(text.slice(0, end))?.[1] ?? 0)
}

/** With `onConnection`, nothing is waited for: not even a handshake. */
export const start = (
  options: {
    readonly tls?: { readonly private: string; readonly cert: string } | undefined
    readonly onConnection?: ((socket: Net.Socket) => void) | undefined
    readonly port?: number | undefined
  } = {}
): Effect.Effect<FaultServer, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.async<FaultServer & { readonly close: Effect.Effect<void> }>((resume) => {
      const open = new Set<Net.Socket>()
      const requests: Array<string> = []
      let connections = 0
      let answer: Script = (socket) => socket.destroy()
      const serve = (socket: Net.Socket) => {
        let text = ""
        socket.on("error", () => undefined).on("end", () => socket.end())
        if (options.onConnection !== undefined) return options.onConnection(socket)
        socket.on("data", (data) => {
          text += data.toString("latin1")
          if (!isWhole(text)) return
          const request = text
          text = ""
          requests.push(request)
          answer(socket, request)
        })
      }
      const server = options.tls === undefined
        ? Net.createServer({ allowHalfOpen: true }, serve)
        : Tls.createServer({ key: options.tls.private, cert: options.tls.cert, allowHalfOpen: true }, serve)
      server.on("connection", (socket: Net.Socket) => {
        connections += 1
        open.add(socket)
        socket.on("error", () => undefined).on("close", () => open.delete(socket))
      }).on("tlsClientError", () => undefined)
      server.listen(options.port ?? 0, "127.0.0.1", () => {
        const { port } = server.address() as Net.AddressInfo
        resume(Effect.succeed({
          origin: `${
            options.tls === undefined && options.onConnection === undefined ? "http" : "https"
          }://127.0.0.1:${port}`,
          port,
          open,
          requests,
          connections: () => connections,
          answer: (script) => {
            answer = script
          },
          close: Effect.async<void>((closed) => {
            server.close(() => closed(Effect.void))
            for (const socket of open) socket.destroy()
          })
        }))
      })
    }),
    ({ close }) => close
  )

/** Some bytes, and then nothing. */
export const bytes = (...parts: ReadonlyArray<string | Uint8Array>): Script => (socket) => {
  for (const part of parts) socket.write(part)
}

/** Some bytes, and the end of this side's. */
export const ending = (...parts: ReadonlyArray<string | Uint8Array>): Script => (socket) => {
  socket.end(Buffer.concat(parts.map((part) => Buffer.from(part as string))))
}

/** Some bytes, and a reset. */
export const reset = (part: Uint8Array): Script => (socket) => {
  if (part.length === 0) socket.resetAndDestroy()
  else socket.write(part, () => socket.resetAndDestroy())
}

/** A part, and then the rest byte by byte, for ever. */
export const drip = (first: string, rest: string, every = 20): Script => (socket) => {
  socket.write(first)
  let at = 0
  const timer = setInterval(() => socket.write(rest[at++ % rest.length] ?? ""), every)
  socket.on("close", () => clearInterval(timer))
}

/** A part, and then the rest again and again, as fast as it is taken. */
export const endless = (first: string, rest: Uint8Array): Script => (socket) => {
  const write = () => {
    while (!socket.destroyed && socket.write(rest));
  }
  socket.write(first)
  socket.on("drain", write)
  write()
}
