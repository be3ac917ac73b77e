/**
 * A server that responds with scripted bytes, at scripted times, and ends the connection as scripted.
 */
import * as Net from "node:net"
import * as Tls from "node:tls"

import { Effect, type Scope } from "effect"

/** Runs on a connection after a complete request has arrived. */
export type Script = (socket: Net.Socket, request: string) => void

export interface FaultServer {
  readonly origin: string
  readonly port: number
  /** Connections that are open on this side. */
  readonly open: ReadonlySet<Net.Socket>
  readonly requests: ReadonlyArray<string>
  readonly connections: () => number
  /** Sets the response to the next requests. */
  readonly answer: (script: Script) => void
}

const isWhole = (text: string): boolean => {
  const end = text.indexOf("\r\n\r\n")
  if (end === -1) return false
  return text.length - end - 4 >= Number(/^content-length: (\d+)$/im.exec(text.slice(0, end))?.[1] ?? 0)
}

/** Starts a server. With `onConnection`, it waits for nothing: not even a handshake. */
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

/** Sends some bytes, then nothing. */
export const bytes = (...parts: ReadonlyArray<string | Uint8Array>): Script => (socket) => {
  for (const part of parts) socket.write(part)
}

/** Sends some bytes, then ends this side of the connection. */
export const ending = (...parts: ReadonlyArray<string | Uint8Array>): Script => (socket) => {
  socket.end(Buffer.concat(parts.map((part) => Buffer.from(part as string))))
}

/** Sends some bytes, then a reset. */
export const reset = (part: Uint8Array): Script => (socket) => {
  if (part.length === 0) socket.resetAndDestroy()
  else socket.write(part, () => socket.resetAndDestroy())
}

/** Sends a part, then the rest byte by byte, forever. */
export const drip = (first: string, rest: string, every = 20): Script => (socket) => {
  socket.write(first)
  let at = 0
  const timer = setInterval(() => socket.write(rest[at++ % rest.length] ?? ""), every)
  socket.on("close", () => clearInterval(timer))
}

/** Sends a part, then the rest repeatedly, as fast as it is read. */
export const endless = (first: string, rest: Uint8Array): Script => (socket) => {
  const write = () => {
    while (!socket.destroyed && socket.write(rest));
  }
  socket.write(first)
  socket.on("drain", write)
  write()
}
