/**
 * An authorization server and an API for one program, on sockets of this machine, which pages of any origin may call.
 */
import * as Http from "node:http"
import type { AddressInfo } from "node:net"

import { TestApi, TestAuthorizationServer } from "@effect-oauth/testing"
import { Effect } from "effect"
import { exportJWK, exportPKCS8, generateKeyPair } from "jose"

export const items = [{ sku: "SKU-1", quantity: 100 }, { sku: "SKU-2", quantity: 7 }, { sku: "SKU-3", quantity: 0 }]

export const listen = (server: Http.Server): Promise<string> =>
  new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
  })

const crossOrigin = (request: Http.IncomingMessage) => ({
  "access-control-allow-origin": request.headers.origin ?? "*",
  "access-control-allow-headers": request.headers["access-control-request-headers"] ?? "*",
  "access-control-allow-methods": "GET, POST",
  "access-control-expose-headers": "DPoP-Nonce, WWW-Authenticate"
})

const serve = (server: Http.Server, { handle, origin }: TestApi.TestApi["host"]) =>
  server.on("request", async (request, response) => {
    const chunks: Array<Uint8Array> = []
    for await (const chunk of request) chunks.push(chunk)
    if (request.method === "OPTIONS") {
      response.writeHead(204, crossOrigin(request)).end()
      return
    }
    const headers = Object.entries(request.headers).map(([name, value]) => [name, String(value)])
    const answer = await Effect.runPromise(handle({
      method: request.method ?? "GET",
      url: new URL(request.url ?? "/", origin),
      headers: Object.fromEntries(headers),
      body: Buffer.concat(chunks),
      reason: undefined,
      certificate: undefined
    }))
    response
      .writeHead(answer.status, { ...Object.fromEntries(answer.headers), ...crossOrigin(request) })
      .end(Buffer.from(await answer.arrayBuffer()))
  })

export interface Servers {
  /** The environment of a program with a plain secret. */
  readonly environment: Readonly<Record<string, string>>
  /** The environment of a program that signs with a private key, and whose tokens are bound to another key. */
  readonly signedEnvironment: Readonly<Record<string, string>>
  /** The tokens issued so far. */
  readonly issued: () => Promise<Effect.Effect.Success<TestAuthorizationServer.TestAuthorizationServer["issued"]>>
  readonly close: () => void
}

export const start = async (): Promise<Servers> => {
  const sockets = [Http.createServer(), Http.createServer()] as const
  const [issuer, baseUrl] = [await listen(sockets[0]), await listen(sockets[1])]
  const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true })
  const [server, api] = await Effect.runPromise(Effect.gen(function*() {
    const jwk = yield* Effect.promise(() => exportJWK(publicKey))
    const server = yield* TestAuthorizationServer.make({
      issuer,
      clients: [
        { id: "plain", secret: "s3cr3t/+ %:x" },
        { id: "signing", keys: [{ ...jwk, alg: "ES256" }], dpop: true }
      ],
      requireNonce: true
    })
    const api = yield* Effect.provideService(
      TestApi.make({ baseUrl, handler: () => Effect.sync(() => Response.json(items)), requireNonce: true }),
      TestAuthorizationServer.TestAuthorizationServer,
      server
    )
    return [server, api] as const
  }))
  serve(sockets[0], server.host)
  serve(sockets[1], api.host)
  const environment = { OAUTH_TOKEN_URL: `${issuer}/token`, OAUTH_ALLOW_HTTP_LOOPBACK: "true", API_BASE_URL: baseUrl }
  return {
    environment: { ...environment, OAUTH_CLIENT_ID: "plain", OAUTH_CLIENT_SECRET: "s3cr3t/+ %:x" },
    signedEnvironment: {
      ...environment,
      OAUTH_CLIENT_ID: "signing",
      OAUTH_CLIENT_AUTHENTICATION: "private_key_jwt",
      OAUTH_PRIVATE_KEY: await exportPKCS8(privateKey),
      OAUTH_DPOP: "true"
    },
    issued: () => Effect.runPromise(server.issued),
    close: () => {
      for (const socket of sockets) {
        socket.close()
        socket.closeAllConnections()
      }
    }
  }
}
