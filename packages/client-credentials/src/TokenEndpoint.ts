/**
 * The token endpoint of the authorization server (RFC 6749 section 3.2): one request, one token or one typed error.
 *
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

import type { AccessToken } from "./AccessToken.js"
import { ClientConfig } from "./ClientConfig.js"
import * as parts from "./internal/config/parts.js"
import * as authenticated from "./internal/http/authenticatedRequest.js"
import * as tokenRequest from "./internal/http/tokenRequest.js"
import { usesAliases } from "./internal/protocol/mutualTls.js"
import * as tokenResponse from "./internal/protocol/tokenResponse.js"
import * as lifetime from "./internal/seam/lifetime.js"
import * as metrics from "./internal/seam/metrics.js"
import * as duplicates from "./internal/token/duplicates.js"
import { type InvalidConfig, validate } from "./InvalidConfig.js"
import { DiscoveryFailed, type TokenError } from "./OAuthError.js"
import { ServerMetadata } from "./ServerMetadata.js"
import { boundTo, type TokenRequest } from "./TokenRequest.js"

/**
 * What a token endpoint does for a client: `layer` brings the real one, and a test may bring its own.
 *
 * @since 0.1.0
 * @category models
 */
export interface TokenEndpoint {
  /** What the client asks for when nothing else is said. */
  readonly request: TokenRequest
  /** Asks for a token, each time anew (RFC 6749 section 4.4). Programs want `TokenCache`, which asks when it must. */
  readonly requestToken: (
    request: TokenRequest,
    occasion?: RequestOptions | undefined
  ) => Effect.Effect<AccessToken, TokenError>
  /** How many tokens may still be asked for, where somebody counts; undefined when that cannot be told. */
  readonly budgetLeft?: Effect.Effect<number | undefined> | undefined
}

/**
 * Why a token is asked for. The network need not know; an endpoint before it may, that shares tokens or counts them.
 *
 * @since 0.1.0
 * @category models
 */
export interface RequestOptions {
  /**
   * `cold`: there was none. `renewal`: there is one that can still be used. `expired`: there is one that cannot.
   * `rejected`: the API refused the one there was. `forced`: somebody wants another.
   */
  readonly reason: "cold" | "renewal" | "expired" | "rejected" | "forced"
  /** The token that is to be replaced. */
  readonly replaces: AccessToken | undefined
  /**
   * Returns true for a token that the cache would still use at this moment, in milliseconds since the epoch: the rule of
   * `expiryBuffer` and `expiryBufferFraction`. An endpoint that shares tokens returns no other. Default: the default rule.
   */
  readonly isUsable?: ((token: AccessToken, now: number) => boolean) | undefined
  /**
   * Returns how long to wait after the last of so many failures in a row, in milliseconds: the rule of `backOff` and
   * `maxRetryAfter`, for an endpoint whose processes wait together. Default: the default rule.
   */
  readonly pauseAfter?: ((error: TokenError, failures: number) => Effect.Effect<number>) | undefined
}

/**
 * Where tokens come from.
 *
 * @since 0.1.0
 * @category tags
 */
export const TokenEndpoint = Context.GenericTag<TokenEndpoint>("@effect-oauth/client-credentials/TokenEndpoint")

/**
 * The limits of one token request.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** From the first byte sent to the last received; then the request is aborted. Default: 30 seconds. */
  readonly timeout?: Duration.DurationInput | undefined
  /** A token response is some kilobytes; this stops a server that never ends. Default: 1 MiB. */
  readonly maxResponseBytes?: number | undefined
  /** The life of a token that comes without `expires_in`, or with one that is not a number of seconds. A 401 corrects it if it is too long. Default: 1 hour. */
  readonly defaultLife?: Duration.DurationInput | undefined
  /** Whether a token without all of the scope that was asked for is an error (RFC 6749 section 3.3). Default: false. */
  readonly requireScope?: boolean | undefined
  /** The longest life believed, against servers that count in milliseconds. Default: 30 days. */
  readonly maxLife?: Duration.DurationInput | undefined
}

const counted = (occasion: RequestOptions | undefined) => (errorType: string | undefined): Effect.Effect<void> =>
  metrics.count(metrics.tokenRequests, {
    "oauth.token.reason": occasion?.reason ?? "forced",
    "error.type": errorType
  })

/**
 * A token endpoint on the `HttpClient`, `ClientConfig` and `ServerMetadata` of the context; with proofs if `dpop` is
 * configured, and then tokens that are not bound to its key are rejected (RFC 9449 section 5).
 *
 * It follows no redirect, since that could hand the secret to another server, and puts no request into traces, where
 * headers and URLs would show. When client authentication fails (status 401 with any code, or `invalid_client`, RFC 6749
 * section 5.2), the secret or key is read again and tried if it has changed; then the previous one, where one is
 * configured: at most three requests.
 *
 * @example
 * import { ClientConfig, ServerMetadata, TokenEndpoint } from "@effect-oauth/client-credentials"
 * import { FetchHttpClient } from "@effect/platform"
 * import { Effect, Redacted } from "effect"
 *
 * export const token = TokenEndpoint.make({ timeout: "5 seconds" }).pipe(
 *   Effect.flatMap((endpoint) => endpoint.requestToken(endpoint.request)),
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
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options: Options = {}
): Effect.Effect<TokenEndpoint, InvalidConfig, ClientConfig | HttpClient.HttpClient | ServerMetadata> =>
  Effect.gen(function*() {
    const limits = yield* validate(parts.tokenEndpoint, options)
    const config = yield* ClientConfig
    const { authentication, certificateBoundTokens, request, tokenResponse: response, tokenType = "verify" } = config
    const metadata = yield* ServerMetadata
    const dpop = config.dpop === undefined ? undefined : yield* config.dpop
    const send = yield* authenticated.make(yield* HttpClient.HttpClient, dpop, {
      timeout: Duration.millis(limits.timeout),
      maxResponseBytes: limits.maxResponseBytes
    })
    const terms = {
      defaultLife: Duration.millis(limits.defaultLife),
      maxLife: Duration.millis(limits.maxLife),
      type: dpop === undefined ? "Bearer" as const : "DPoP" as const,
      tokenType,
      response
    }

    const requestToken = (request: TokenRequest, occasion: RequestOptions | undefined) =>
      Effect.gen(function*() {
        const server = yield* metadata.get
        const { authenticationMethods, dpopAlgorithms, issuer, signingAlgorithms, tokenEndpoint } = server
        if (dpop !== undefined && dpopAlgorithms?.includes(dpop.algorithm) === false) {
          return yield* new DiscoveryFailed({
            issuer: issuer ?? "",
            problem: `it takes DPoP proofs by ${dpopAlgorithms.join(", ")} only: choose one of these as dpop.algorithm`,
            retryable: false
          })
        }
        const method = authentication(authenticationMethods)
        const aliased = usesAliases({
          method: method.method,
          byCertificate: method.mutualTls,
          wanted: certificateBoundTokens,
          hasDpop: dpop !== undefined,
          serverBinds: server.certificateBoundTokens
        })
        const url = aliased ? server.mutualTls.tokenEndpoint ?? tokenEndpoint : tokenEndpoint
        yield* Effect.annotateCurrentSpan("oauth.client_authentication", method.method)
        const requestedScope = request.scope.split(" ").filter((name) => name !== "")
        const { token, warnings } = yield* send({
          authentication: method,
          url,
          endpoint: tokenEndpoint,
          clientId: request.clientId,
          issuer,
          signingAlgorithms,
          onSent: counted(occasion),
          encode: (proof) => tokenRequest.encode(url, request, proof),
          decode: (received, redaction, hint) =>
            tokenResponse.decode(received, {
              ...terms,
              redaction,
              hint,
              requestedScope,
              requiredScope: limits.requireScope ? requestedScope : []
            })
        })
        for (const warning of warnings) yield* Effect.logWarning(warning)
        return token
      })

    const owner = {}
    const noticeDuplicate = (request: TokenRequest, token: AccessToken, { reason }: RequestOptions) =>
      Effect.flatMap(Effect.clock, (clock) => {
        const now = clock.unsafeCurrentTimeMillis()
        const until = duplicates.note(clock, { owner, request, token, now, isFirst: reason === "cold" })
        return until === undefined ? Effect.void : Effect.logWarning(
          `Access token requested again: another client of this process was issued a token for the same request, which ` +
            `is valid until ${
              new Date(until).toISOString()
            }. Each client has its own cache, and each build of a layer ` +
            "makes a client. Bind the layer to a constant (const Api = ClientCredentials.layerConfig()) and provide that " +
            "constant once, at the top of the program, not in every call."
        )
      })

    return {
      request: dpop === undefined ? request : boundTo(request, dpop.thumbprint),
      requestToken: (request, occasion) =>
        requestToken(request, occasion).pipe(
          Effect.tapError((error) =>
            Effect.annotateCurrentSpan("error.type", error._tag === "TokenErrorResponse" ? error.error : error._tag)
          ),
          Effect.tap((token) => occasion === undefined ? Effect.void : noticeDuplicate(request, token, occasion)),
          Effect.withSpan("oauth.token.request", { captureStackTrace: false })
        )
    }
  })

/**
 * The same endpoint until the scope of the context ends: then requests under way are interrupted, and others fail with
 * `ClientClosed`.
 *
 * @internal
 */
export const endingWithScope = <E, R>(endpoint: Effect.Effect<TokenEndpoint, E, R>) =>
  lifetime.limited(endpoint, (service, within) => ({
    ...service,
    requestToken: (request, occasion) => within(service.requestToken(request, occasion))
  }))

/**
 * The token endpoint as a layer, with limits of your own.
 *
 * @example
 * import { TokenEndpoint } from "@effect-oauth/client-credentials"
 *
 * export const Patient = TokenEndpoint.layer({ timeout: "2 minutes" })
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options?: Options
): Layer.Layer<TokenEndpoint, InvalidConfig, ClientConfig | HttpClient.HttpClient | ServerMetadata> =>
  Layer.scoped(TokenEndpoint, endingWithScope(make(options)))
