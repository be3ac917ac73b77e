/**
 * The servers of a test on sockets of this machine, for tests across processes and for programs in other languages. Needs
 * Node, so it is not in the index: import `@effect-oauth/testing/Loopback`. `Sandbox` is for tests without Effect.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"

import { issuerAt } from "./internal/discovery.js"
import { environment } from "./internal/environment.js"
import * as registered from "./internal/registered.js"
import { behaviorOf } from "./internal/servers.js"
import * as sockets from "./internal/sockets.js"
import type { Options as TestOptions } from "./OAuthTest.js"
import * as TestApi from "./TestApi.js"
import * as TestAuthorizationServer from "./TestAuthorizationServer.js"

/**
 * Options of the servers and their addresses. With `port`, the API uses the next port, unless `apiPort` is set. With `host`
 * `0.0.0.0`, for example in a container, set the URLs by which others reach the servers: `server.issuer` and `api.baseUrl`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends Pick<TestOptions, "server" | "api">, sockets.Address {
  /** The port of the API. */
  readonly apiPort?: number | undefined
}

/**
 * A socket could not be opened, usually because the port is in use.
 *
 * @since 0.1.0
 * @category errors
 */
export interface ListenFailed extends Error {
  readonly _tag: "ListenFailed"
  readonly port: number
}

/**
 * Starts both servers, on free ports of 127.0.0.1 unless the options state others, and stops them with the scope. Without `tls`
 * they are `http:`: allow it by `OAUTH_ALLOW_HTTP_LOOPBACK`, which the environment has. Fails with `ListenFailed` where a port is
 * in use.
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
  options: Options = {}
): Effect.Effect<
  {
    readonly server: TestAuthorizationServer.TestAuthorizationServer
    readonly api: TestApi.TestApi
    /** The environment variables for a program under test. */
    readonly environment: Readonly<Record<string, string>>
  },
  ListenFailed,
  Scope.Scope
> =>
  Effect.gen(function*() {
    const { apiPort = options.port && options.port + 1, host, port, tls } = options
    const authSocket = yield* sockets.listen({ host, port, tls })
    const apiSocket = yield* sockets.listen({ host, port: apiPort, tls })
    const apiOptions = { ...options.api, baseUrl: options.api?.baseUrl ?? apiSocket.origin }
    const stated = registered.serverOptions({ ...options, api: apiOptions })
    const issuer = stated.issuer ?? issuerAt(authSocket.origin, behaviorOf(stated.server, stated))
    const server = yield* TestAuthorizationServer.make(registered.withIssuer(stated, issuer))
    const api = yield* Effect.provide(
      TestApi.make(apiOptions),
      Layer.succeed(TestAuthorizationServer.TestAuthorizationServer, server)
    )
    const run = yield* FiberSet.makeRuntime()
    authSocket.serve(() => server.host, run)
    apiSocket.serve(() => api.host, run)
    return { server, api, environment: environment(server, api, { server: stated, api: apiOptions }) }
  })
