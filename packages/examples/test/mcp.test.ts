/**
 * Clients of the Model Context Protocol at the SDK's own server: those of both versions of the SDK, with the `fetch` of a
 * `PromiseClient`, and with an `authProvider`.
 */
import { inspect } from "node:util"

import { FetchHttpClient } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { ClientCredentials, OAuthError, PromiseClient, ProtectedResource } from "@effect-oauth/client-credentials"
import { Client as Client1 } from "@modelcontextprotocol/sdk/client/index.js"
import { StreamableHTTPClientTransport as Transport1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
import { Data, Effect, Exit, Layer, Redacted, type Scope } from "effect"

import * as recipe from "../src/recipes/mcp.js"
import * as servers from "./mcp/servers.js"

type Servers = Effect.Effect.Success<typeof servers.start>

const apiOf = ({ issuer, url }: Servers, secret = servers.secret) =>
  Layer.unwrapEffect(Effect.map(
    ProtectedResource.discover({ resource: url, allowedIssuers: [issuer], allowHttpLoopback: true }),
    (found) =>
      ClientCredentials.layer({
        ...found,
        clientId: "stock-agent",
        clientSecret: Redacted.make(secret),
        scope: "tools:call",
        apiBaseUrl: url,
        allowHttpLoopback: true
      })
  )).pipe(Layer.provide(FetchHttpClient.layer))

const promiseClient = (started: Servers, secret?: string) =>
  Effect.acquireRelease(
    Effect.sync(() => PromiseClient.make(apiOf(started, secret))),
    (api) => Effect.promise(() => api.close())
  )

class Rejected extends Data.TaggedError("Rejected")<{ readonly reason: unknown }> {}

const attempt = <A>(promise: () => Promise<A>) =>
  Effect.tryPromise({ try: promise, catch: (reason) => new Rejected({ reason }) })

/** The common part of the clients of both versions of the SDK. */
interface Connected {
  fallbackNotificationHandler?:
    | ((message: { method: string; params?: { [name: string]: unknown } | undefined }) => Promise<void>)
    | undefined
  readonly callTool: (
    parameters: { readonly name: string },
    ...rest: readonly []
  ) => Promise<object>
  readonly close: () => Promise<void>
}

const version1 = async (url: string, fetch: typeof globalThis.fetch): Promise<Connected> => {
  const client = new Client1({ name: "stock-agent", version: "1.0.0" })
  await client.connect(new Transport1(new URL(url), { fetch }) as Parameters<typeof client.connect>[0])
  return client
}

const version2 = (url: string, fetch: typeof globalThis.fetch): Promise<Connected> => recipe.connect(url, fetch)

const withAuthProvider = (
  started: Servers,
  secret?: string
): Effect.Effect<Connected, unknown, Scope.Scope> =>
  Effect.flatMap(
    Layer.build(apiOf(started, secret)),
    (services) => Effect.provide(recipe.connected(started.url), services)
  )

const withFetch = (connect: typeof version2) => (started: Servers, secret?: string) =>
  Effect.flatMap(promiseClient(started, secret), ({ fetch }) =>
    Effect.acquireRelease(
      attempt(() => connect(started.url, fetch)),
      (client) => Effect.promise(() => client.close())
    ))

const call = (client: Connected, name = "stock") =>
  Effect.map(attempt(() => client.callTool({ name })), (result) => "content" in result ? result.content : undefined)

const callTimes = (client: Connected, count: number) =>
  Effect.all(Array.from({ length: count }, () => call(client)), { concurrency: "unbounded" })

const stock = [{ type: "text", text: "8 items in stock" }]

for (
  const [name, connect] of [
    ["version 2 of the SDK, with fetch", withFetch(version2)],
    ["version 1 of the SDK, with fetch", withFetch(version1)],
    ["version 2 of the SDK, with an authProvider", withAuthProvider]
  ] as const
) {
  describe(name, () => {
    it.scopedLive("all calls use one token, and a rejected one is replaced once", () =>
      Effect.gen(function*() {
        const started = yield* servers.start
        const client = yield* connect(started)
        assert.deepStrictEqual(yield* callTimes(client, 10), Array.from({ length: 10 }, () => stock))
        assert.strictEqual(started.tokenRequests(), 1)

        started.revoke()
        assert.deepStrictEqual(yield* callTimes(client, 3), [stock, stock, stock])
        assert.deepStrictEqual(yield* callTimes(client, 3), [stock, stock, stock])
        assert.strictEqual(started.tokenRequests(), 2)
        assert.strictEqual(started.sessions(), 1)
        // The SDK sends no discovery and no token requests.
        assert.deepStrictEqual([...new Set(started.requests())], [
          "GET /.well-known/oauth-authorization-server",
          "POST /token"
        ])
      }))

    it.scopedLive("a server that rejects each token costs one more", () =>
      Effect.gen(function*() {
        const started = yield* servers.start
        const client = yield* connect(started)
        started.revokeAll()
        for (let count = 0; count < 5; count += 1) assert.isTrue(Exit.isFailure(yield* Effect.exit(call(client))))
        assert.strictEqual(started.tokenRequests(), 2)
      }))

    it.scopedLive("streams stay open, and end with the client", () =>
      Effect.gen(function*() {
        const started = yield* servers.start
        yield* Effect.scoped(Effect.gen(function*() {
          const client = yield* connect(started)
          const messages: Array<unknown> = []
          client.fallbackNotificationHandler = async ({ params }) => {
            messages.push(params?.["data"])
          }
          // The stream of the session is opened concurrently with the first calls.
          while (!messages.includes("a delivery")) {
            yield* started.announce("a delivery")
            yield* call(client)
          }
          assert.include(messages, "counting")
          yield* Effect.zipWith(
            Effect.zipRight(started.called, Effect.promise(() => client.close())),
            Effect.exit(call(client, "wait")),
            (_, waited) => assert.isTrue(Exit.isFailure(waited)),
            { concurrent: true }
          )
        }))
        yield* started.idle
      }))

    it.scopedLive("the errors of a wrong secret and of rejected tokens contain no secret", () =>
      Effect.gen(function*() {
        const started = yield* servers.start
        const wrong = yield* Effect.flip(connect(started, "c4n4ry-wr0ng"))
        const client = yield* connect(started)
        started.revokeAll()
        const rejected = yield* Effect.flip(call(client))
        const shown = inspect([wrong, rejected], { depth: 20, showHidden: true })
        assert.include(shown, "invalid_client")
        for (const secret of ["c4n4ry", ...started.accepted()]) assert.notInclude(shown, secret)
      }))
  })
}

describe("a server that requires another scope", () => {
  const asAdmin = (started: Servers): Servers => ({ ...started, url: `${started.url}/admin` })

  it.scopedLive("with fetch, the call fails with InsufficientScope, and succeeds with that scope", () =>
    Effect.gen(function*() {
      const started = yield* servers.start
      const api = yield* promiseClient(started)
      const { url } = asAdmin(started)
      const { reason: error } = yield* Effect.flip(attempt(() => version2(url, api.fetch)))
      assert.instanceOf(error, OAuthError.InsufficientScope)
      assert.deepStrictEqual(error.scope, ["tools:admin"])
      const { fetch } = api.with({ scope: ["tools:call", ...error.scope] })
      const client = yield* Effect.promise(() => version2(url, fetch))
      assert.deepStrictEqual(yield* call(client), stock)
      yield* Effect.promise(() => client.close())
      assert.strictEqual(started.tokenRequests(), 2)
    }))

  it.scopedLive("with an authProvider, the SDK reports it, and no token is requested for it", () =>
    Effect.gen(function*() {
      const started = yield* servers.start
      const services = yield* Layer.build(apiOf(started))
      const error = yield* Effect.flip(Effect.provide(recipe.connected(asAdmin(started).url), services))
      assert.include(inspect(error, { depth: 5 }), "InsufficientScopeError")
      assert.strictEqual(started.tokenRequests(), 1)
    }))
})
