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
import { certificateOf } from "./peer.js"

/** An address to listen on. */
export interface Address {
  /** The port. Default: a free one. */
  readonly port?: number | undefined
  /** The address to listen on. Default: `127.0.0.1`. */
  readonly host?: string | undefined
  /**
   * The host name in the URLs of the servers, by which other machines or containers reach them. Default: that of `host`, or
   * `127.0.0.1` for all addresses of the machine.
   */
  readonly publicHost?: string | undefined
  /**
   * The certificate and its private key as PEM, for `https:`, and the authorities of client certificates (`ca`), which
   * clients may present. Default: none, `http:`.
   */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca?: string | undefined } | undefined
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

/** Reads a body, or as much of it as shows that it is longer than the server reads. */
const read = async (request: Http.IncomingMessage, longest: number): Promise<Uint8Array> => {
  const chunks: Array<Buffer> = []
  let length = 0
  // Not by a loop over the request, whose end would destroy the connection.
  await new Promise<void>((resolve, reject) => {
    request.on("data", (chunk: Buffer) => {
      chunks.push(chunk)
      length += chunk.length
      if (length > longest) resolve()
    }).on("end", resolve).on("error", reject)
  })
  // The rest is received, and not kept: the connection remains usable.
  request.removeAllListeners("data").resume()
  return Buffer.concat(chunks)
}

/** Returns the URL of a request, undefined for a target that is not a path. A path may begin with two slashes. */
const urlOf = (origin: string, target: string): URL | undefined =>
  target.startsWith("/") && URL.canParse(origin + target) ? new URL(origin + target) : undefined

/** Writes a part, and waits until the client takes more, or has left. */
const write = async (response: Http.ServerResponse, bytes: Uint8Array): Promise<void> => {
  if (response.destroyed || response.write(bytes)) return
  await new Promise<void>((resolve) => {
    const ready = () => {
      response.off("drain", ready).off("close", ready)
      resolve()
    }
    response.on("drain", ready).on("close", ready)
  })
}

/** Sends the body of a response, each part when it arrives. A stream that fails ends the connection, after what it had. */
const send = async (body: ReadableStream<Uint8Array>, response: Http.ServerResponse): Promise<void> => {
  const reader = body.getReader()
  // Reaches the handler: its stream is cancelled when the client leaves.
  response.once("close", () => void reader.cancel().catch(() => undefined))
  response.flushHeaders()
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) await write(response, part.value)
    response.end()
  } catch {
    // What is written arrives before the end of the connection.
    response.write("", () => response.socket?.destroy())
  }
}

const headersOf = ({ headers }: Response): Http.OutgoingHttpHeaders => {
  const cookies = headers.getSetCookie()
  return { ...Object.fromEntries(headers), ...(cookies.length === 0 ? {} : { "set-cookie": cookies }) }
}

interface Exchange {
  readonly request: Http.IncomingMessage
  readonly response: Http.ServerResponse
  /** Aborted when the client disconnects. */
  readonly signal: AbortSignal
  readonly reset: () => void
}

const answer = (
  { request, reset, response, signal }: Exchange,
  { handle, longestBody = Infinity, origin }: host.Host
) =>
  Effect.gen(function*() {
    const url = urlOf(origin, request.url ?? "/")
    if (url === undefined) return void response.writeHead(400).end()
    const body = yield* Effect.promise(() => read(request, longestBody))
    const found = yield* handle({
      method: request.method ?? "GET",
      url,
      headers: Object.fromEntries(
        Object.entries(request.headers).map((
          [name, value]
        ) => [name, Array.isArray(value) ? value.join(", ") : value ?? ""])
      ),
      body,
      reason: undefined,
      certificate: certificateOf(request.socket),
      signal
    })
    response.writeHead(found.status, found.statusText === "" ? undefined : found.statusText, headersOf(found))
    if (found.body === null || request.method === "HEAD") {
      yield* Effect.promise(async () => found.body?.cancel())
      return void response.end()
    }
    const stream = found.body
    yield* Effect.promise(() => send(stream, response))
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
  { host = "127.0.0.1", port = 0, publicHost = host, tls }: Address
): Effect.Effect<Listener, ListenFailed, Scope.Scope> => {
  // A header that may occur once is wrong where it is repeated, as at proxies; Node would take the first.
  const options = { joinDuplicateHeaders: true }
  const server: Http.Server | Https.Server = tls === undefined
    ? Http.createServer(options)
    : Https.createServer({ ...options, ...tls, requestCert: true, rejectUnauthorized: false })
  const opened = Effect.async<string, ListenFailed>((resume) => {
    server.once("error", ({ message }) => resume(new ListenFailed({ port, message })))
    server.listen(port, host, () => {
      const { port: found } = server.address() as AddressInfo
      resume(Effect.succeed(`${tls === undefined ? "http" : "https"}://${named(publicHost)}:${found}`))
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
        const disconnected = new AbortController()
        const left = Effect.async<void>((resume) => {
          response.once("close", () => {
            if (!response.writableFinished) disconnected.abort()
            resume(Effect.void)
          })
        })
        const reset = () => void connections.get(request.socket.remotePort)?.resetAndDestroy()
        const { signal } = disconnected
        run(Effect.raceFirst(answer({ request, response, signal, reset }, host()), left))
      })
    }
  }))
}
