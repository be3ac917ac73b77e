import { createServer, type RequestListener, type Server } from "node:http"

import type { World } from "../world.js"

/** Returns the world as a request listener. */
export const listener = (world: World): RequestListener => (request, response) => {
  let body = ""
  request.setEncoding("utf8")
  request.on("data", (chunk: string) => {
    body += chunk
  })
  request.on("end", () => {
    const { headers: { authorization }, method = "GET", url: path = "/" } = request
    void Promise.resolve(world.answer({ method, path, authorization, body })).then((answer) => {
      response.writeHead(answer.status, {
        "content-type": "application/json",
        "content-length": Buffer.byteLength(answer.body)
      })
      response.end(answer.body)
    })
  })
}

/**
 * Creates the world as a server on loopback. It keeps idle connections open while other contenders are measured: a
 * request on a closing connection would fail.
 */
export const serverOf = (world: World): Server =>
  createServer({ keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 }, listener(world))
