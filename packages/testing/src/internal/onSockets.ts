/**
 * Both servers of a test on sockets of this machine: their addresses, and the servers behind them.
 */
import type { InvalidConfig } from "@effect-oauth/client-credentials"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

import * as TestApi from "../TestApi.js"
import * as TestAuthorizationServer from "../TestAuthorizationServer.js"
import { issuerAt } from "./discovery.js"
import { environment } from "./environment.js"
import type { Passed } from "./passed.js"
import * as registered from "./registered.js"
import * as rules from "./rules.js"
import { behaviorOf } from "./servers.js"
import * as sockets from "./sockets.js"

interface Options extends sockets.Address {
  readonly apiPort?: number | undefined
  readonly server?: registered.Options["server"]
  readonly api?: TestApi.Options | undefined
}

const port = rules.integer(0, 65_535)

const members = rules.group<Options>({
  port,
  apiPort: port,
  host: rules.text,
  publicHost: rules.text,
  tls: rules.group<NonNullable<Options["tls"]>>({ cert: rules.text, key: rules.text, ca: rules.text }, ["cert", "key"]),
  server: TestAuthorizationServer.nameOrOptionsRule,
  api: TestApi.optionsRule
})

const optionsRule: rules.Rule = (value, path) => {
  const problems = members(value, path)
  if (problems.length > 0) return problems
  const { apiPort, port = 0 } = value as Options
  return apiPort === undefined
    ? rules.integer(0, 65_534)(port, "port").map((one) => ({ ...one, expected: `${one.expected}, or apiPort` }))
    : []
}

export interface Servers {
  readonly server: TestAuthorizationServer.TestAuthorizationServer
  readonly api: TestApi.TestApi
}

/**
 * Returns a unique part of token values, since clients may still have tokens from before a reset, or of earlier servers at the
 * same port.
 */
const epoch = (): string => crypto.randomUUID().slice(0, 8)

/** Opens the sockets, until the scope is closed. Options are checked before. */
export const open = (options: Options): Effect.Effect<
  {
    readonly sockets: { readonly server: sockets.Listener; readonly api: sockets.Listener }
    readonly issuer: string
    /** True if access tokens are JWTs. */
    readonly issuesJwts: boolean
    /** Creates the servers. Each time, they accept no token of the servers before. */
    readonly build: (passed: Passed) => Effect.Effect<Servers>
    readonly environment: (servers: Servers) => Readonly<Record<string, string>>
  },
  sockets.ListenFailed | InvalidConfig.InvalidConfig,
  Scope.Scope
> =>
  Effect.gen(function*() {
    yield* rules.check(optionsRule, options)
    const { apiPort = options.port && options.port + 1, host, port, publicHost, tls } = options
    const server = yield* sockets.listen({ host, port, publicHost, tls })
    const api = yield* sockets.listen({ host, port: apiPort, publicHost, tls })
    const apiOptions = { ...options.api, baseUrl: options.api?.baseUrl ?? api.origin }
    const stated = registered.serverOptions({ server: options.server, api: apiOptions })
    const behavior = behaviorOf(stated.server, stated)
    const issuer = stated.issuer ?? issuerAt(server.origin, behavior)
    return {
      sockets: { server, api },
      issuer,
      issuesJwts: behavior.accessTokens === "jwt",
      build: (passed) =>
        Effect.gen(function*() {
          const place = { transport: "sockets", epoch: epoch(), passed } as const
          const server = yield* TestAuthorizationServer.makeIn(place, registered.withIssuer(stated, issuer))
          const api = yield* Effect.provideService(
            TestApi.makeIn(place, apiOptions),
            TestAuthorizationServer.TestAuthorizationServer,
            server
          )
          return { server, api }
        }),
      environment: ({ api, server }) => environment(server, api, { server: stated, api: apiOptions })
    }
  })
