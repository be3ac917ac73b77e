import { ClientCredentials, ProtectedResource } from "@effect-oauth/client-credentials"
import * as Mcp from "@effect-oauth/client-credentials/Mcp"
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client"
import { Config, Effect, Layer } from "effect"

/**
 * The client of an MCP server, at the authorization server in the metadata of the MCP server (RFC 9728), if it is
 * allowed.
 */
export const Api = (url: string) =>
  Layer.unwrapEffect(Effect.map(
    ProtectedResource.discover({ resource: url, allowedIssuers: ["https://auth.example.com"] }),
    (found) =>
      ClientCredentials.layer({
        ...found,
        clientId: "stock-agent",
        clientSecret: Config.redacted("MCP_CLIENT_SECRET"),
        scope: "tools:call",
        apiBaseUrl: url
      })
  ))

const newClient = () => new Client({ name: "stock-agent", version: "1.0.0" })

/** Connects with the `fetch` of `PromiseClient.make(Api(url).pipe(Layer.provide(...)))`. */
export const connect = async (url: string, fetch: typeof globalThis.fetch) => {
  const client = newClient()
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { fetch }))
  return client
}

/** Connects in an Effect with an `authProvider`, until the scope ends. Provide `Api(url)`. */
export const connected = (url: string) =>
  Effect.gen(function*() {
    const authProvider = yield* Mcp.authProvider
    const client = yield* Effect.acquireRelease(
      Effect.sync(newClient),
      (client) => Effect.promise(() => client.close())
    )
    yield* Effect.tryPromise(() => client.connect(new StreamableHTTPClientTransport(new URL(url), { authProvider })))
    return client
  })
