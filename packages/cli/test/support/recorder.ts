/**
 * An API that writes down what arrives, to the byte.
 */
import * as Http from "node:http"
import type { AddressInfo } from "node:net"

import { Effect } from "effect"

export interface Arrived {
  readonly method: string
  /** Path and query, as in the request line. */
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Headers that differ by the program and the machine, and not by the arguments. */
const own = new Set(["accept-encoding", "authorization", "connection", "host", "user-agent"])

export const start = Effect.gen(function*() {
  const arrived: Array<Arrived & { readonly authorization: string | undefined; readonly agent: string | undefined }> =
    []
  const server = Http.createServer((request, response) => {
    const chunks: Array<Buffer> = []
    request.on("data", (chunk: Buffer) => chunks.push(chunk)).on("end", () => {
      arrived.push({
        method: request.method ?? "",
        target: request.url ?? "",
        headers: Object.fromEntries(
          Object.entries(request.headersDistinct).flatMap(([name, lines]) =>
            own.has(name) || lines === undefined ? [] : [[name, lines.join("\n")]]
          ).sort()
        ),
        body: Buffer.concat(chunks).toString("latin1"),
        authorization: request.headers.authorization,
        agent: request.headers["user-agent"]
      })
      response.writeHead(200, { "content-type": "application/json" }).end("{}")
    })
  })
  yield* Effect.acquireRelease(
    Effect.async<void>((resume) => {
      server.listen(0, "127.0.0.1", () => resume(Effect.void))
    }),
    () =>
      Effect.async<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  )
  return { arrived, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
})
