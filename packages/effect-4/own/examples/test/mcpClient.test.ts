// Specific to Effect 4, whose `effect/ai` has a client of the Model Context Protocol.
import { assert, it } from "@effect/vitest"
import { ApiClient, ClientCredentials } from "@effect-oauth/client-credentials"
import { Effect, Layer, Redacted } from "effect"
import { McpClient, McpProtocol } from "effect/ai"
import { FetchHttpClient } from "effect/http"

import * as servers from "./mcp/servers.js"

it.live("the McpClient of Effect calls with tokens of ApiClient.layerHttpClient", () =>
  Effect.scoped(Effect.gen(function*() {
    const started = yield* servers.start
    const Api = ClientCredentials.layer({
      tokenUrl: `${started.issuer}/token`,
      clientId: "stock-agent",
      clientSecret: Redacted.make(servers.secret),
      resource: started.url,
      scope: "tools:call",
      apiBaseUrl: started.url,
      allowHttpLoopback: true
    }).pipe(Layer.provide(FetchHttpClient.layer))
    const Tools = McpClient.layerHttp({
      name: "stock-agent",
      version: "1.0.0",
      protocol: McpProtocol.v2025_11_25,
      url: started.url
    }).pipe(Layer.provide(ApiClient.layerHttpClient), Layer.provide(Api))

    yield* Effect.gen(function*() {
      const client = yield* McpClient.McpClient
      const tools = yield* client.listTools()
      const tool = tools.find(({ name }) => name === "stock")
      if (tool === undefined) return assert.fail("the tool is not listed")
      const call = Effect.map(
        client.callTool({ tool }),
        ({ content }) => content.map((one) => "text" in one && one.text)
      )
      assert.deepStrictEqual(yield* call, ["8 items in stock"])
      assert.strictEqual(started.tokenRequests(), 1)
      started.revoke()
      assert.deepStrictEqual(yield* call, ["8 items in stock"])
      assert.strictEqual(started.tokenRequests(), 2)
    }).pipe(Effect.provide(Tools))
  })))
