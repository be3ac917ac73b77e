/**
 * An authorization server in memory that follows the standards, fails on demand, and records what it received and issued.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"

import * as authentication from "./internal/authentication.js"
import * as discovery from "./internal/discovery.js"
import * as faultScript from "./internal/faults.js"
import * as grants from "./internal/grant.js"
import * as host from "./internal/host.js"
import * as issuedTokens from "./internal/issuedTokens.js"
import * as journal from "./internal/journal.js"
import type * as models from "./internal/models.js"
import { parse, redacted, refuse } from "./internal/request.js"

/**
 * Options of the server.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Default: `https://auth.test`. */
  readonly issuer?: string | undefined
  /** Default: one client, `test-client` with the secret `test-secret`. */
  readonly clients?: ReadonlyArray<models.Client> | undefined
  /** Default: 24 hours. */
  readonly tokenLife?: Duration.DurationInput | undefined
  /** The tokens that a client may request in any 24 hours; then 429 with `Retry-After`. Default: no limit. */
  readonly dailyLimit?: number | undefined
  /** Whether proofs must have a nonce (RFC 9449 section 8). Default: false. */
  readonly requireNonce?: boolean | undefined
  /** The format of token requests. Default: `any`. */
  readonly requestFormat?: "form" | "json" | "any" | undefined
}

/** A request that arrived. Secrets, assertions, proofs and tokens show as `<redacted>`. */
interface Received {
  readonly endpoint: "token" | "revocation" | "introspection" | "metadata" | "none"
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly method: string
  readonly url: string
  readonly parameters: Readonly<Record<string, string>>
  /** The `User-Agent` of the client (RFC 9110 section 10.1.5). */
  readonly userAgent: string | undefined
  readonly clientId: string | undefined
  /** The method by which the client authenticated; undefined if it failed. */
  readonly authentication: string | undefined
  readonly reason: string | undefined
  /** The status of the response; undefined if there was none. */
  readonly status: number | undefined
  /** The error code of the response. */
  readonly error: string | undefined
}

/**
 * The server, from the point of view of a test.
 *
 * @since 0.1.0
 * @category models
 */
export interface TestAuthorizationServer {
  readonly issuer: string
  /** The faults of the next requests: from a queue, by a rule, or drawn at random from a seed. */
  readonly faults: faultScript.Faults<{ readonly endpoint: Received["endpoint"]; readonly url: URL }>
  /** All requests that arrived, in order. */
  readonly received: Effect.Effect<ReadonlyArray<Received>>
  /** All tokens that were issued, in order. */
  readonly issued: Effect.Effect<ReadonlyArray<models.Issued>>
  /** Revokes the tokens that are valid now, or the one with this number. */
  readonly revoke: (number?: number) => Effect.Effect<void>
  /** Replaces a client's secret. The old one is unknown from now on. */
  readonly changeSecret: (clientId: string, secret: string) => Effect.Effect<void>
  /** Returns the token with this value while it is valid, as an API learns by introspection (RFC 7662). */
  readonly verify: (
    value: string
  ) => Effect.Effect<{ readonly _tag: "Active"; readonly token: models.Issued } | { readonly _tag: "Inactive" }>
  /** The server as a function: from a request to a response, or to a broken connection. */
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

const nonce = "nonce-of-the-authorization-server"

/**
 * Creates a server, independent of any other.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<TestAuthorizationServer> =>
  Effect.gen(function*() {
    const issuer = options.issuer ?? "https://auth.test"
    const clients = yield* Ref.make(options.clients ?? [{ id: "test-client", secret: "test-secret" }])
    const tokens = yield* issuedTokens.make
    const received = yield* journal.make<Received>()
    const script = faultScript.make<{ readonly endpoint: Received["endpoint"]; readonly url: URL }>()
    const respond = yield* makeRespond(options, issuer, Ref.get(clients), tokens)

    const handle = (incoming: host.Incoming) =>
      Effect.gen(function*() {
        const at = yield* Clock.currentTimeMillis
        const endpoint = discovery.endpointAt(issuer, incoming.url)
        const { complete, note } = yield* received.add(arrived(incoming, endpoint, at))
        const fault = yield* script.take({ endpoint, url: incoming.url })
        const now = at + (typeof fault === "object" && fault._tag === "ClockOffset" ? fault.millis : 0)
        const response = respond({ incoming, endpoint, now, repeats: fault === "sameToken", note })
        return yield* faultScript.apply(fault, response).pipe(
          Effect.map((response) => {
            note({ status: response.status })
            if (!response.headers.has("date")) response.headers.set("date", new Date(now).toUTCString())
            return response
          }),
          complete
        )
      })

    return {
      issuer,
      faults: script.faults,
      received: received.entries,
      issued: tokens.all,
      revoke: (number) => tokens.revoke((token) => number === undefined || token.number === number),
      changeSecret: (id, secret) =>
        Ref.update(clients, (all) => all.map((client) => client.id === id ? { ...client, secret } : client)),
      verify: tokens.verify,
      host: { origin: new URL(issuer).origin, handle }
    }
  })

/** A request as it is recorded on arrival. */
const arrived = (incoming: host.Incoming, endpoint: Received["endpoint"], at: number): Received => ({
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

interface Exchange {
  readonly incoming: host.Incoming
  readonly endpoint: Received["endpoint"]
  /** By the server's clock. */
  readonly now: number
  /** Whether the last token is issued again. */
  readonly repeats: boolean
  readonly note: (more: Partial<Received>) => void
}

/** Returns the response to a request by the standards. Faults come before it. */
const makeRespond = (
  options: Options,
  issuer: string,
  clients: Effect.Effect<ReadonlyArray<models.Client>>,
  tokens: issuedTokens.IssuedTokens
) =>
  Effect.sync(() => {
    const life = Duration.toMillis(options.tokenLife ?? "24 hours")
    // Read for each request, so that a test can change it.
    const requiredNonce = () => options.requireNonce === true ? nonce : undefined
    const authenticate = authentication.make(issuer, clients)
    const grant = grants.make(requiredNonce)

    const issue = (
      { incoming, now, repeats }: Exchange,
      client: models.Client,
      pairs: ReadonlyArray<readonly [string, string]>
    ) =>
      Effect.gen(function*() {
        const all = yield* tokens.all
        const last = repeats ? all.at(-1) : undefined
        if (last !== undefined) return last
        const granted = yield* grant(incoming, client, pairs)
        yield* grants.withinLimit(options.dailyLimit, client, all, now)
        const { reason } = incoming
        return yield* tokens.add({ ...granted, clientId: client.id, issuedAt: now, expiresAt: now + life, reason })
      })

    return (exchange: Exchange): Effect.Effect<Response> =>
      Effect.gen(function*() {
        const { endpoint, incoming, note, now } = exchange
        if (endpoint === "metadata") return host.json(200, discovery.metadata(issuer))
        if (endpoint === "none") return new Response("not found", { status: 404 })
        if (incoming.method !== "POST") return new Response("", { status: 405, headers: { allow: "POST" } })
        const pairs = yield* parse(incoming, endpoint === "token" ? options.requestFormat ?? "any" : "any")
        const parameters = new Map(pairs)
        note({ parameters: redacted(pairs), clientId: parameters.get("client_id") })
        const { client, method } = yield* authenticate(incoming, parameters)
        note({ clientId: client.id, authentication: method })
        if (endpoint === "token") {
          const body = issuedTokens.response(yield* issue(exchange, client, pairs), now)
          return host.json(200, body, requiredNonce() === nonce ? { "dpop-nonce": nonce } : {})
        }
        const value = parameters.get("token")
        if (value === undefined) return yield* refuse(400, "invalid_request")
        if (endpoint === "introspection") return host.json(200, issuedTokens.introspection(yield* tokens.verify(value)))
        yield* tokens.revoke((token) => token.clientId === client.id && issuedTokens.hasValue(value)(token))
        return new Response(null, { status: 200 })
      }).pipe(
        Effect.catchTag("Refusal", ({ error, response }) =>
          Effect.sync(() => {
            exchange.note({ error })
            return response
          }))
      )
  })

/**
 * The server as a layer.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options?: Options): Layer.Layer<TestAuthorizationServer> =>
  Layer.effect(TestAuthorizationServer, make(options))
