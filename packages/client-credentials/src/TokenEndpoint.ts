/**
 * The token endpoint of the authorization server: one request, one token or one typed error.
 *
 * **When to use**
 *
 * Programs use `TokenCache`. Implement this service for an endpoint that is not OAuth but issues tokens: caching,
 * refresh, sharing and replay then apply to it.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-3.2 | RFC 6749 section 3.2}
 * @since 3.0.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"

import type { AccessToken } from "./AccessToken.js"
import { ClientConfig } from "./ClientConfig.js"
import { loadOptional } from "./ClientConfig/loadOptional.js"
import * as parts from "./internal/config/parts.js"
import { validate } from "./internal/config/rules.js"
import * as authenticated from "./internal/http/authenticatedRequest.js"
import { CurrentCertificate } from "./internal/http/clientCertificate.js"
import * as tokenRequest from "./internal/http/tokenRequest.js"
import * as tokenResponse from "./internal/http/tokenResponse.js"
import * as tokenErrors from "./internal/models/tokenErrors.js"
import * as tokenRequests from "./internal/models/tokenRequests.js"
import * as announcedQuotas from "./internal/process/announcedQuotas.js"
import * as issuedTokens from "./internal/process/issuedTokens.js"
import * as lifetime from "./internal/process/lifetime.js"
import * as grants from "./internal/protocol/grant.js"
import type { Quota } from "./internal/protocol/issuerQuota.js"
import * as mutualTls from "./internal/protocol/mutualTls.js"
import * as metrics from "./internal/seam/metrics.js"
import type { InvalidConfig } from "./InvalidConfig.js"
import { CredentialUnavailable, DiscoveryFailed, type TokenError } from "./OAuthError.js"
import { ServerMetadata } from "./ServerMetadata.js"
import type { TokenRequest } from "./TokenRequest.js"

/**
 * The token endpoint as a service. `make` provides the network; `IssuanceBudget` and `SharedTokens` decorate it, and a test
 * may provide its own.
 *
 * @since 3.0.0
 * @category models
 */
export interface TokenEndpoint {
  /** The token request that the client is configured with. */
  readonly request: TokenRequest
  /**
   * Returns the thumbprint of the client certificate that tokens of the next request are bound to (RFC 8705 section 3.1);
   * absent when no certificate is known. `TokenCache` makes it part of the request.
   */
  readonly certificateThumbprint?: Effect.Effect<string | undefined> | undefined
  /** Requests a token, each time from the server (RFC 6749 section 4.4). Programs use `TokenCache`. */
  readonly requestToken: (
    request: TokenRequest,
    options?: RequestOptions | undefined
  ) => Effect.Effect<IssuedToken, TokenError>
  /**
   * Returns whether another process has stored a token for this request. Sends no request; it reads the token store.
   * `TokenCache` calls it during a pause after a failure, at most every 10 seconds, and only for a caller that would fail.
   * Absent where no tokens are shared.
   */
  readonly hasStoredToken?: ((request: TokenRequest, options: RequestOptions) => Effect.Effect<boolean>) | undefined
}

/**
 * A token, and what the authorization server stated about its quotas.
 *
 * @since 3.0.0
 * @category models
 */
export interface IssuedToken {
  readonly token: AccessToken
  /**
   * The quotas that the server announced with this token, such as those of `Auth0-Client-Quota-Limit`; empty when it
   * announced none, or when the token comes from a store. Errors that stem from a response have the same field.
   */
  readonly quotas: ReadonlyArray<Quota>
  /**
   * The latch of the processes that share the token: how many rejected tokens were replaced in a row, and until when, in
   * milliseconds since the epoch, the rejection of this one leads to no request. Absent when it is not shared.
   */
  readonly latch?: { readonly replaced: number; readonly until: number } | undefined
  /**
   * The requests that an issuance budget counted for this token and its predecessors. An endpoint that shares tokens stores them
   * beside the token. Absent without a budget.
   */
  readonly counted?: CountedRequests | undefined
}

/**
 * Requests that an issuance budget counted. All times are in milliseconds since the epoch.
 *
 * @since 3.0.0
 * @category models
 */
export interface CountedRequests {
  /** The times of the requests, in ascending order. */
  readonly times: ReadonlyArray<number>
  /** Time until which the last one counts. */
  readonly until: number
}

/**
 * The reason of a token request, and the rules of the cache that makes it. The network needs none of them; decorators of
 * the endpoint, which share tokens or count them, use them.
 *
 * @since 3.0.0
 * @category models
 */
export interface RequestOptions {
  /**
   * `cold`: no token is cached. `renewal`: the cached token is still usable. `expired`: it is not. `rejected`: the API
   * rejected it. `forced`: the program requests another.
   */
  readonly reason: "cold" | "renewal" | "expired" | "rejected" | "forced"
  /** The token to replace. */
  readonly replaces: AccessToken | undefined
  /**
   * Returns the moment until which the cache uses a token, in milliseconds since the epoch: the rule of `expiryBuffer` and
   * `expiryBufferFraction`. An endpoint that shares tokens returns no token after it. Default: the default rule.
   */
  readonly usableUntil?: ((token: AccessToken) => number) | undefined
  /**
   * Returns how long to wait after the last of so many failures in a row, in milliseconds: the rule of `backOff` and
   * `maxRetryAfter`, for an endpoint whose processes wait together. Default: the default rule.
   */
  readonly pauseAfter?: ((error: TokenError, failures: number) => Effect.Effect<number>) | undefined
  /**
   * Maximum pause by `Retry-After` in milliseconds: the option `maxRetryAfter` of the cache, for an endpoint that keeps the
   * pause as a quota. Default: 1 hour.
   */
  readonly maxRetryAfter?: number | undefined
  /**
   * Data about the rejected token that is replaced, for an endpoint whose processes share a latch: whether the API had accepted
   * it in place of another one, the minimum number of consecutive replacements to count, and the rule of `rejectionPauses`.
   * Absent for other requests.
   */
  readonly rejection?: {
    readonly isConfirmed: boolean
    readonly atLeast: number
    readonly pauseAfter: (replaced: number) => number
  } | undefined
  /**
   * True if every request that may issue a token is counted: one whose connection is closed without a response fails, and is
   * not sent again. Default: false.
   */
  readonly isCounted?: boolean | undefined
  /**
   * The `counted` that was stored beside the previous token. A budget counts these requests again if its store has lost them.
   * Default: none.
   */
  readonly counted?: CountedRequests | undefined
}

/**
 * The token endpoint in use.
 *
 * @since 3.0.0
 * @category tags
 */
export const TokenEndpoint = Context.GenericTag<TokenEndpoint>("@effect-oauth/client-credentials/TokenEndpoint")

/**
 * The limits of one token request.
 *
 * @since 3.0.0
 * @category models
 */
export interface Options {
  /** Timeout from the first byte sent to the last byte received. Default: 30 seconds. */
  readonly timeout?: Duration.DurationInput | undefined
  /** Maximum size of a response, which guards against endless responses. Default: 1 MiB. */
  readonly maxResponseBytes?: number | undefined
  /**
   * The lifetime of a token whose response has no `expires_in`, or one that is not a number of seconds. A 401 of the API
   * corrects a lifetime that is too long. Default: 1 hour.
   */
  readonly defaultLife?: Duration.DurationInput | undefined
  /** Makes a token that lacks a part of the requested scope an error (RFC 6749 section 3.3). Default: false. */
  readonly requireScope?: boolean | undefined
  /** Maximum lifetime of a token, which guards against servers that state milliseconds. Default: 30 days. */
  readonly maxLife?: Duration.DurationInput | undefined
}

/** The error of a call on behalf of a user if the grant of the client presents no token of a user. */
const notOnBehalfOf = Effect.suspend(() =>
  new CredentialUnavailable({
    credential: "identity token",
    problem:
      "the call is made on behalf of a user, and the grant of the client presents no token of a user. Configure one, " +
      "such as Grant.tokenExchange({ subject: \"onBehalfOf\" }), or leave Grant.onBehalfOf out",
    permanent: true
  })
)

/** The error of a server that does not take proofs by the configured algorithm (RFC 9449 section 5.1). */
const unsupportedProof = (issuer: string | undefined, supported: ReadonlyArray<string>) =>
  new DiscoveryFailed({
    issuer: issuer ?? "",
    problem: `it takes DPoP proofs by ${supported.join(", ")} only: choose one of these as dpop.algorithm`,
    retryable: false
  })

/** The lifetime of a token that states none, in milliseconds: no longer than what was presented for it is valid. */
const lifeWithin = (life: number, requestedAt: number, expiresAt: number | undefined): number =>
  expiresAt === undefined ? life : Math.max(1000, Math.min(life, expiresAt - requestedAt))

const counted = (options: RequestOptions | undefined) => (errorType: string | undefined): Effect.Effect<void> =>
  metrics.count(metrics.tokenRequests, {
    "oauth.token.reason": options?.reason ?? "forced",
    "error.type": errorType
  })

/**
 * The binding of tokens to the client certificate (RFC 8705 section 3). A class, since a process may have a client for each
 * tenant, and closures cost more.
 */
class Binding {
  /** Once it is known, the metadata is not read again for each call. Requests that find it out together find the same. */
  private known: boolean | undefined

  constructor(private readonly config: ClientConfig, private readonly metadata: ServerMetadata) {
    this.known = config.certificateBoundTokens
  }

  /** Returns what decides the URL and the binding of a request with a method of client authentication. */
  situationOf(
    server: { readonly certificateBoundTokens?: boolean | undefined } | undefined,
    { method, mutualTls: byCertificate }: { readonly method: string; readonly mutualTls: boolean }
  ): mutualTls.Situation {
    const situation = {
      method,
      byCertificate,
      wanted: this.config.certificateBoundTokens,
      hasDpop: this.config.dpop !== undefined,
      serverBinds: server?.certificateBoundTokens
    }
    this.known = mutualTls.bindsTokens(situation)
    return situation
  }

  isBound(): Effect.Effect<boolean> {
    return Effect.suspend(() =>
      this.known !== undefined ?
        Effect.succeed(this.known) :
        Effect.map(Effect.option(this.metadata.get), (server) =>
          mutualTls.bindsTokens(
            this.situationOf(Option.getOrUndefined(server), this.config.authentication(undefined))
          ))
    )
  }
}

/** Logs a warning if another client of this process was issued a token for the same request. */
const warnOfDuplicate = (owner: object, request: TokenRequest, token: AccessToken, { reason }: RequestOptions) =>
  // Requests of other grants may be equal, and for different workloads or users.
  request.grant !== grants.clientCredentials ? Effect.void : Effect.clockWith((clock) => {
    const now = clock.unsafeCurrentTimeMillis()
    const until = issuedTokens.note(clock, { owner, request, token, now, isFirst: reason === "cold" })
    return until === undefined ? Effect.void : Effect.logWarning(
      `Access token requested again: another client of this process was issued a token for the same request, which ` +
        `is valid until ${new Date(until).toISOString()}. Each client has its own cache, and each build of a layer ` +
        "makes a client. Create a PromiseClient once for the whole program. Bind a layer to a constant (const Api = " +
        "ClientCredentials.layerEnv()) and provide that constant once, at the top of the program, not in every call."
    )
  })

/**
 * Creates a token endpoint on the `HttpClient`, `ClientConfig` and `ServerMetadata` of the context; with the client
 * certificate of `NodeTls`, if that provides the `HttpClient`; with proofs if `dpop`
 * is configured, and then tokens that are not bound to its key are rejected (RFC 9449 section 5). When the scope ends,
 * requests in flight are interrupted, and later ones fail with `ClientClosed`.
 *
 * It follows no redirect, which could send the secret to another server, and records no headers and URLs in traces. When
 * client authentication fails (status 401 with any code, or `invalid_client`, RFC 6749 section 5.2), the secret or key is
 * read again and tried if it has changed; then the previous one, where one is configured: at most three requests.
 *
 * @example
 * import { ClientConfig, ServerMetadata, TokenEndpoint } from "@effect-oauth/client-credentials"
 * import { FetchHttpClient } from "@effect/platform"
 * import { Effect, Redacted } from "effect"
 *
 * export const token = TokenEndpoint.make({ timeout: "5 seconds" }).pipe(
 *   Effect.flatMap((endpoint) => endpoint.requestToken(endpoint.request)),
 *   Effect.map((issued) => issued.token),
 *   Effect.scoped,
 *   Effect.provide(ServerMetadata.layer()),
 *   Effect.provide(ClientConfig.layer({
 *     tokenUrl: "https://auth.example.com/oauth/token",
 *     clientId: "inventory-sync",
 *     clientSecret: Redacted.make("s3cr3t"),
 *     apiBaseUrl: "https://api.example.com"
 *   })),
 *   Effect.provide(FetchHttpClient.layer)
 * )
 *
 * @since 3.0.0
 * @category constructors
 */
export const make = (
  options: Options = {}
): Effect.Effect<TokenEndpoint, InvalidConfig, ClientConfig | HttpClient.HttpClient | Scope.Scope | ServerMetadata> =>
  Effect.gen(function*() {
    const limits = yield* validate(parts.tokenEndpoint, options)
    const config = yield* ClientConfig
    const { authentication, grant, request, tokenResponse: response, tokenType = "verify" } = config
    const metadata = yield* ServerMetadata
    const dpop = config.dpop === undefined ? undefined : yield* config.dpop
    const certificate = yield* CurrentCertificate
    const send = authenticated.make(yield* HttpClient.HttpClient, dpop, limits)
    const presenting = grant === undefined ? undefined : (yield* loadOptional).presented.withGrant(grant)

    const life = yield* lifetime.make

    const binding = new Binding(config, metadata)

    const requestToken = (request: TokenRequest, options: RequestOptions | undefined) =>
      Effect.gen(function*() {
        const server = yield* metadata.get
        const { authenticationMethods, dpopAlgorithms, issuer, signingAlgorithms, tokenEndpoint } = server
        if (dpop !== undefined && dpopAlgorithms?.includes(dpop.algorithm) === false) {
          return yield* unsupportedProof(issuer, dpopAlgorithms)
        }
        const method = authentication(authenticationMethods)
        if (request.subject !== undefined && grant?.isOnBehalfOf !== true) return yield* notOnBehalfOf
        const aliased = mutualTls.usesAliases(binding.situationOf(server, method))
        const url = aliased ? server.mutualTls.tokenEndpoint ?? tokenEndpoint : tokenEndpoint
        yield* Effect.annotateCurrentSpan("oauth.client_authentication", method.method)
        const requestedScope = request.scope.split(" ").filter((name) => name !== "")
        const { quotas, value: { token, warnings } } = yield* send({
          authentication: presenting === undefined ? method : presenting(method, request.subject),
          url,
          endpoint: tokenEndpoint,
          clientId: request.clientId,
          issuer,
          signingAlgorithms,
          isSentOnce: options?.isCounted,
          onSent: counted(options),
          encode: (proof) => tokenRequest.encode(url, request, proof),
          decode: (received, redaction, { hint, presented }) =>
            tokenResponse.decode(received, {
              defaultLife: lifeWithin(limits.defaultLife, received.requestedAt, presented?.expiresAt),
              maxLife: limits.maxLife,
              type: dpop === undefined ? "Bearer" : "DPoP",
              requestedType: grants.requestedType(request.grant),
              tokenType,
              response,
              redaction,
              hint,
              grantHint: presented?.hint,
              requestedScope,
              requiredScope: limits.requireScope ? requestedScope : []
            })
        })
        for (const warning of warnings) yield* Effect.logWarning(warning)
        return { token, quotas }
      })

    // It also represents this client among those of the process.
    const quotaReporter = new announcedQuotas.Reporter()

    return {
      request: dpop === undefined ? request : tokenRequests.boundTo(request, dpop.thumbprint),
      certificateThumbprint: certificate === undefined ?
        undefined :
        Effect.flatMap(binding.isBound(), (isBound) => isBound ? certificate.thumbprint : Effect.succeed(undefined)),
      requestToken: (request, options) =>
        life.within(
          (certificate === undefined
            ? requestToken(request, options)
            : certificate.hold(requestToken(request, options), request.certificateThumbprint)).pipe(
              Effect.tap(({ quotas }) => quotaReporter.report(request, quotas)),
              Effect.tapError((error) => quotaReporter.report(request, tokenErrors.quotasOf(error))),
              Effect.tapError((error) =>
                Effect.annotateCurrentSpan("error.type", error._tag === "TokenErrorResponse" ? error.error : error._tag)
              ),
              Effect.tap(({ token }) =>
                options === undefined ? Effect.void : warnOfDuplicate(quotaReporter, request, token, options)
              ),
              Effect.withSpan("oauth.token.request", { captureStackTrace: false })
            )
        )
    }
  })

/**
 * Provides the token endpoint with custom limits.
 *
 * @example
 * import { TokenEndpoint } from "@effect-oauth/client-credentials"
 *
 * export const Patient = TokenEndpoint.layer({ timeout: "2 minutes" })
 *
 * @since 3.0.0
 * @category layers
 */
export const layer = (
  options?: Options
): Layer.Layer<TokenEndpoint, InvalidConfig, ClientConfig | HttpClient.HttpClient | ServerMetadata> =>
  Layer.scoped(TokenEndpoint, make(options))
