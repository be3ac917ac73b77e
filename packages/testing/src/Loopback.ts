/**
 * The servers of a test on sockets of this machine, for tests across processes and for programs in other languages. Needs
 * Node, so it is not in the index: import `@effect-oauth/testing/Loopback`. `Sandbox` is for tests without Effect.
 *
 * @since 3.0.0
 */
import type { InvalidConfig } from "@effect-oauth/client-credentials"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import type * as Scope from "effect/Scope"

import * as onSockets from "./internal/onSockets.js"
import { none } from "./internal/passed.js"
import type * as sockets from "./internal/sockets.js"
import type { Options as TestOptions } from "./OAuthTest.js"
import type * as TestApi from "./TestApi.js"
import type * as TestAuthorizationServer from "./TestAuthorizationServer.js"

/**
 * Options of the servers and their addresses. With `port`, the API uses the next port, unless `apiPort` is set. With `host`
 * `0.0.0.0`, for example in a container, set the name by which others reach the servers, `publicHost`; behind a proxy or other
 * ports, set their URLs: `server.issuer` and `api.baseUrl`.
 *
 * @since 3.0.0
 * @category models
 */
export interface Options extends Pick<TestOptions, "server" | "api">, sockets.Address {
  /** The port of the API. */
  readonly apiPort?: number | undefined
}

/**
 * A socket could not be opened, usually because the port is in use.
 *
 * @since 3.0.0
 * @category errors
 */
export interface ListenFailed extends Error {
  readonly _tag: "ListenFailed"
  readonly port: number
}

/**
 * Starts both servers, on free ports of 127.0.0.1 unless the options state others, and stops them with the scope. Without `tls`
 * they are `http:`: allow it by `OAUTH_ALLOW_HTTP_LOOPBACK`, which the environment has. Fails with `ListenFailed` where a port is
 * in use, and with `InvalidConfig` for options that are unknown or wrong. The servers accept no token of earlier servers at the
 * same port.
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
 * @since 3.0.0
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
  ListenFailed | InvalidConfig.InvalidConfig,
  Scope.Scope
> =>
  Effect.gen(function*() {
    const { build, environment, sockets } = yield* onSockets.open(options)
    const servers = yield* build(none)
    const run = yield* FiberSet.makeRuntime()
    sockets.server.serve(() => servers.server.host, run)
    sockets.api.serve(() => servers.api.host, run)
    return { ...servers, environment: environment(servers) }
  })
