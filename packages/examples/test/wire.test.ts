import { FetchHttpClient, type HttpClient } from "@effect/platform"
import { NodeContext, NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import {
  ApiClient,
  type ClientConfig,
  ClientCredentials,
  PromiseClient,
  TokenCache
} from "@effect-oauth/client-credentials"
import { ConfigError, ConfigProvider, Effect, Fiber, Layer, Redacted } from "effect"

import * as Embedded from "../src/embedded/environment.js"

// The API's own HTTP client must live as long as the API.
const servers = Effect.flatMap(
  Layer.build(NodeHttpClient.layerUndici),
  (context) => Effect.provide(Embedded.start, context)
)

type Servers = Effect.Effect.Success<typeof servers>

const options = ({ authorizationServer, inventory, inventorySync }: Servers): ClientConfig.Options => ({
  tokenUrl: authorizationServer.tokenUrl,
  clientId: inventorySync.id,
  clientSecret: inventorySync.secret,
  apiBaseUrl: inventory.baseUrl,
  allowHttpLoopback: true
})

const transports: ReadonlyArray<readonly [string, Layer.Layer<HttpClient.HttpClient>]> = [
  ["fetch", FetchHttpClient.layer],
  ["Undici", NodeHttpClient.layerUndici],
  ["node:http", NodeHttpClient.layer]
]

describe("with a real authorization server and API", () => {
  for (const [name, transport] of transports) {
    it.scopedLive(`one token serves many calls, over ${name}`, () =>
      Effect.gen(function*() {
        const started = yield* servers
        const statuses = yield* Effect.replicateEffect(
          Effect.flatMap(ApiClient.ApiClient, (api) => Effect.map(api.get("/items"), ({ status }) => status)),
          100,
          { concurrency: 20 }
        ).pipe(Effect.provide(Layer.provide(ClientCredentials.layer(options(started)), transport)))
        assert.deepStrictEqual(new Set(statuses), new Set([200]))
        assert.strictEqual(yield* started.authorizationServer.tokensIssued, 1)
      }))
  }

  it.scopedLive("interrupting one of many callers leaves the others served by the same request", () =>
    Effect.gen(function*() {
      const started = yield* servers
      yield* Effect.gen(function*() {
        const cache = yield* TokenCache.TokenCache
        const first = yield* Effect.fork(cache.get)
        const others = yield* Effect.fork(Effect.replicateEffect(cache.get, 50, { concurrency: "unbounded" }))
        yield* Effect.yieldNow()
        yield* Fiber.interrupt(first)
        const tokens = yield* Fiber.join(others)
        assert.strictEqual(new Set(tokens.map(({ value }) => Redacted.value(value))).size, 1)
      }).pipe(Effect.provide(Layer.provide(ClientCredentials.layer(options(started)), NodeHttpClient.layerUndici)))
      assert.strictEqual(yield* started.authorizationServer.tokensIssued, 1)
    }))

  for (
    const [what, more, code, remedy] of [
      ["a wrong secret", { clientSecret: Redacted.make("wr0ng") }, "invalid_client", "Check the client id"],
      ["an unknown client", { clientId: "nobody" }, "invalid_client", "Check the client id"],
      ["JSON where a form is wanted", { requestFormat: "json" }, "invalid_request", "requires a form or JSON"],
      ["a scope that is not this client's", { scope: "items:write" }, "invalid_scope", "OAUTH_SCOPE"]
    ] as const
  ) {
    it.scopedLive(`${what} is a typed error with a remedy`, () =>
      Effect.gen(function*() {
        const started = yield* servers
        const error = yield* Effect.flatMap(ApiClient.ApiClient, (api) => api.get("/items")).pipe(
          Effect.provide(
            Layer.provide(ClientCredentials.layer({ ...options(started), ...more }), NodeHttpClient.layerUndici)
          ),
          Effect.flip
        )
        assert(error._tag === "TokenErrorResponse")
        assert.strictEqual(error.error, code)
        assert.include(error.message, remedy)
        assert.notInclude(JSON.stringify(error), "wr0ng")
      }))
  }

  it.scopedLive("promises: fetch with a token, a body, a status, an error, an abort", () =>
    Effect.gen(function*() {
      const started = yield* servers
      const api = yield* Effect.acquireRelease(
        Effect.sync(() =>
          PromiseClient.make(Layer.provide(ClientCredentials.layer(options(started)), NodeHttpClient.layerUndici))
        ),
        (client) => Effect.promise(() => client.close())
      )
      yield* Effect.promise(async () => {
        const found = await api.fetch("items/SKU-2", { headers: { accept: "application/json" } })
        assert.strictEqual(found.headers.get("content-type"), "application/json")
        assert.deepStrictEqual(await found.json(), { sku: "SKU-2", name: "nut", quantity: 200 })
        assert.strictEqual((await api.fetch(new URL(`${started.inventory.baseUrl}/items/none`))).status, 404)
        assert.strictEqual((await api.fetch("/items", { method: "HEAD" })).ok, true)
        assert.strictEqual((await api.fetch("/items", { method: "POST", body: "x" })).status, 404)

        const rejected = await api.fetch("https://evil.example").then(() => undefined, (error: unknown) => error)
        assert.strictEqual((rejected as { _tag?: string })._tag, "OriginNotAllowed")
        const aborted = await api.fetch("/items", { signal: AbortSignal.abort() }).catch((error: Error) => error)
        assert.strictEqual((aborted as Error).name, "AbortError")
      })
      assert.strictEqual(yield* started.authorizationServer.tokensIssued, 1)
    }))

  it.scoped("promises: missing variables of the environment are listed in a readable error", () =>
    Effect.gen(function*() {
      const client = ClientCredentials.layerEnv().pipe(
        Layer.provide([NodeHttpClient.layerUndici, NodeContext.layer]),
        Layer.provide(Layer.setConfigProvider(ConfigProvider.fromMap(new Map())))
      )
      const api = yield* Effect.acquireRelease(
        Effect.sync(() => PromiseClient.make(client)),
        (client) => Effect.promise(() => client.close())
      )
      const error = yield* Effect.promise(() => api.fetch("/items").then(() => undefined, (error: unknown) => error))
      assert(error instanceof Error)
      assert.include(error.message, "OAUTH_CLIENT_ID")
      assert.isTrue(ConfigError.isConfigError(error.cause))
    }))
})
