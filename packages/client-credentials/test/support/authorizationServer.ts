/**
 * `oidc-provider` over HTTPS, with a client for each method of authentication, and an API that verifies its requests.
 */
import { X509Certificate } from "node:crypto"
import * as Https from "node:https"
import type { AddressInfo } from "node:net"
import type { TLSSocket } from "node:tls"

import { Effect } from "effect"
import { calculateJwkThumbprint, EmbeddedJWK, exportJWK, exportPKCS8, generateKeyPair, type JWK, jwtVerify } from "jose"

import * as certificates from "./certificates.js"

export const algorithms = ["RS256", "PS256", "ES256", "EdDSA"] as const

export const secret = "s3cr3t/+ %:x and more than enough for HMAC"

const listen = (server: Https.Server) =>
  Effect.acquireRelease(
    Effect.async<string>((resume) => {
      server.listen(0, "127.0.0.1", () =>
        resume(Effect.succeed(`https://127.0.0.1:${(server.address() as AddressInfo).port}`)))
    }),
    () =>
      Effect.async<void>((resume) => {
        server.close(() =>
          resume(Effect.void)
        )
        server.closeAllConnections()
      })
  )

const quietly = <A>(load: () => Promise<A>): Promise<A> => {
  const { info, warn } = console
  console.warn = () => {}
  console.info = () => {}
  return load().finally(() => Object.assign(console, { warn, info }))
}

const peer = (socket: unknown): X509Certificate | undefined => {
  const { raw } = (socket as TLSSocket).getPeerCertificate()
  return raw === undefined ? undefined : new X509Certificate(raw)
}

const resource = "https://api.example.com/v1"

/** Paths of the API that require another token request, with their challenges. */
const stepUps: Readonly<
  Record<string, { readonly challenge: string; readonly isMet: (extra: Readonly<Record<string, unknown>>) => boolean }>
> = {
  "/payments": {
    challenge: `error="insufficient_user_authentication", acr_values="gold", max_age="300"`,
    isMet: ({ acr, maxAge }) => acr === "gold" && maxAge === "300"
  },
  "/mails": {
    challenge: `error="insufficient_claims", claims="${btoa(`{"access_token":{"nbf":{"essential":true}}}`)}"`,
    isMet: ({ claims }) => claims === `{"access_token":{"nbf":{"essential":true}}}`
  }
}

/**
 * Starts a server. `signing` lists the supported algorithms of client assertions, `more` lists further clients, which
 * authenticate by private_key_jwt. Their key sets are read by `fetch`.
 */
export const startWith = (
  signing: ReadonlyArray<string>,
  more: ReadonlyArray<{ readonly client_id: string; readonly [member: string]: unknown }> = [],
  fetch?: (url: string) => Promise<Response>
) =>
  Effect.gen(function*() {
    const ca = yield* certificates.authority("an authority of the test")
    const pems = yield* certificates.server(ca)
    const clientCertificate = yield* certificates.client(ca, "payments.example.com")
    const selfSigned = yield* certificates.selfSigned("self-signed.example.com")

    const server = Https.createServer({
      key: pems.private,
      cert: pems.cert,
      ca: ca.cert,
      requestCert: true,
      rejectUnauthorized: false
    })
    const issuer = yield* listen(server)

    const keys = yield* Effect.promise(async () =>
      Object.fromEntries(
        await Promise.all(algorithms.map(async (algorithm) => {
          const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true })
          const jwk = { ...(await exportJWK(publicKey)), alg: algorithm, kid: `kid-${algorithm}`, use: "sig" }
          return [algorithm, {
            pem: await exportPKCS8(privateKey),
            jwk,
            privateJwk: { ...(await exportJWK(privateKey)), kid: jwk.kid, alg: algorithm }
          }]
        }))
      ) as Record<typeof algorithms[number], { readonly pem: string; readonly jwk: JWK; readonly privateJwk: JWK }>
    )

    const state = {
      requireNonce: false,
      seen: [] as Array<Record<string, unknown>>,
      extras: [] as Array<Record<string, unknown>>
    }

    const common = {
      grant_types: ["client_credentials"],
      response_types: [],
      redirect_uris: [],
      client_secret: secret,
      scope: "items:read items:write"
    }
    const provider = yield* Effect.promise(() =>
      quietly(async () => {
        const { Provider, errors } = await import("oidc-provider")
        return new Provider(issuer, {
          clients: [
            { ...common, client_id: "basic", token_endpoint_auth_method: "client_secret_basic" },
            { ...common, client_id: "post", token_endpoint_auth_method: "client_secret_post" },
            ...(signing.includes("HS256")
              ? [{ ...common, client_id: "jwt", token_endpoint_auth_method: "client_secret_jwt" }]
              : []),
            {
              ...common,
              client_id: "bound",
              token_endpoint_auth_method: "private_key_jwt",
              tls_client_certificate_bound_access_tokens: true,
              // Registered once for each of its algorithms.
              jwks: { keys: [{ ...keys.RS256.jwk, alg: undefined }, { ...keys.ES256.jwk, alg: undefined }] }
            },
            ...algorithms.filter((algorithm) => signing.includes(algorithm)).map((algorithm) => ({
              ...common,
              client_id: algorithm,
              token_endpoint_auth_method: "private_key_jwt",
              token_endpoint_auth_signing_alg: algorithm,
              jwks: { keys: [keys[algorithm].jwk] }
            })),
            {
              ...common,
              client_id: "tls",
              token_endpoint_auth_method: "tls_client_auth",
              tls_client_auth_san_dns: "payments.example.com"
            },
            {
              ...common,
              client_id: "self-signed",
              token_endpoint_auth_method: "self_signed_tls_client_auth",
              jwks: {
                keys: [{
                  ...(new X509Certificate(selfSigned.cert).publicKey.export({ format: "jwk" }) as JWK),
                  x5c: [new X509Certificate(selfSigned.cert).raw.toString("base64")]
                }]
              }
            },
            {
              ...common,
              client_id: "dpop",
              token_endpoint_auth_method: "client_secret_basic",
              dpop_bound_access_tokens: true
            },
            ...more.map((client) => ({ ...common, token_endpoint_auth_method: "private_key_jwt", ...client }))
          ] as never,
          ...(fetch === undefined ? {} : { fetch: (url: URL | string) => fetch(String(url)) }),
          clientAuthMethods: [
            "client_secret_basic",
            "client_secret_post",
            "client_secret_jwt",
            "private_key_jwt",
            "tls_client_auth",
            "self_signed_tls_client_auth"
          ],
          enabledJWA: {
            clientAuthSigningAlgValues: signing,
            dPoPSigningAlgValues: ["ES256", "EdDSA"]
          } as never,
          discovery: { mtls_endpoint_aliases: { token_endpoint: `${issuer}/token?alias=mtls` } },
          features: {
            clientCredentials: { enabled: true },
            devInteractions: { enabled: false },
            introspection: { enabled: true, allowedPolicy: () => true },
            revocation: { enabled: true },
            resourceIndicators: {
              enabled: true,
              getResourceServerInfo: (_: unknown, indicator: string) => {
                if (indicator !== resource) throw new errors.InvalidTarget()
                return { scope: "items:read items:write", audience: indicator, accessTokenFormat: "opaque" }
              },
              defaultResource: () => undefined as never,
              useGrantedResource: () => true
            },
            dPoP: {
              enabled: true,
              nonceSecret: Buffer.alloc(32, 1),
              requireNonce: () => state.requireNonce
            },
            mTLS: {
              enabled: true,
              selfSignedTlsClientAuth: true,
              tlsClientAuth: true,
              certificateBoundAccessTokens: true,
              getCertificate: (ctx: { readonly socket: unknown }) => peer(ctx.socket),
              certificateAuthorized: (ctx: { readonly socket: TLSSocket }) => ctx.socket.authorized,
              certificateSubjectMatches: (ctx: { readonly socket: unknown }, property: string, expected: string) =>
                property === "tls_client_auth_san_dns" && peer(ctx.socket)?.checkHost(expected) !== undefined
            }
          } as never,
          scopes: ["items:read", "items:write", "admin"],
          // The parameters of the token request, for the API: a class of authentication (RFC 9470 section 5), or
          // claims.
          extraTokenClaims: (
            { oidc: { body = {} } }: { readonly oidc: { readonly body?: Record<string, unknown> } }
          ) => {
            const extra = {
              acr: body["acr_values"],
              maxAge: body["max_age"],
              claims: body["claims"],
              organization: body["organization"]
            }
            state.extras.push(extra)
            return extra
          },
          ttl: { ClientCredentials: 86_400 }
        } as never)
      })
    )
    interface Seen {
      readonly oidc: { readonly params?: object }
      readonly url: string
    }
    const events = provider as unknown as {
      readonly on: (event: string, listener: (ctx: Seen, error?: { readonly error_detail?: string }) => void) => void
    }
    for (const event of ["grant.success", "grant.error"]) {
      events.on(
        event,
        (ctx, error) => state.seen.push({ ...ctx.oidc.params, url: ctx.url, detail: error?.error_detail })
      )
    }
    server.on("request", provider.callback())

    /** Introspects a token (RFC 7662), by the client that authenticates by post. */
    const introspect = (token: string) =>
      provider.ClientCredentials.find(token).then((found) =>
        found === undefined || !found.isValid
          ? { active: false } as const
          : { active: true, jkt: found.jkt, certificate: found["x5t#S256"], extra: found.extra } as const
      )

    /** An API that accepts bearer tokens, and tokens bound to a key only with a proof of it (RFC 9449 section 7). */
    const api = { requireNonce: false, nonce: "api-nonce-1", proofs: new Set<string>() }
    const resourceServer = Https.createServer({ key: pems.private, cert: pems.cert }, (request, response) => {
      const reject = (challenge: string) =>
        response.writeHead(401, {
          "www-authenticate": challenge,
          ...(api.requireNonce ? { "dpop-nonce": api.nonce } : {})
        }).end()
      void (async () => {
        const [scheme, token = ""] = (request.headers.authorization ?? "").split(" ")
        const found = await introspect(token)
        if (!found.active) return reject(`${scheme ?? "Bearer"} error="invalid_token"`)
        const required = stepUps[request.url ?? ""]
        if (required !== undefined && !required.isMet(found.extra ?? {})) {
          return reject(`${scheme} ${required.challenge}`)
        }
        if (found.jkt === undefined) {
          return scheme === "Bearer"
            ? response.end("{}")
            : reject(`Bearer error="invalid_token"`)
        }
        if (scheme !== "DPoP") return reject(`DPoP error="invalid_token", algs="ES256"`)
        const { payload, protectedHeader } = await jwtVerify(String(request.headers["dpop"]), EmbeddedJWK, {
          typ: "dpop+jwt"
        })
        const ath = Buffer.from(await crypto.subtle.digest("SHA-256", Buffer.from(token))).toString("base64url")
        const { pathname } = new URL(request.url ?? "", apiOrigin)
        const isValid = payload["htm"] === request.method && payload["htu"] === apiOrigin + pathname &&
          payload["ath"] === ath && !api.proofs.has(String(payload.jti)) &&
          await calculateJwkThumbprint(protectedHeader.jwk as JWK) === found.jkt
        api.proofs.add(String(payload.jti))
        if (!isValid) return reject(`DPoP error="invalid_dpop_proof"`)
        if (api.requireNonce && payload["nonce"] !== api.nonce) return reject(`DPoP error="use_dpop_nonce"`)
        return response.writeHead(200, api.requireNonce ? { "dpop-nonce": api.nonce } : {}).end("{}")
      })().catch((error: unknown) => reject(`DPoP error="invalid_dpop_proof", error_description="${String(error)}"`))
    })
    const apiOrigin = yield* listen(resourceServer)

    return {
      api,
      apiBaseUrl: apiOrigin,
      ca,
      clientCertificate,
      introspect,
      issuer,
      keys,
      resource,
      selfSigned,
      state,
      tokenUrl: `${issuer}/token`
    }
  })

export const start = startWith(["HS256", ...algorithms])
