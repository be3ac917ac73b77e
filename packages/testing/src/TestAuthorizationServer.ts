/**
 * An authorization server in memory, which behaves by the standards, goes wrong on order, and can be looked into.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import type { JWK } from "jose"

import * as authentication from "./internal/authentication.js"
import * as faultScript from "./internal/faults.js"
import * as host from "./internal/host.js"
import * as proofs from "./internal/proofs.js"
import { parse, refuse, shown } from "./internal/request.js"

/**
 * A client that is registered at the server (RFC 7591 section 2).
 *
 * @since 0.1.0
 * @category models
 */
export interface Client {
  readonly id: string
  /** For the methods with a secret. */
  readonly secret?: string | undefined
  /** The public keys, for `private_key_jwt`. */
  readonly keys?: ReadonlyArray<JWK> | undefined
  /** The name of the certificate, for the two methods by mutual TLS: see `OAuthTest.Options`. */
  readonly certificate?: string | undefined
  /** The only method allowed. Default: any that the credentials above are good for. */
  readonly method?: string | undefined
  /** The scopes that it may ask for. Default: all. */
  readonly scope?: ReadonlyArray<string> | undefined
  /** The audiences and resources that it may ask for. Default: all. */
  readonly audience?: ReadonlyArray<string> | undefined
  /** Whether its tokens must be bound to a key (RFC 9449). Default: false. */
  readonly dpop?: boolean | undefined
}

/**
 * How the server behaves. All have defaults.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Default: `https://auth.test`. */
  readonly issuer?: string | undefined
  /** Default: one client, `test-client` with the secret `test-secret`. */
  readonly clients?: ReadonlyArray<Client> | undefined
  /** Default: 24 hours. */
  readonly tokenLife?: Duration.DurationInput | undefined
  /** How many tokens a client gets in any 24 hours; then it is 429 with `Retry-After`. Default: no limit. */
  readonly dailyLimit?: number | undefined
  /** Whether proofs must have a nonce (RFC 9449 section 8). Default: false. */
  readonly requireNonce?: boolean | undefined
  /** How token requests must be written. Default: either way. */
  readonly requestFormat?: "form" | "json" | "any" | undefined
}

/**
 * A token that was issued, and what became of it.
 *
 * @since 0.1.0
 * @category models
 */
export class Issued extends Data.Class<{
  /** The first is 1; its value is `token-1`. */
  readonly number: number
  readonly value: Redacted.Redacted<string>
  readonly clientId: string
  readonly scope: ReadonlyArray<string>
  readonly audience: ReadonlyArray<string>
  /** The thumbprint of the key that it is bound to; undefined for a bearer token. */
  readonly thumbprint: string | undefined
  /** Milliseconds since the epoch. */
  readonly issuedAt: number
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
  readonly revoked: boolean
  /** Why the client asked: `cold`, `renewal`, `expired`, `rejected`, `forced`; undefined when it does not say. */
  readonly reason: string | undefined
}> {}

/**
 * A request that arrived. Secrets, assertions, proofs and tokens show as `<redacted>`.
 *
 * @since 0.1.0
 * @category models
 */
export class Received extends Data.Class<{
  readonly endpoint: "token" | "revocation" | "introspection" | "metadata" | "none"
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly method: string
  readonly url: string
  readonly parameters: Readonly<Record<string, string>>
  /** Who the program that asked says it is (RFC 9110 section 10.1.5). */
  readonly userAgent: string | undefined
  readonly clientId: string | undefined
  /** How the client authenticated; undefined when it did not succeed. */
  readonly authentication: string | undefined
  readonly reason: string | undefined
  /** Of the answer; undefined when there was none. */
  readonly status: number | undefined
  /** The error of the answer, if it was one. */
  readonly error: string | undefined
}> {}

/**
 * Whether a token is good for a call: what an API asks the server (RFC 7662).
 *
 * @since 0.1.0
 * @category models
 */
export type Verdict = { readonly _tag: "Active"; readonly token: Issued } | { readonly _tag: "Inactive" }

/**
 * The server, from the point of view of a test.
 *
 * @since 0.1.0
 * @category models
 */
export interface TestAuthorizationServer {
  readonly issuer: string
  /** What the next requests meet: faults in a queue, by a rule, or drawn from a mixture with a seed. */
  readonly faults: faultScript.Faults<{ readonly endpoint: Received["endpoint"]; readonly url: URL }>
  /** Everything that arrived, in order. */
  readonly received: Effect.Effect<ReadonlyArray<Received>>
  /** Every token that was issued, in order. */
  readonly issued: Effect.Effect<ReadonlyArray<Issued>>
  /** Revokes the tokens that are valid now, or the one with this number. */
  readonly revoke: (number?: number) => Effect.Effect<void>
  /** Replaces a client's secret. The old one is unknown from now on. */
  readonly changeSecret: (clientId: string, secret: string) => Effect.Effect<void>
  /** What an API asks about a token. */
  readonly verify: (value: string) => Effect.Effect<Verdict>
  /** The server itself: a request arrives, an answer goes out, or the connection breaks. */
  readonly host: host.Host
}

/**
 * The authorization server of a test.
 *
 * @since 0.1.0
 * @category tags
 */
export const TestAuthorizationServer = Context.GenericTag<TestAuthorizationServer>(
  "@effect-oauth/testing/TestAuthorizationServer"
)

const day = 86_400_000

/**
 * A server of its own.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<TestAuthorizationServer> =>
  Effect.gen(function*() {
    const issuer = options.issuer ?? "https://auth.test"
    const life = Duration.toMillis(options.tokenLife ?? "24 hours")
    const clients = yield* Ref.make(options.clients ?? [{ id: "test-client", secret: "test-secret" }])
    const issued = yield* Ref.make<ReadonlyArray<Issued>>([])
    const received = yield* Ref.make<ReadonlyArray<Received>>([])
    const script = faultScript.make<{ readonly endpoint: Received["endpoint"]; readonly url: URL }>()
    const checkProof = proofs.make()
    const authenticate = authentication.make(issuer, Ref.get(clients))
    const nonce = "nonce-of-the-authorization-server"

    const issue = (
      incoming: host.Incoming,
      client: Client,
      pairs: ReadonlyArray<readonly [string, string]>,
      now: number
    ) =>
      Effect.gen(function*() {
        const parameters = new Map(pairs)
        const grant = parameters.get("grant_type")
        if (grant === undefined) return yield* refuse(400, "invalid_request")
        if (grant !== "client_credentials") return yield* refuse(400, "unsupported_grant_type")
        const scope = (parameters.get("scope") ?? "").split(" ").filter((name) => name !== "")
        if (client.scope !== undefined && !scope.every((name) => client.scope?.includes(name))) {
          return yield* refuse(400, "invalid_scope")
        }
        const resources = pairs.filter(([name]) => name === "resource").map(([, value]) => value)
        const audience = parameters.get("audience")
        if (client.audience !== undefined) {
          if (!resources.every((uri) => client.audience?.includes(uri))) return yield* refuse(400, "invalid_target")
          if (audience !== undefined && !client.audience.includes(audience)) return yield* refuse(403, "access_denied")
        }
        const proof = incoming.headers["dpop"]
        let thumbprint: string | undefined
        if (proof !== undefined) {
          const checked = yield* checkProof(proof, { method: incoming.method, url: incoming.url })
          if (checked._tag === "Unsound") return yield* refuse(400, "invalid_dpop_proof")
          if (options.requireNonce === true && checked.nonce !== nonce) {
            return yield* refuse(400, "use_dpop_nonce", { "dpop-nonce": nonce })
          }
          thumbprint = checked.thumbprint
        } else if (client.dpop === true) {
          return yield* refuse(400, "invalid_grant")
        }
        if (options.dailyLimit !== undefined) {
          const recent = (yield* Ref.get(issued)).filter((one) =>
            one.clientId === client.id && one.issuedAt > now - day
          )
          const oldest = recent[0]
          if (recent.length >= options.dailyLimit && oldest !== undefined) {
            return yield* refuse(429, "too_many_requests", {
              "retry-after": String(Math.ceil((oldest.issuedAt + day - now) / 1000))
            })
          }
        }
        return yield* Ref.modify(issued, (all) => {
          const token = new Issued({
            number: all.length + 1,
            value: Redacted.make(`token-${all.length + 1}`),
            clientId: client.id,
            scope,
            audience: [...resources, ...(audience === undefined ? [] : [audience])],
            thumbprint,
            issuedAt: now,
            expiresAt: now + life,
            revoked: false,
            reason: incoming.reason
          })
          return [token, [...all, token]]
        })
      })

    const tokenResponse = (token: Issued, now: number) =>
      host.json(200, {
        access_token: Redacted.value(token.value),
        token_type: token.thumbprint === undefined ? "Bearer" : "DPoP",
        expires_in: Math.max(0, Math.floor((token.expiresAt - now) / 1000)),
        ...(token.scope.length === 0 ? {} : { scope: token.scope.join(" ") })
      }, options.requireNonce === true ? { "dpop-nonce": nonce } : {})

    const find = (value: string) =>
      Effect.map(Ref.get(issued), (all) => all.find((token) => Equal.equals(token.value, Redacted.make(value))))

    const verify = (value: string): Effect.Effect<Verdict> =>
      Effect.zipWith(find(value), Clock.currentTimeMillis, (token, now) =>
        token !== undefined && !token.revoked && now < token.expiresAt
          ? { _tag: "Active", token }
          : { _tag: "Inactive" })

    const revoke = (chosen: (token: Issued) => boolean) =>
      Ref.update(issued, (all) =>
        all.map((token) => chosen(token) ? new Issued({ ...token, revoked: true }) : token))

    const metadata = {
      issuer,
      token_endpoint: `${issuer}/token`,
      revocation_endpoint: `${issuer}/token/revocation`,
      introspection_endpoint: `${issuer}/token/introspection`,
      grant_types_supported: ["client_credentials"],
      token_endpoint_auth_methods_supported: [
        "client_secret_basic",
        "client_secret_post",
        "client_secret_jwt",
        "private_key_jwt",
        "tls_client_auth",
        "self_signed_tls_client_auth"
      ],
      dpop_signing_alg_values_supported: ["ES256", "ES384", "ES512", "EdDSA", "PS256", "RS256"]
    }

    const endpoints: Readonly<Record<string, Received["endpoint"]>> = {
      "/token": "token",
      "/token/revocation": "revocation",
      "/token/introspection": "introspection",
      "/.well-known/oauth-authorization-server": "metadata",
      "/.well-known/openid-configuration": "metadata"
    }

    const answer = (
      incoming: host.Incoming,
      endpoint: Received["endpoint"],
      offset: number,
      again: boolean,
      note: (more: Partial<Received>) => void
    ): Effect.Effect<Response> =>
      Effect.gen(function*() {
        if (endpoint === "metadata") return host.json(200, metadata)
        if (endpoint === "none") return new Response("not found", { status: 404 })
        if (incoming.method !== "POST") return new Response("", { status: 405, headers: { allow: "POST" } })
        const pairs = yield* parse(incoming, endpoint === "token" ? options.requestFormat ?? "any" : "any")
        const parameters = new Map(pairs)
        note({ parameters: shown(pairs), clientId: parameters.get("client_id") })
        const { client, method } = yield* authenticate(incoming, parameters)
        note({ clientId: client.id, authentication: method })
        const now = (yield* Clock.currentTimeMillis) + offset
        if (endpoint === "token") {
          const last = again ? (yield* Ref.get(issued)).at(-1) : undefined
          return tokenResponse(last ?? (yield* issue(incoming, client, pairs, now)), now)
        }
        const value = parameters.get("token")
        if (value === undefined) return yield* refuse(400, "invalid_request")
        if (endpoint === "revocation") {
          const token = yield* find(value)
          yield* revoke((one) => one === token && one.clientId === client.id)
          return new Response(null, { status: 200 })
        }
        const verdict = yield* verify(value)
        return host.json(
          200,
          verdict._tag === "Inactive" ? { active: false } : {
            active: true,
            client_id: verdict.token.clientId,
            token_type: verdict.token.thumbprint === undefined ? "Bearer" : "DPoP",
            iat: Math.floor(verdict.token.issuedAt / 1000),
            exp: Math.floor(verdict.token.expiresAt / 1000),
            ...(verdict.token.scope.length === 0 ? {} : { scope: verdict.token.scope.join(" ") }),
            ...(verdict.token.thumbprint === undefined ? {} : { cnf: { jkt: verdict.token.thumbprint } })
          }
        )
      }).pipe(
        Effect.catchTag("Refusal", ({ error, response }) =>
          Effect.sync(() => {
            note({ error })
            return response
          }))
      )

    const handle = (incoming: host.Incoming) =>
      Effect.gen(function*() {
        const at = yield* Clock.currentTimeMillis
        const path = incoming.url.pathname.slice(new URL(issuer).pathname.replace(/\/$/, "").length)
        const endpoint = endpoints[path] ?? "none"
        let entry: Received = new Received({
          endpoint,
          at,
          method: incoming.method,
          url: incoming.url.href,
          parameters: {},
          userAgent: incoming.headers["user-agent"],
          clientId: undefined,
          authentication: undefined,
          reason: incoming.reason,
          status: undefined,
          error: undefined
        })
        const index = yield* Ref.modify(received, (all) => [all.length, [...all, entry]])
        const note = (more: Partial<Received>) => {
          entry = new Received({ ...entry, ...more })
        }
        const fault = yield* script.take({ endpoint, url: incoming.url })
        const offset = fault?._tag === "ClockOffset" ? fault.millis : 0
        return yield* faultScript.apply(
          fault,
          answer(incoming, endpoint, offset, fault?._tag === "SameToken", note)
        ).pipe(
          Effect.map((response) => {
            note({ status: response.status })
            if (!response.headers.has("date")) response.headers.set("date", new Date(at + offset).toUTCString())
            return response
          }),
          Effect.ensuring(Effect.suspend(() =>
            Ref.update(received, (all) => all.map((one, position) => position === index ? entry : one))
          ))
        )
      })

    return {
      issuer,
      faults: script.faults,
      received: Ref.get(received),
      issued: Ref.get(issued),
      revoke: (number) => revoke((token) => number === undefined || token.number === number),
      changeSecret: (id, secret) =>
        Ref.update(clients, (all) => all.map((client) => client.id === id ? { ...client, secret } : client)),
      verify,
      host: { origin: new URL(issuer).origin, handle }
    }
  })

/**
 * The server as a layer.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options?: Options): Layer.Layer<TestAuthorizationServer> =>
  Layer.effect(TestAuthorizationServer, make(options))
