/**
 * An issuer and its API on a socket, in a separate process, with random faults, and one request of 20,000 without a
 * response. It sends its counts to its parent process on request, and ends with it.
 */
import * as Http from "node:http"
import type { AddressInfo } from "node:net"

import type { Counts } from "./load.js"

const counts = { tokens: 0, requests: 0, connections: 0 }
const open = new Set<object>()
let validFrom = 1

const chance = (probability: number): boolean => Math.random() < probability

const json = (response: Http.ServerResponse, status: number, value: unknown, headers: Record<string, string> = {}) =>
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(value))

/** Returns true if a fault was injected in place of a response. */
const fault = (response: Http.ServerResponse): boolean => {
  const { socket } = response
  if (chance(0.002)) socket?.resetAndDestroy()
  else if (chance(0.002)) socket?.end()
  else if (chance(0.002)) {
    response.writeHead(200, { "content-type": "application/json", "content-length": "1000" })
    response.write("{\"access_token\":", () => socket?.destroy())
  } else if (chance(0.002)) json(response, 503, {}, { "retry-after": "0" })
  else if (chance(0.002)) response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html>")
  else if (counts.requests % 20_000 === 2500) return true // without a response
  else return false
  return true
}

const answer = (request: Http.IncomingMessage, response: Http.ServerResponse) => {
  if (fault(response)) return
  if (request.url === "/token") {
    counts.tokens += 1
    json(response, 200, { access_token: `token-${counts.tokens}`, token_type: "Bearer", expires_in: 20 })
    return
  }
  const token = Number(request.headers.authorization?.replace("Bearer token-", ""))
  if (token >= validFrom) json(response, 200, { ok: true })
  else json(response, 401, { message: "x".repeat(chance(0.1) ? 100_000 : 10) })
}

const server = Http.createServer((request, response) => {
  counts.requests += 1
  request.resume().once("end", () => {
    if (chance(0.01)) setTimeout(answer, 50, request, response)
    else answer(request, response)
  })
})
server.on("connection", (socket) => {
  counts.connections += 1
  open.add(socket)
  socket.once("close", () => open.delete(socket))
})

// Tokens are revoked in addition to expiring.
setInterval(() => {
  validFrom = counts.tokens + 1
}, 3000)

process.on("message", () => {
  process.send?.({ ...counts, open: open.size } satisfies Counts)
})
process.once("disconnect", () => process.exit())
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port))
