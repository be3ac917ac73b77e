/**
 * An MCP server of the SDK with its bearer middleware, and the authorization server that issues tokens for it:
 * `oidc-provider`, with resource indicators (RFC 8707).
 */
import { randomUUID } from "node:crypto"
import * as Http from "node:http"

import { InvalidTokenError } from "@modelcontextprotocol/sdk/server/auth/errors.js"
import { requireBearerAuth } from "@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js"
import {
  getOAuthProtectedResourceMetadataUrl,
  mcpAuthMetadataRouter
} from "@modelcontextprotocol/sdk/server/auth/router.js"
import { createMcpExpressApp } from "@modelcontextprotocol/sdk/server/express.js"
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js"
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js"
import { Effect } from "effect"
import { createRemoteJWKSet, jwtVerify } from "jose"

import { listen } from "../../src/embedded/listen.js"

export const secret = "c4n4ry-s3cr3t"

/** The authorization server. */
const authorizationServer = Effect.gen(function*() {
  const http = Http.createServer()
  const issuer = yield* listen(http)
  const requests: Array<string> = []
  const callback = yield* Effect.promise(async () => {
    const { info, warn } = console
    // The server warns against production use without a database and keys.
    Object.assign(console, { info: () => {}, warn: () => {} })
    const { Provider } = await import("oidc-provider")
    const provider = new Provider(issuer, {
      clients: [{
        client_id: "stock-agent",
        client_secret: secret,
        token_endpoint_auth_method: "client_secret_post",
        grant_types: ["client_credentials"],
        response_types: [],
        redirect_uris: [],
        scope: "tools:call tools:admin"
      }],
      scopes: ["tools:call", "tools:admin"],
      ttl: { ClientCredentials: 3600 },
      features: {
        clientCredentials: { enabled: true },
        devInteractions: { enabled: false },
        resourceIndicators: {
          enabled: true,
          getResourceServerInfo: (_, resource) => ({
            scope: "tools:call tools:admin",
            audience: resource,
            accessTokenFormat: "jwt",
            accessTokenTTL: 3600
          })
        }
      }
    })
    Object.assign(console, { info, warn })
    return provider.callback()
  })
  http.on("request", (request, response) => {
    requests.push(`${request.method} ${request.url}`)
    callback(request, response)
  })
  return { issuer, requests }
})

/** Starts both servers; tokens for which `reject` is called are rejected from then on. */
export const start = Effect.gen(function*() {
  const { issuer, requests } = yield* authorizationServer
  const http = Http.createServer()
  const origin = yield* listen(http)
  const url = `${origin}/mcp`
  const keys = createRemoteJWKSet(new URL(`${issuer}/jwks`))
  const accepted = new Set<string>()
  const rejected = new Set<string>()
  let rejectsAll = false

  const verifyAccessToken = async (token: string) => {
    if (rejectsAll || rejected.has(token)) throw new InvalidTokenError("it was revoked")
    const { payload } = await jwtVerify(token, keys, { issuer }).catch(() => {
      throw new InvalidTokenError("it is not of this issuer")
    })
    accepted.add(token)
    return {
      token,
      clientId: String(payload["client_id"]),
      scopes: String(payload["scope"]).split(" "),
      expiresAt: payload.exp ?? 0,
      resource: new URL(String(payload.aud))
    }
  }

  const waiting = new Set<() => void>()
  const sessions = new Map<string, StreamableHTTPServerTransport>()
  const begin = async () => {
    const server = new McpServer({ name: "stock", version: "1.0.0" })
    server.registerTool("stock", { description: "The stock" }, async (extra) => {
      // On the stream of this call, before its result; then on the stream of the session.
      await extra.sendNotification({ method: "notifications/message", params: { level: "info", data: "counting" } })
      return { content: [{ type: "text", text: "8 items in stock" }] }
    })
    server.registerTool("wait", { description: "Never ends" }, ({ signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason))
        for (const begun of waiting) begun()
      }))
    server.server.registerCapabilities({ logging: {} })
    const transport: StreamableHTTPServerTransport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => {
        sessions.set(id, transport)
      }
    })
    await server.connect(transport as Parameters<typeof server.connect>[0])
    return transport
  }

  const app = createMcpExpressApp()
  const metadata = yield* Effect.promise(async () =>
    (await fetch(`${issuer}/.well-known/openid-configuration`)).json() as Promise<
      Parameters<typeof mcpAuthMetadataRouter>[0]["oauthMetadata"]
    >
  )
  requests.length = 0
  app.use(mcpAuthMetadataRouter({ oauthMetadata: metadata, resourceServerUrl: new URL(url) }))
  const guarded = (path: string, requiredScopes: Array<string>) => {
    const bearer = requireBearerAuth({
      verifier: { verifyAccessToken },
      requiredScopes,
      resourceMetadataUrl: getOAuthProtectedResourceMetadataUrl(new URL(url)),
      expectedResource: new URL(url)
    })
    app.all(path, bearer, async (request, response) => {
      const id = request.headers["mcp-session-id"]
      const transport = sessions.get(String(id)) ?? await begin()
      await transport.handleRequest(request, response, request.body)
    })
  }
  guarded("/mcp", ["tools:call"])
  guarded("/mcp/admin", ["tools:admin"])
  const open = new Set<Http.ServerResponse>()
  http.on("request", (request, response) => {
    open.add(response)
    response.once("close", () => open.delete(response))
    app(request, response)
  })

  return {
    issuer,
    url,
    /** Requests to the authorization server, without those of the MCP server. */
    tokenRequests: () => requests.filter((request) => request === "POST /token").length,
    requests: () => requests.filter((request) => request !== "GET /jwks"),
    accepted: () => [...accepted],
    sessions: () => sessions.size,
    /** Waits until a client has called the tool that never returns. */
    called: Effect.async<void>((resume) => {
      const begun = () => {
        waiting.delete(begun)
        resume(Effect.void)
      }
      waiting.add(begun)
    }),
    /** Waits until no response of the MCP server is open. */
    idle: Effect.async<void>((resume) => {
      const look = () => {
        if (open.size === 0) return resume(Effect.void)
        for (const response of open) response.once("close", () => setImmediate(look))
      }
      look()
    }),
    /** Rejects the tokens that were accepted so far. */
    revoke: () => {
      for (const token of accepted) rejected.add(token)
    },
    revokeAll: () => {
      rejectsAll = true
    },
    /** Sends a message to all clients, on the streams of their sessions. */
    announce: (text: string) =>
      Effect.promise(() =>
        Promise.all(
          [...sessions.values()].map((transport) =>
            transport.send({ jsonrpc: "2.0", method: "notifications/message", params: { level: "info", data: text } })
          )
        )
      )
  }
})
