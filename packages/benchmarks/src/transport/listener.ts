import { createServer, type RequestListener, type Server } from "node:http"

import type { World } from "../world.js"

/** The world as an HTTP server. */
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
 * The world as a server on loopback. It does not close connections that are idle while others are measured: a request
 * that meets the closing fails, and nobody is measured by that.
 */
export const serverOf = (world: World): Server =>
  createServer({ keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 }, listener(world))
