/**
 * An authorization server, `oidc-provider`, on loopback until the scope closes. It issues opaque tokens, and supports
 * introspection (RFC 7662) and revocation (RFC 7009).
 */
import * as Http from "node:http"

import { Effect, Redacted } from "effect"

import { listen } from "./listen.js"

export interface Client {
  readonly id: string
  readonly secret: Redacted.Redacted<string>
}

export interface AuthorizationServer {
  readonly tokenUrl: string
  readonly introspectionUrl: string
  readonly revocationUrl: string
  /** The number of tokens issued so far, to all clients. */
  readonly tokensIssued: Effect.Effect<number>
}

/**
 * Loads the server without its warning against production use without a database, which does not apply to a
 * demonstration.
 */
const withoutAdvice = <A>(load: () => Promise<A>): Promise<A> => {
  const warn = console.warn
  console.warn = (...line: ReadonlyArray<unknown>) => {
    if (!String(line[0]).includes("oidc-provider WARNING")) warn(...line)
  }
  return load().finally(() => {
    console.warn = warn
  })
}

export interface Options {
  readonly clients: ReadonlyArray<Client>
  /** The client that may introspect tokens. */
  readonly resourceServer: Client
  /** In seconds; 24 hours by default. */
  readonly tokenLife?: number | undefined
}

export const start = ({ clients, resourceServer, tokenLife = 86_400 }: Options) =>
  Effect.gen(function*() {
    const http = Http.createServer()
    const issuer = yield* listen(http)

    const provider = yield* Effect.promise(() =>
      withoutAdvice(async () => {
        const { Provider } = await import("oidc-provider")
        return new Provider(issuer, {
          clients: [...clients, resourceServer].map(({ id, secret }) => ({
            client_id: id,
            client_secret: Redacted.value(secret),
            token_endpoint_auth_method: "client_secret_post",
            grant_types: ["client_credentials"],
            response_types: [],
            redirect_uris: [],
            scope: "items:read"
          })),
          features: {
            clientCredentials: { enabled: true },
            devInteractions: { enabled: false },
            resourceIndicators: { enabled: false },
            introspection: { enabled: true, allowedPolicy: (_, caller) => caller.clientId === resourceServer.id },
            revocation: { enabled: true, allowedPolicy: (_, caller, token) => caller.clientId === token.clientId }
          },
          scopes: ["items:read", "items:write"],
          ttl: { ClientCredentials: tokenLife }
        })
      })
    )
    let issued = 0
    provider.on("client_credentials.saved", () => {
      issued += 1
    })
    http.on("request", provider.callback())

    const server: AuthorizationServer = {
      tokenUrl: `${issuer}/token`,
      introspectionUrl: `${issuer}/token/introspection`,
      revocationUrl: `${issuer}/token/revocation`,
      tokensIssued: Effect.sync(() => issued)
    }
    return server
  })
