/**
 * `oidc-provider` and an API that verifies its tokens, both over TLS, with certificates from an authority made for the test.
 */
import * as Http from "node:http"
import * as Https from "node:https"
import type { AddressInfo } from "node:net"

import { Effect } from "effect"
import { createLocalJWKSet, exportJWK, generateKeyPair, jwtVerify } from "jose"
import type { ClientMetadata } from "oidc-provider"

import * as certificates from "../../../client-credentials/test/support/certificates.js"

export const secret = "c4n4ry-s3cr3t/+ %:x"

/** Listens on a free port of 127.0.0.1 for the length of the scope. */
export const listen = (server: Http.Server, scheme: "http" | "https") =>
  Effect.acquireRelease(
    Effect.async<string>((resume) => {
      server.listen(0, "127.0.0.1", () =>
        resume(Effect.succeed(`${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`)))
    }),
    () =>
      Effect.async<void>((resume) => {
        server.close(() =>
          resume(Effect.void)
        )
        server.closeAllConnections()
      })
  )

export const http = (handler: Http.RequestListener) => Effect.suspend(() => listen(Http.createServer(handler), "http"))

export const https = (pems: certificates.Pems, handler: Http.RequestListener) =>
  Effect.suspend(() => listen(Https.createServer({ key: pems.private, cert: pems.cert }, handler), "https"))

export const tls = (options: Https.ServerOptions, handler: Http.RequestListener) =>
  Effect.suspend(() => {
    const server = Https.createServer(options, handler)
    server.on("tlsClientError", () => {})
    return listen(server, "https")
  })

/** The origin of a server that is no longer there. */
export const closed = Effect.scoped(http(() => {}))

const quietly = <A>(load: () => Promise<A>): Promise<A> => {
  const { info, warn } = console
  console.warn = () => {}
  console.info = () => {}
  return load().finally(() => Object.assign(console, { warn, info }))
}

/** A resource is what the tokens are for; a token for another of them is none for this API. */
export const resource = "https://api.example.com/items"
export const otherResource = "https://api.example.com/orders"

/** Options of `oidc-provider`, beside one client with a secret. */
export interface ProviderOptions {
  readonly clients?: ReadonlyArray<ClientMetadata>
  /** True when assertions must have the issuer as their audience, as FAPI 2.0 requires. */
  readonly isStrict?: boolean
}

export const startWith = ({ clients = [], isStrict = false }: ProviderOptions) =>
  Effect.gen(function*() {
    const ca = yield* certificates.authority("The authority of the test")
    const pems = yield* certificates.server(ca)
    const keys = yield* Effect.promise(() => generateKeyPair("ES256", { extractable: true }))
    const jwk = { ...(yield* Effect.promise(() => exportJWK(keys.privateKey))), kid: "k1", alg: "ES256", use: "sig" }

    const server = Https.createServer({ key: pems.private, cert: pems.cert })
    const issuer = yield* listen(server, "https")
    const provider = yield* Effect.promise(() =>
      quietly(async () => {
        const { Provider, errors } = await import("oidc-provider")
        return new Provider(issuer, {
          clients: [{
            client_id: "inventory-sync",
            client_secret: secret,
            token_endpoint_auth_method: "client_secret_basic",
            id_token_signed_response_alg: "ES256",
            grant_types: ["client_credentials"],
            response_types: [],
            redirect_uris: [],
            scope: "items:read items:write"
          }, ...clients],
          assertJwtClientAuthClaimsAndHeader: (ctx, claims) => {
            if (isStrict && claims["aud"] !== ctx.oidc.issuer) {
              throw new errors.InvalidClientAuth("aud must be the issuer")
            }
          },
          jwks: { keys: [jwk] },
          scopes: ["items:read", "items:write", "admin"],
          ttl: { ClientCredentials: 86_400 },
          features: {
            clientCredentials: { enabled: true },
            dPoP: { enabled: true },
            devInteractions: { enabled: false },
            introspection: { enabled: true, allowedPolicy: () => true },
            revocation: { enabled: true, allowedPolicy: () => true },
            resourceIndicators: {
              enabled: true,
              getResourceServerInfo: (_ctx, audience) => ({
                scope: "items:read items:write",
                audience,
                accessTokenFormat: "jwt",
                accessTokenTTL: 86_400,
                jwt: { sign: { alg: "ES256" } }
              })
            }
          }
        })
      })
    )
    const state = { issued: 0 }
    provider.on("client_credentials.saved", () => {
      state.issued += 1
    })
    provider.on("client_credentials.issued", () => {
      state.issued += 1
    })
    server.on("request", provider.callback())

    const { d: _private, ...publicJwk } = jwk
    const set = createLocalJWKSet({ keys: [publicJwk] })
    const apiOrigin = yield* https(pems, (request, response) => {
      const answer = (status: number, challenge?: string) =>
        response.writeHead(status, {
          "content-type": "application/json",
          ...(challenge === undefined ? {} : { "www-authenticate": challenge })
        }).end(JSON.stringify(status === 200 ? { items: [{ sku: "SKU-1", quantity: 100 }] } : { error: status }))
      const [, token = ""] = (request.headers.authorization ?? "").split(" ")
      jwtVerify(token, set, { audience: resource }).then(
        ({ payload }) => {
          const scope = String(payload["scope"] ?? "").split(" ")
          if (request.url === "/write" && !scope.includes("items:write")) {
            return answer(403, "Bearer error=\"insufficient_scope\", scope=\"items:write\"")
          }
          return answer(request.url === "/nothing" ? 404 : request.url === "/forbidden" ? 403 : 200)
        },
        () => answer(401, "Bearer error=\"invalid_token\"")
      )
    })
    return { apiOrigin, ca, issuer, state }
  })

export const start = startWith({})
