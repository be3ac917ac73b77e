/**
 * The same servers on sockets of this machine, for tests across processes and for programs in other languages. Needs
 * Node, so it is not in the index: import `@effect-oauth/testing/Loopback`.
 *
 * @since 0.1.0
 */
import * as Http from "node:http"
import type { AddressInfo } from "node:net"

import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"

import { issuerAt } from "./internal/discovery.js"
import type * as host from "./internal/host.js"
import * as registered from "./internal/registered.js"
import { behaviorOf } from "./internal/servers.js"
import type { Options } from "./OAuthTest.js"
import * as TestApi from "./TestApi.js"
import * as TestAuthorizationServer from "./TestAuthorizationServer.js"

const read = (request: Http.IncomingMessage): Promise<Uint8Array> =>
  new Promise((resolve, reject) => {
    const chunks: Array<Buffer> = []
    request.on("data", (chunk: Buffer) => chunks.push(chunk)).on("end", () => resolve(Buffer.concat(chunks))).on(
      "error",
      reject
    )
  })

const listen = (server: Http.Server) =>
  Effect.acquireRelease(
    Effect.async<string>((resume) => {
      server.listen(0, "127.0.0.1", () => {
        resume(Effect.succeed(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
      })
    }),
    () =>
      Effect.async<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  )

/** Hands what arrives at a socket to a server without sockets, and its answer back; breaks the connection when it does. */
const serve = (server: Http.Server, { handle, origin }: host.Host, run: (effect: Effect.Effect<void>) => void) =>
  server.on("request", (request: Http.IncomingMessage, response: Http.ServerResponse) => {
    const answer = Effect.gen(function*() {
      const body = yield* Effect.promise(() => read(request))
      const headers = Object.fromEntries(
        Object.entries(request.headers).map((
          [name, value]
        ) => [name, Array.isArray(value) ? value.join(", ") : value ?? ""])
      )
      const found = yield* handle({
        method: request.method ?? "GET",
        url: new URL(request.url ?? "/", origin),
        headers,
        body,
        reason: undefined,
        certificate: undefined
      })
      const bytes = yield* Effect.promise(() => found.arrayBuffer())
      response.writeHead(found.status, Object.fromEntries(found.headers)).end(Buffer.from(bytes))
    }).pipe(Effect.catchTag("Broken", () => Effect.sync(() => request.socket.destroy())))
    const closed = Effect.async<void>((resume) => {
      response.once("close", () => resume(Effect.void))
    })
    run(Effect.raceFirst(answer, closed))
  })

/**
 * Starts both servers on free ports of 127.0.0.1, and stops them with the scope. They are `http:`: allow it by
 * `OAUTH_ALLOW_HTTP_LOOPBACK`, which the environment has.
 *
 * @example
 * import * as Loopback from "@effect-oauth/testing/Loopback"
 * import { Effect } from "effect"
 *
 * export const tokens = Effect.scoped(Effect.gen(function*() {
 *   const { environment, server } = yield* Loopback.start()
 *   // ... run a program with this environment ...
 *   return [environment, yield* server.issued]
 * }))
 *
 * @since 0.1.0
 * @category constructors
 */
export const start = (
  options: Pick<Options, "server" | "api"> = {}
): Effect.Effect<
  {
    readonly server: TestAuthorizationServer.TestAuthorizationServer
    readonly api: TestApi.TestApi
    /** The variables for a program that reads its configuration from the environment. */
    readonly environment: Readonly<Record<string, string>>
  },
  never,
  Scope.Scope
> =>
  Effect.gen(function*() {
    const [authSocket, apiSocket] = [Http.createServer(), Http.createServer()]
    const origin = yield* listen(authSocket)
    const baseUrl = yield* listen(apiSocket)
    const serverOptions = registered.serverOptions({ ...options, api: { ...options.api, baseUrl } })
    const issuer = issuerAt(origin, behaviorOf(serverOptions.server, serverOptions))
    const server = yield* TestAuthorizationServer.make({ ...serverOptions, issuer })
    const api = yield* Effect.provide(
      TestApi.make({ ...options.api, baseUrl }),
      Layer.succeed(TestAuthorizationServer.TestAuthorizationServer, server)
    )
    const run = yield* FiberSet.makeRuntime()
    serve(authSocket, server.host, run)
    serve(apiSocket, api.host, run)
    const [client] = serverOptions.clients ?? [{ id: "test-client", secret: "test-secret" }]
    return {
      server,
      api,
      environment: {
        OAUTH_ISSUER: issuer,
        OAUTH_TOKEN_URL: server.tokenUrl,
        OAUTH_REVOCATION_URL: server.revocationUrl,
        OAUTH_CLIENT_ID: client?.id ?? "",
        OAUTH_CLIENT_SECRET: client?.secret ?? "",
        OAUTH_ALLOW_HTTP_LOOPBACK: "true",
        API_BASE_URL: baseUrl
      }
    }
  })
