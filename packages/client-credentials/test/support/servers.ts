/**
 * Real servers on loopback, with a self-signed certificate.
 */
import * as Http from "node:http"
import * as Https from "node:https"
import type { AddressInfo } from "node:net"

import { Effect } from "effect"
import { generate } from "selfsigned"

const listen = (server: Http.Server | Https.Server, scheme: "http" | "https") =>
  Effect.acquireRelease(
    Effect.async<string>((resume) => {
      server.listen(0, "127.0.0.1", () => {
        resume(Effect.succeed(`${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`))
      })
    }),
    () =>
      Effect.async<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  )

export const http = (handler: Http.RequestListener) => Effect.suspend(() => listen(Http.createServer(handler), "http"))

/** Returns the origin of a server that has been closed. */
export const closed = Effect.scoped(http(() => {}))

export const selfSigned = Effect.promise(() =>
  generate([{ name: "commonName", value: "127.0.0.1" }], {
    extensions: [{ name: "subjectAltName", altNames: [{ type: 7, ip: "127.0.0.1" }] }]
  })
)

export const listening = (server: Http.Server) => listen(server, "http")

export const https = (
  { private: key, ...options }: Https.ServerOptions & { readonly private: string },
  handler: Http.RequestListener
) => Effect.suspend(() => listen(Https.createServer({ key, ...options }, handler), "https"))

export const json = (response: Http.ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body))
}
