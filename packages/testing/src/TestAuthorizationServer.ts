/**
 * An authorization server in memory that follows the standards, fails on demand, and records what it received and issued.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-3.2 | RFC 6749 section 3.2}
 * @see {@link https://www.rfc-editor.org/rfc/rfc8414#section-2 | RFC 8414 section 2}
 * @since 3.0.0
 */
import type { InvalidConfig } from "@effect-oauth/client-credentials"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"

import * as accessToken from "./internal/accessToken.js"
import * as authentication from "./internal/authentication.js"
import type { Behavior } from "./internal/behavior.js"
import { encode } from "./internal/contentCoding.js"
import * as discovery from "./internal/discovery.js"
import { reject, written } from "./internal/errorResponse.js"
import * as faultScript from "./internal/faults.js"
import * as grants from "./internal/grant.js"
import * as host from "./internal/host.js"
import * as issuedTokens from "./internal/issuedTokens.js"
import * as journal from "./internal/journal.js"
import type * as models from "./internal/models.js"
import type { Passed } from "./internal/passed.js"
import { memory, type Place } from "./internal/place.js"
import * as presented from "./internal/presented.js"
import * as quotas from "./internal/quotas.js"
import { type Pairs, parse, redacted, redactedUrl } from "./internal/request.js"
import * as rules from "./internal/rules.js"
import * as serverRules from "./internal/serverRules.js"
import { behaviorOf, type Options as BehaviorOptions, type Server, withApi } from "./internal/servers.js"

/**
 * Options of the server. It follows the standards, and where they leave a choice, the stricter option that most servers use:
 * forms only, one method of authentication for each client, and no unregistered scope, audience or resource. `server`
 * makes it behave as a specific server, as far as its behavior is recorded; each other option overrides a part of that.
 *
 * @example
 * import { TestAuthorizationServer } from "@effect-oauth/testing"
 *
 * export const server = TestAuthorizationServer.layer({
 *   server: "auth0",
 *   scopes: ["items:read"],
 *   audiences: ["https://api.example.com"],
 *   dailyLimit: 50
 * })
 *
 * @since 3.0.0
 * @category models
 */
export interface Options extends BehaviorOptions {
  /** The server to behave as. Default: `generic`. */
  readonly server?: Server | undefined
  /** The issuer identifier (RFC 8414 section 2). Default: `https://auth.test`, with the path that issuers of this server have. */
  readonly issuer?: string | undefined
  /**
   * The registered clients. Default: `test-client` with the secret `test-secret`, which authenticates by `secretMethods`.
   */
  readonly clients?: ReadonlyArray<models.Client> | undefined
  /** The scopes that exist, for clients that are registered without a list. Default: those that the API of the test requires. */
  readonly scopes?: ReadonlyArray<string> | undefined
  /**
   * The audiences and resources that exist, for clients that are registered without a list. Default: the audience and the base
   * URL of the API of the test.
   */
  readonly audiences?: ReadonlyArray<string> | undefined
  /** The tokens that a client may request in 24 hours; then 429 with `Retry-After`. Default: no limit. */
  readonly dailyLimit?: number | undefined
  /** The tokens that a client may request in an hour. Default: no limit. */
  readonly hourlyLimit?: number | undefined
  /** False where limits are announced (`quotaHeader`) and tokens are issued nevertheless. Default: true. */
  readonly enforceLimits?: boolean | undefined
  /** The organizations that exist, by the ids that requests name as `organization`. Default: any. */
  readonly organizations?: ReadonlyArray<string> | undefined
  /** The base URL of the API, for servers whose token responses contain it. Default: that of the API of the test. */
  readonly apiBaseUrl?: string | undefined
  /** The tokens that all clients may request for an `organization` in 24 hours, and in an hour. Default: no limit. */
  readonly organizationLimits?: { readonly day?: number | undefined; readonly hour?: number | undefined } | undefined
  /**
   * The issuers whose tokens clients may present, with or without own credentials, by the grants of JWT bearer (RFC 7523)
   * and token exchange (RFC 8693). Default: none, client credentials only.
   */
  readonly trustedIssuers?: ReadonlyArray<presented.TrustedIssuer> | undefined
  /** True if proofs must contain a nonce (RFC 9449 section 8). Default: false. */
  readonly requireNonce?: boolean | undefined
}

/** A received request. Secrets, assertions, proofs and tokens show as `<redacted>`. */
interface Received {
  readonly endpoint: discovery.Endpoint
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
  /** The reason for an error response, which servers do not always return. */
  readonly problem: string | undefined
}

/**
 * The server with the operations of a test.
 *
 * @since 3.0.0
 * @category models
 */
export interface TestAuthorizationServer {
  readonly issuer: string
  /** The token endpoint (RFC 6749 section 3.2). */
  readonly tokenUrl: string
  /** The revocation endpoint (RFC 7009 section 2); undefined if the server has none. */
  readonly revocationUrl: string | undefined
  /** The keys of JWT access tokens (RFC 7517 section 5), for APIs that verify them. */
  readonly jwksUrl: string
  /** Faults of the next requests: from a queue, by a rule, or drawn at random from a seed. */
  readonly faults: faultScript.Faults<
    { readonly endpoint: Received["endpoint"]; readonly method: string; readonly url: URL }
  >
  /** All requests that arrived, in order. */
  readonly received: Effect.Effect<ReadonlyArray<Received>>
  /** All tokens that were issued, in order. */
  readonly issued: Effect.Effect<ReadonlyArray<models.Issued>>
  /** Revokes the tokens that are valid now, or the one with this number. Fails if no token with this number was issued. */
  readonly revoke: (number?: number) => Effect.Effect<void, InvalidConfig.InvalidConfig>
  /** Replaces a client's secret. The old one is rejected from now on. Fails if the client is not registered. */
  readonly changeSecret: (clientId: string, secret: string) => Effect.Effect<void, InvalidConfig.InvalidConfig>
  /** Returns the token with this value while it is valid, as introspection does (RFC 7662). */
  readonly verify: (
    value: string
  ) => Effect.Effect<{ readonly _tag: "Active"; readonly token: models.Issued } | { readonly _tag: "Inactive" }>
  /** The server as a function: from a request to a response, or to a broken connection. */
  readonly host: host.Host
}

/**
 * Tag of the authorization server of a test.
 *
 * @since 3.0.0
 * @category tags
 */
export const TestAuthorizationServer = Context.GenericTag<TestAuthorizationServer>(
  "@effect-oauth/testing/TestAuthorizationServer"
)

/**
 * The rule of the options.
 *
 * @internal
 */
export const optionsRule = rules.group<Options>({
  ...serverRules.behavior,
  server: serverRules.names,
  issuer: rules.url,
  clients: rules.list(serverRules.client),
  scopes: serverRules.texts,
  audiences: serverRules.texts,
  dailyLimit: serverRules.limit,
  hourlyLimit: serverRules.limit,
  enforceLimits: rules.flag,
  organizations: serverRules.texts,
  apiBaseUrl: rules.url,
  trustedIssuers: rules.list(serverRules.trustedIssuer),
  organizationLimits: rules.group({ day: serverRules.limit, hour: serverRules.limit }),
  requireNonce: rules.flag
})

/**
 * The rule of the name of a server to behave as, or of the options.
 *
 * @internal
 */
export const nameOrOptionsRule = rules.named(serverRules.names, optionsRule)

const nonce = "nonce-of-the-authorization-server"

/** The longest body that the server reads, in bytes: as many HTTP servers have it. */
const longestBody = 1_048_576

/**
 * Creates a server, independent of any other. Fails with the names of options that are unknown or wrong.
 *
 * @since 3.0.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<TestAuthorizationServer, InvalidConfig.InvalidConfig> =>
  Effect.zipRight(rules.check(optionsRule, options), makeIn(memory, options))

/**
 * Creates a server from valid options, at a place.
 *
 * @internal
 */
export const makeIn = (
  { epoch, passed, transport }: Place,
  options: Options
): Effect.Effect<TestAuthorizationServer> =>
  Effect.gen(function*() {
    const behavior = withApi(behaviorOf(options.server, options), options.apiBaseUrl)
    const issuer = options.issuer ?? discovery.issuerAt("https://auth.test", behavior)
    const endpoints = discovery.endpointsOf(issuer, behavior)
    const clients = yield* Ref.make(options.clients ?? [defaultClient])
    const values = accessToken.make(issuer, behavior, epoch, passed)
    const tokens = yield* issuedTokens.make(values, passed)
    const received = yield* journal.make<Received>()
    const script = faultScript.make<
      { readonly endpoint: Received["endpoint"]; readonly method: string; readonly url: URL }
    >(
      transport
    )
    const respond = makeRespond(options, { behavior, clients: Ref.get(clients), endpoints, passed, tokens, values })

    const handle = (incoming: host.Incoming) =>
      Effect.gen(function*() {
        const at = yield* Clock.currentTimeMillis
        const endpoint = discovery.endpointAt(endpoints, incoming.url)
        const { complete, note } = yield* received.add(arrived(incoming, endpoint, at + passed()))
        const fault = yield* script.take({ endpoint, method: incoming.method, url: incoming.url })
        const response = respond({ incoming, endpoint, repeats: fault === "sameToken", note })
        return yield* faultScript.apply(fault, response).pipe(
          Effect.tap(({ status }) => Effect.sync(() => note({ status }))),
          complete
        )
      })

    return {
      issuer,
      tokenUrl: endpoints.token,
      revocationUrl: endpoints.revocation,
      jwksUrl: endpoints.jwks,
      faults: script.faults,
      received: received.entries,
      issued: tokens.all,
      revoke: (number) =>
        Effect.gen(function*() {
          const { length } = yield* tokens.all
          const issued = rules.that(
            `the number of a token that was issued, which are ${length}`,
            (value) => number === undefined || (Number.isInteger(value) && number >= 1 && number <= length)
          )
          yield* rules.check(issued, number, "number")
          yield* tokens.revoke((token) => number === undefined || token.number === number)
        }),
      changeSecret: (id, secret) =>
        Effect.gen(function*() {
          const ids = (yield* Ref.get(clients)).map((client) => client.id)
          yield* rules.check(rules.oneOf(ids), id, "clientId")
          yield* rules.check(rules.anyText, secret, "secret")
          yield* Ref.update(clients, (all) => all.map((client) => client.id === id ? { ...client, secret } : client))
        }),
      verify: tokens.verify,
      host: { origin: new URL(issuer).origin, handle, longestBody }
    }
  })

const defaultClient: models.Client = { id: "test-client", secret: "test-secret" }

/** A request as it is recorded on arrival. */
const arrived = (incoming: host.Incoming, endpoint: Received["endpoint"], at: number): Received => ({
  endpoint,
  at,
  method: incoming.method,
  url: redactedUrl(incoming.url),
  parameters: {},
  userAgent: incoming.headers["user-agent"],
  clientId: undefined,
  authentication: undefined,
  reason: incoming.reason,
  status: undefined,
  error: undefined,
  problem: undefined
})

interface Exchange {
  readonly incoming: host.Incoming
  readonly endpoint: Received["endpoint"]
  /** True if the last token is issued again. */
  readonly repeats: boolean
  readonly note: (more: Partial<Received>) => void
}

interface Parts {
  readonly behavior: Behavior
  readonly clients: Effect.Effect<ReadonlyArray<models.Client>>
  readonly endpoints: discovery.Endpoints
  readonly passed: Passed
  readonly tokens: issuedTokens.IssuedTokens
  readonly values: accessToken.AccessTokens
}

/** The quotas of a request: those of its client, and of the organization that it names. */
interface Quotas {
  readonly client: ReadonlyArray<quotas.Quota>
  readonly organization: ReadonlyArray<quotas.Quota>
}

const afterOne = ({ client, organization }: Quotas): Quotas => ({
  client: quotas.afterOne(client),
  organization: quotas.afterOne(organization)
})

/** Issues tokens by the rules of grants, limits and servers with one token per client. */
const makeIssue = (
  options: Options,
  presentedTokens: ReturnType<typeof presented.make>,
  requiredNonce: () => string | undefined,
  { behavior, tokens }: Parts
) => {
  const life = Duration.toMillis(behavior.tokenLife)
  const { audiences = [], enforceLimits = true, organizations, scopes = [] } = options
  const grant = grants.make(behavior, { audiences, organizations, scopes }, presentedTokens, requiredNonce)
  const limits = [
    ...behavior.limits.map(({ per, tokens }) => ({ tokens, per: Duration.toMillis(per) })),
    ...quotas.limitsOf({ hour: options.hourlyLimit, day: options.dailyLimit })
  ]
  const organizationLimits = quotas.limitsOf(options.organizationLimits ?? {})
  const quotasOf = (
    all: ReadonlyArray<models.Issued>,
    { clientId, issuedAt: now, organization }: Pick<models.Issued, "clientId" | "organization" | "issuedAt">
  ): Quotas => {
    const counted = (limits: ReadonlyArray<quotas.Limit>, chosen: (token: models.Issued) => boolean) =>
      quotas.quotasOf(limits, behavior.limitWindow, all.filter(chosen).map(({ issuedAt }) => issuedAt), now)
    return {
      client: counted(limits, (token) => token.clientId === clientId),
      organization: organization === undefined
        ? []
        : counted(organizationLimits, (token) => token.organization === organization)
    }
  }
  // A decision counts the tokens before it, and signing one takes time.
  const decisions = Effect.unsafeMakeSemaphore(1)
  const headersOf = ({ client, organization }: Quotas) => ({
    ...quotas.header(behavior.quotaHeader, client),
    ...quotas.header(behavior.organizationQuotaHeader, organization)
  })

  return ({ incoming, repeats }: Exchange, client: models.Client, pairs: Pairs, now: number) =>
    Effect.gen(function*() {
      const all = yield* tokens.all
      const granted = yield* grant(incoming, client, pairs)
      const last = repeats ? all.filter(({ clientId }) => clientId === client.id).at(-1) : undefined
      if (last !== undefined) return { token: last, headers: {} }
      const { reason } = incoming
      const clientId = client.id || (granted.subject ?? "")
      const terms = { ...granted, clientId, issuedAt: now, expiresAt: now + life, reason }
      const found = quotasOf(all, terms)
      const valid = behavior.onePerClient === "reissue" ? issuedTokens.reissued(all, terms) : undefined
      if (valid !== undefined) return { token: valid, headers: headersOf(found) }
      const exhausted = quotas.exhausted([...found.client, ...found.organization])
      if (exhausted !== undefined && enforceLimits) {
        const { limit: { tokens: limit }, resetsIn } = exhausted
        const period = quotas.periodOf(exhausted)
        const values = { client: client.id, limit: String(limit), seconds: String(quotas.secondsOf(exhausted)) }
        const isAnnounced = behavior.errorResponses.limit.status === 429
        return yield* reject("limit", `All ${limit} tokens of the ${period} are issued.`, {
          values,
          headers: {
            ...(isAnnounced ? { "retry-after": String(Math.ceil(resetsIn / 1000)) } : {}),
            ...headersOf(found)
          }
        })
      }
      const token = yield* tokens.add(terms)
      if (behavior.onePerClient === "revoke") {
        yield* tokens.revoke(({ clientId, number }) => clientId === client.id && number < token.number)
      }
      return { token, headers: headersOf(afterOne(found)) }
    }).pipe(decisions.withPermits(1))
}

/** Returns the response to a request by the rules of the server. Faults come before it. */
const makeRespond = (options: Options, parts: Parts) => {
  const { behavior, clients, endpoints, passed, tokens, values } = parts
  // Read for each request, so that a test can change it.
  const requiredNonce = () => options.requireNonce === true ? nonce : undefined
  const authenticate = authentication.make({ behavior, clients, issuer: endpoints.issuer, tokenUrl: endpoints.token })
  const presentedTokens = presented.make(behavior, {
    issuer: endpoints.issuer,
    tokenUrl: endpoints.token,
    trusted: options.trustedIssuers ?? [],
    tokens
  })
  const issue = makeIssue(options, presentedTokens, requiredNonce, parts)
  const metadata = Effect.map(clients, (all) =>
    discovery.metadata(endpoints, {
      grants: presentedTokens.grants,
      methods: all.flatMap((client) => authentication.methodsOf(client, behavior)),
      scopes: options.scopes ?? [],
      isCertificateBound: all.some(({ certificateBound }) => certificateBound === true)
    }))

  /** Revokes a token (RFC 7009 section 2.2): an unknown token is not an error. */
  const revoke = (client: models.Client, value: string) =>
    Effect.gen(function*() {
      const token = (yield* tokens.all).find(issuedTokens.hasValue(value))
      if (token === undefined) return
      if (token.clientId !== client.id) {
        return yield* reject("otherClientsToken", "The token was issued to another client.")
      }
      if (behavior.revocation === "rejected") {
        return yield* reject("notRevocable", "The server does not revoke access tokens.")
      }
      if (behavior.revocation === "revoked") yield* tokens.revoke(({ number }) => number === token.number)
    })

  const respond = (exchange: Exchange) =>
    Effect.gen(function*() {
      const { endpoint, incoming, note } = exchange
      if (behavior.requireUserAgent && (incoming.headers["user-agent"] ?? "") === "") {
        return new Response("<!doctype html><title>403 Forbidden</title>", {
          status: 403,
          headers: { "content-type": "text/html" }
        })
      }
      yield* discovery.route(behavior, endpoint, incoming)
      if (incoming.body.length > longestBody) {
        return yield* reject("tooLong", `The body is longer than ${longestBody} bytes.`)
      }
      if (endpoint === "metadata") return host.json(200, yield* metadata)
      if (endpoint === "jwks") return host.json(200, yield* values.jwks)
      const pairs = yield* parse(incoming, behavior.requestFormat)
      const parameters = new Map(pairs)
      note({ parameters: redacted(pairs), clientId: parameters.get("client_id") })
      const { client, method } = yield* authenticate(incoming, parameters)
      note({ clientId: client.id, authentication: method })
      if (endpoint === "token") {
        // Once, so that a lifetime is whole although signing takes time.
        const now = (yield* Clock.currentTimeMillis) + passed()
        const { headers, token } = yield* issue(exchange, client, pairs, now)
        const more = requiredNonce() === nonce ? { ...headers, "dpop-nonce": nonce } : headers
        const type = parameters.get("grant_type") === presented.tokenExchange ? presented.accessTokenType : undefined
        const body = issuedTokens.response(behavior, { token, type, now, passed })
        return host.json(behavior.tokenStatus, body, more, behavior.contentType, behavior.byteOrderMark)
      }
      const value = parameters.get("token")
      if (value === undefined) return yield* reject("malformed", "The request has no token.")
      if (endpoint === "introspection") {
        return host.json(200, issuedTokens.introspection(yield* tokens.verify(value), passed))
      }
      yield* revoke(client, value)
      return new Response(null, { status: 200 })
    }).pipe(
      Effect.catchTag("ErrorResponse", (errorResponse) =>
        Effect.sync(() => {
          const { error, response } = written(behavior, errorResponse)
          exchange.note({ error, problem: errorResponse.problem })
          return response
        }))
    )

  return (exchange: Exchange): Effect.Effect<Response> =>
    Effect.flatMap(respond(exchange), encode(behavior.contentCoding))
}

/**
 * Creates the server as a layer.
 *
 * @since 3.0.0
 * @category layers
 */
export const layer = (options?: Options): Layer.Layer<TestAuthorizationServer, InvalidConfig.InvalidConfig> =>
  Layer.effect(TestAuthorizationServer, make(options))
