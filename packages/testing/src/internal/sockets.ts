/**
 * Servers without sockets, put on sockets of this machine.
 */
import * as Http from "node:http"
import * as Https from "node:https"
import type { AddressInfo } from "node:net"

import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

import type * as host from "./host.js"

/** Where to listen. */
export interface Address {
  /** Default: a free one. */
  readonly port?: number | undefined
  /** The address to listen on. Default: `127.0.0.1`. */
  readonly host?: string | undefined
  /** The certificate and its private key as PEM, for `https:`. Default: none, `http:`. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined
}

/** A socket could not be opened, mostly because the port is in use. */
export class ListenFailed extends Data.TaggedError("ListenFailed")<{
  readonly port: number
  readonly message: string
}> {}

export interface Socket {
  readonly origin: string
  /** Hands what arrives to a server, and its response back; breaks the connection when the server does. */
  readonly serve: (host: () => host.Host, run: (effect: Effect.Effect<void>) => void) => void
}

const read = (request: Http.IncomingMessage): Promise<Uint8Array> =>
  new Promise((resolve, reject) => {
    const chunks: Array<Buffer> = []
    request.on("data", (chunk: Buffer) => chunks.push(chunk)).on("end", () => resolve(Buffer.concat(chunks))).on(
      "error",
      reject
    )
  })

const answer = (request: Http.IncomingMessage, response: Http.ServerResponse, { handle, origin }: host.Host) =>
  Effect.gen(function*() {
    const body = yield* Effect.promise(() => read(request))
    const headers = Object.fromEntries(
      Object.entries(request.headers).map((
        [name, value]
      ) => [name, Array.isArray(value) ? value.join(", ") : value ?? ""])
    )
    const found = yield* handle({
      method: request.method ?? "GET",
      url: new URL(request.url ?? "/", origin),
      headers,
      body,
      reason: undefined,
      certificate: undefined
    })
    const bytes = yield* Effect.promise(() => found.arrayBuffer())
    const cookies = found.headers.getSetCookie()
    response.writeHead(found.status, {
      ...Object.fromEntries(found.headers),
      ...(cookies.length === 0 ? {} : { "set-cookie": cookies })
    }).end(Buffer.from(bytes))
  }).pipe(
    Effect.catchTag("Broken", () => Effect.sync(() => request.socket.destroy())),
    // A handler that throws is a mistake in the test, which its author should read.
    Effect.catchAllDefect((defect) =>
      Effect.sync(() => {
        if (!response.headersSent) response.writeHead(500, { "content-type": "text/plain" })
        response.end(Cause.pretty(Cause.die(defect)))
      })
    )
  )

/** The name of an address in URLs. All addresses of the machine include that of the loopback interface. */
const named = (host: string): string =>
  host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host.includes(":") ? `[${host}]` : host

/** Opens a socket, until the scope is closed. */
export const listen = (
  { host = "127.0.0.1", port = 0, tls }: Address
): Effect.Effect<Socket, ListenFailed, Scope.Scope> => {
  const server: Http.Server | Https.Server = tls === undefined ? Http.createServer() : Https.createServer({ ...tls })
  const opened = Effect.async<string, ListenFailed>((resume) => {
    server.once("error", ({ message }) => resume(new ListenFailed({ port, message })))
    server.listen(port, host, () => {
      const { port: found } = server.address() as AddressInfo
      resume(Effect.succeed(`${tls === undefined ? "http" : "https"}://${named(host)}:${found}`))
    })
  })
  const closed = Effect.async<void>((resume) => {
    server.close(() => resume(Effect.void))
    server.closeAllConnections()
  })
  return Effect.map(Effect.acquireRelease(opened, () => closed), (origin) => ({
    origin,
    serve: (host, run) => {
      server.on("request", (request: Http.IncomingMessage, response: Http.ServerResponse) => {
        const left = Effect.async<void>((resume) => {
          response.once("close", () => resume(Effect.void))
        })
        run(Effect.raceFirst(answer(request, response, host()), left))
      })
    }
  }))
}
