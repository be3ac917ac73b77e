/**
 * Servers without sockets, connected to sockets of this machine.
 */
import * as Http from "node:http"
import * as Https from "node:https"
import type { AddressInfo, Socket } from "node:net"

import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

import type * as host from "./host.js"

/** An address to listen on. */
export interface Address {
  /** The port. Default: a free one. */
  readonly port?: number | undefined
  /** The address to listen on. Default: `127.0.0.1`. */
  readonly host?: string | undefined
  /** The certificate and its private key as PEM, for `https:`. Default: none, `http:`. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined
}

/** A socket could not be opened, usually because the port is in use. */
export class ListenFailed extends Data.TaggedError("ListenFailed")<{
  readonly port: number
  readonly message: string
}> {}

export interface Listener {
  readonly origin: string
  /** Passes received requests to a server, and its responses back; breaks the connection when the server does. */
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

/** Returns the URL of a request, undefined for a target that is not a path. A path may begin with two slashes. */
const urlOf = (origin: string, target: string): URL | undefined =>
  target.startsWith("/") && URL.canParse(origin + target) ? new URL(origin + target) : undefined

/** Reads the body of a response, as far as it is sent. */
const bodyOf = async ({ body }: Response): Promise<{ readonly bytes: Buffer; readonly isWhole: boolean }> => {
  const chunks: Array<Uint8Array> = []
  const reader = body?.getReader()
  try {
    for (let next = await reader?.read(); next?.done === false; next = await reader?.read()) chunks.push(next.value)
    return { bytes: Buffer.concat(chunks), isWhole: true }
  } catch {
    return { bytes: Buffer.concat(chunks), isWhole: false }
  }
}

const answer = (
  request: Http.IncomingMessage,
  response: Http.ServerResponse,
  { handle, origin }: host.Host,
  reset: () => void
) =>
  Effect.gen(function*() {
    const body = yield* Effect.promise(() => read(request))
    const headers = Object.fromEntries(
      Object.entries(request.headers).map((
        [name, value]
      ) => [name, Array.isArray(value) ? value.join(", ") : value ?? ""])
    )
    const url = urlOf(origin, request.url ?? "/")
    if (url === undefined) return void response.writeHead(400).end()
    const found = yield* handle({
      method: request.method ?? "GET",
      url,
      headers,
      body,
      reason: undefined,
      certificate: undefined
    })
    const { bytes, isWhole } = yield* Effect.promise(() => bodyOf(found))
    const cookies = found.headers.getSetCookie()
    response.writeHead(found.status, {
      ...Object.fromEntries(found.headers),
      ...(cookies.length === 0 ? {} : { "set-cookie": cookies })
    })
    if (isWhole) response.end(bytes)
    // What is written arrives before the end of the connection.
    else response.write(bytes, () => request.socket.destroy())
  }).pipe(
    Effect.catchTag("Broken", () => Effect.sync(reset)),
    // A handler that throws is a mistake in the test, which is reported to its author.
    Effect.catchAllDefect((defect) =>
      Effect.sync(() => {
        if (!response.headersSent) response.writeHead(500, { "content-type": "text/plain" })
        response.end(Cause.pretty(Cause.die(defect)))
      })
    )
  )

/** Returns the name of an address in URLs. All addresses of the machine include that of the loopback interface. */
const named = (host: string): string =>
  host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host.includes(":") ? `[${host}]` : host

/** Opens a socket, until the scope is closed. */
export const listen = (
  { host = "127.0.0.1", port = 0, tls }: Address
): Effect.Effect<Listener, ListenFailed, Scope.Scope> => {
  // A header that may occur once is wrong where it is repeated, as at proxies; Node would take the first.
  const options = { joinDuplicateHeaders: true }
  const server: Http.Server | Https.Server = tls === undefined
    ? Http.createServer(options)
    : Https.createServer({ ...options, ...tls })
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
  // Beneath TLS, whose sockets cannot be reset.
  const connections = new Map<number | undefined, Socket>()
  server.on("connection", (socket: Socket) => {
    const port = socket.remotePort
    connections.set(port, socket)
    socket.once("close", () => connections.delete(port))
  })
  return Effect.map(Effect.acquireRelease(opened, () => closed), (origin) => ({
    origin,
    serve: (host, run) => {
      server.on("request", (request: Http.IncomingMessage, response: Http.ServerResponse) => {
        const left = Effect.async<void>((resume) => {
          response.once("close", () => resume(Effect.void))
        })
        const reset = () => void connections.get(request.socket.remotePort)?.resetAndDestroy()
        run(Effect.raceFirst(answer(request, response, host(), reset), left))
      })
    }
  }))
}
