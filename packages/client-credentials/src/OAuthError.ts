/**
 * The typed errors of token requests and of calls.
 *
 * None of them carries a request, a response or a secret, so each may be logged, inspected and serialized. `endpoint` is
 * always an origin and a path, without query. `retryable` states whether the same request may succeed a little later.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-5.2 | RFC 6749 section 5.2}
 * @see {@link https://www.rfc-editor.org/rfc/rfc6750#section-3.1 | RFC 6750 section 3.1}
 * @since 3.0.0
 */
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"

import * as dialect from "./internal/protocol/dialect.js"
import type { Quota } from "./internal/protocol/issuerQuota.js"
import * as messages from "./internal/protocol/messages.js"
import * as stepUp from "./internal/protocol/stepUp.js"
import { InvalidConfig } from "./InvalidConfig.js"

/**
 * The token endpoint rejected the request with an OAuth error code (RFC 6749 section 5.2, RFC 8707 section 2).
 *
 * `error` is the code as the server sent it, so that one tag covers the codes of every extension; match on it where the
 * cases differ. Status 401 means that client authentication failed, whatever the code: servers send `access_denied`,
 * `unauthorized_client` and others with it.
 *
 * @example
 * import { OAuthError } from "@effect-oauth/client-credentials"
 * import { Effect } from "effect"
 *
 * declare const program: Effect.Effect<string, OAuthError.OAuthError>
 *
 * export const explained = program.pipe(
 *   Effect.catchTag("TokenErrorResponse", (rejection) =>
 *     rejection.status === 401 ? Effect.succeed("Request new credentials.") : Effect.fail(rejection))
 * )
 *
 * @since 3.0.0
 * @category errors
 */
export class TokenErrorResponse extends /*#__PURE__*/ Data.TaggedError("TokenErrorResponse")<{
  readonly endpoint: string
  readonly status: number
  readonly error: string
  readonly errorDescription?: string | undefined
  readonly errorUri?: string | undefined
  /** Likely reason, if the request shows one. */
  readonly hint?: string | undefined
  readonly retryAfter?: Duration.Duration | undefined
  /** Quotas that the server announced, if any. */
  readonly quotas?: ReadonlyArray<Quota> | undefined
}> {
  /**
   * True for `temporarily_unavailable`, `server_error` and the statuses 408, 425, 429 and 5xx, and where the server states
   * a limit that is reached, with whatever status.
   */
  get retryable(): boolean {
    const kind = dialect.kindOf(this)
    return kind === "limit" || kind === "unavailable"
  }
  override get message(): string {
    return messages.tokenErrorResponse({
      status: this.status,
      error: this.error,
      errorDescription: this.errorDescription,
      endpoint: this.endpoint,
      hint: this.hint,
      quotas: this.quotas,
      retryAfterMillis: this.retryAfter && Duration.toMillis(this.retryAfter)
    })
  }
}

/**
 * The token endpoint returned something that is neither a token response (RFC 6749 section 5.1) nor an error response: a
 * page, a redirect, a token of an unknown type, or more bytes than allowed. Nothing of the body is kept.
 *
 * @since 3.0.0
 * @category errors
 */
export class InvalidTokenResponse extends /*#__PURE__*/ Data.TaggedError("InvalidTokenResponse")<{
  readonly endpoint: string
  readonly status: number
  readonly problem: string
  /** Quotas that the server announced, if any. */
  readonly quotas?: ReadonlyArray<Quota> | undefined
}> {
  /** Always false: the same request would get the same response. */
  get retryable(): boolean {
    return false
  }
  override get message(): string {
    return messages.invalidTokenResponse(this)
  }
}

/**
 * No usable response came from the token endpoint: no connection, no trust in its certificate, no response in time, or a
 * temporary status.
 *
 * @since 3.0.0
 * @category errors
 */
export class TokenEndpointUnavailable extends /*#__PURE__*/ Data.TaggedError("TokenEndpointUnavailable")<{
  readonly endpoint: string
  readonly reason: "connection" | "certificate" | "timeout" | "status" | "client"
  /**
   * The code of the failed connection, such as `ECONNREFUSED`; the status, such as `503`; the time waited; or the URL, without
   * query, to which the `HttpClient` in use would have sent the request instead.
   */
  readonly detail: string
  readonly retryAfter?: Duration.Duration | undefined
  /** Quotas that the server announced, if any. */
  readonly quotas?: ReadonlyArray<Quota> | undefined
}> {
  /** False only for a certificate that is not trusted, and for an `HttpClient` that sends the request elsewhere. */
  get retryable(): boolean {
    return this.reason !== "certificate" && this.reason !== "client"
  }
  override get message(): string {
    return messages.tokenEndpointUnavailable(this)
  }
}

/**
 * The secret, the private key or the identity token of the client could not be read from where it is kept, or used.
 * Nothing was sent.
 *
 * @since 3.0.0
 * @category errors
 */
export class CredentialUnavailable extends /*#__PURE__*/ Data.TaggedError("CredentialUnavailable")<{
  readonly credential: "client secret" | "private key" | "identity token"
  /** Tag of the error of the source, or the problem of the value that was read; never the credential. */
  readonly problem: string
  /** Hint about the settings to check. Default: the source of the credential. */
  readonly check?: string | undefined
  /** True if the credential is a value of the configuration, which does not change. Default: false. */
  readonly permanent?: boolean | undefined
}> {
  /**
   * True for a credential that is read from a source: while it is replaced, it may be usable again in a moment. False for
   * a value of the configuration.
   */
  get retryable(): boolean {
    return this.permanent !== true
  }
  override get message(): string {
    return messages.credentialUnavailable(this)
  }
}

/**
 * The authorization server metadata could not be fetched or failed validation (RFC 8414 section 3.3).
 *
 * @since 3.0.0
 * @category errors
 */
export class DiscoveryFailed extends /*#__PURE__*/ Data.TaggedError("DiscoveryFailed")<{
  readonly issuer: string
  readonly problem: string
  readonly retryable: boolean
}> {
  override get message(): string {
    return messages.discoveryFailed(this)
  }
}

/**
 * As many tokens were requested as `IssuanceBudget`, or the issuer, allows, or requests before were not answered and may have
 * issued so many. No request was sent.
 *
 * @since 3.0.0
 * @category errors
 */
export class IssuanceBudgetExhausted extends /*#__PURE__*/ Data.TaggedError("IssuanceBudgetExhausted")<{
  readonly limit: number
  /**
   * Origin of the limit: the configured budget, or a quota that the issuer announced. `unanswered` if tokens are left, but the
   * next request has to wait because the previous ones got no response.
   */
  readonly by: "budget" | "issuer" | "unanswered"
  /** Time from which a token may be requested again, in milliseconds since the epoch. */
  readonly resetsAt: number
  readonly retryAfter: Duration.Duration
  /** True if tokens are left, but reserved for callers without a token. */
  readonly reserved: boolean
}> {
  /** Always true, when the budget allows it again. */
  get retryable(): boolean {
    return true
  }
  override get message(): string {
    return messages.issuanceBudgetExhausted(this)
  }
}

/**
 * No revocation endpoint of the authorization server is known (RFC 7009).
 *
 * @since 3.0.0
 * @category errors
 */
export class RevocationUnsupported extends /*#__PURE__*/ Data.TaggedError("RevocationUnsupported")<{
  readonly endpoint: string
}> {
  /** Always false. */
  get retryable(): boolean {
    return false
  }
  override get message(): string {
    return messages.revocationUnsupported(this)
  }
}

/**
 * A request was about to go to an origin that the token is not meant for (RFC 9700 section 4.9.1). Nothing was sent.
 *
 * @since 3.0.0
 * @category errors
 */
export class OriginNotAllowed extends /*#__PURE__*/ Data.TaggedError("OriginNotAllowed")<{
  readonly origin: string
  readonly allowed: ReadonlyArray<string>
}> {
  /** Always false. */
  get retryable(): boolean {
    return false
  }
  override get message(): string {
    return messages.originNotAllowed(this)
  }
}

/**
 * The path of a call is outside the base path of the API, or would be after a server has decoded and normalized it (RFC
 * 3986 section 5.2.4). Nothing was sent.
 *
 * @since 3.0.0
 * @category errors
 */
export class PathNotAllowed extends /*#__PURE__*/ Data.TaggedError("PathNotAllowed")<{
  /** The base URL of the API. */
  readonly baseUrl: string
  /** The path of the call without its query, cut after 200 characters. */
  readonly path: string
}> {
  /** Always false. */
  get retryable(): boolean {
    return false
  }
  override get message(): string {
    return messages.pathNotAllowed(this)
  }
}

/**
 * The API accepted the token but requires a scope that it lacks (RFC 6750 section 3.1). A new token would not help.
 *
 * @since 3.0.0
 * @category errors
 */
export class InsufficientScope extends /*#__PURE__*/ Data.TaggedError("InsufficientScope")<{
  readonly endpoint: string
  /** The scope that the API named as necessary; empty when it named none. */
  readonly scope: ReadonlyArray<string>
}> {
  /** Always false. */
  get retryable(): boolean {
    return false
  }
  override get message(): string {
    return messages.insufficientScope(this)
  }
}

/**
 * The API accepted the token and requires another or a more recent authentication (RFC 9470 section 3). A new token from
 * the same request would not help; one from a request with `overrides` may.
 *
 * @example
 * import { type ApiClient, TokenRequest } from "@effect-oauth/client-credentials"
 * import { Effect } from "effect"
 *
 * export const payments = (api: ApiClient.Client) =>
 *   Effect.catchTag(api.get("/payments"), "InsufficientUserAuthentication", (error) =>
 *     error.overrides === undefined
 *       ? Effect.fail(error)
 *       : TokenRequest.withOverrides(error.overrides)(api.get("/payments")))
 *
 * @since 3.0.0
 * @category errors
 */
export class InsufficientUserAuthentication extends /*#__PURE__*/ Data.TaggedError("InsufficientUserAuthentication")<{
  readonly endpoint: string
  /** The authentication context classes that the API accepts (`acr_values`); empty when it named none. */
  readonly acrValues: ReadonlyArray<string>
  /** The longest time since the authentication (`max_age`), in seconds; undefined when the API named none. */
  readonly maxAge?: number | undefined
}> {
  /** Always false. */
  get retryable(): boolean {
    return false
  }
  /**
   * Parameters that a token request needs for this API, for `TokenRequest.withOverrides`: `acr_values` and `max_age`, in
   * addition to the configured parameters. Undefined if the API named neither.
   */
  get overrides(): stepUp.RequiredParameters | undefined {
    return stepUp.ofAuthentication(this)
  }
  override get message(): string {
    return messages.insufficientUserAuthentication(this)
  }
}

/**
 * The API requires a token that was requested with certain claims: a claims challenge, as Microsoft Entra's continuous
 * access evaluation sends it. A new token without these claims would not help; one from a request with `overrides` may.
 *
 * @example
 * import { type ApiClient, TokenRequest } from "@effect-oauth/client-credentials"
 * import { Effect } from "effect"
 *
 * export const items = (api: ApiClient.Client) =>
 *   Effect.catchTag(api.get("/items"), "InsufficientClaims", (error) =>
 *     error.overrides === undefined
 *       ? Effect.fail(error)
 *       : TokenRequest.withOverrides(error.overrides)(api.get("/items")))
 *
 * @since 3.0.0
 * @category errors
 */
export class InsufficientClaims extends /*#__PURE__*/ Data.TaggedError("InsufficientClaims")<{
  readonly endpoint: string
  /** The claims as JSON, for the parameter `claims` of a token request; undefined when the API sent no readable ones. */
  readonly claims?: string | undefined
}> {
  /** Always false. */
  get retryable(): boolean {
    return false
  }
  /** Parameters for `TokenRequest.withOverrides` that this API requires: `claims`. Undefined if the API sent no readable ones. */
  get overrides(): stepUp.RequiredParameters | undefined {
    return stepUp.ofClaims(this.claims)
  }
  override get message(): string {
    return messages.insufficientClaims(this)
  }
}

/**
 * The metadata of a protected resource could not be fetched or failed validation (RFC 9728 sections 3.3 and 7).
 *
 * @since 3.0.0
 * @category errors
 */
export class ResourceMetadataInvalid extends /*#__PURE__*/ Data.TaggedError("ResourceMetadataInvalid")<{
  readonly resource: string
  readonly problem: string
}> {
  /** Always false. */
  get retryable(): boolean {
    return false
  }
  override get message(): string {
    return messages.resourceMetadataInvalid(this)
  }
}

/**
 * The token store could not be read or written. The error holds no key and no value.
 *
 * @since 3.0.0
 * @category errors
 */
export class TokenStoreError extends /*#__PURE__*/ Data.TaggedError("TokenStoreError")<{
  readonly operation: "load" | "swap" | "acquire" | "release"
  /** Tag or code of the failure. */
  readonly problem: string
}> {
  /** Always true: a store may be available again. */
  get retryable(): boolean {
    return true
  }
  override get message(): string {
    return messages.tokenStoreError(this)
  }
}

/**
 * A call was made after the scope of the client's layer had ended. No request was sent.
 *
 * @since 3.0.0
 * @category errors
 */
export class ClientClosed extends /*#__PURE__*/ Data.TaggedError("ClientClosed") {
  /** Always false: a closed client cannot be reopened. */
  get retryable(): boolean {
    return false
  }
  override get message(): string {
    return messages.clientClosed
  }
}

/**
 * The errors of a token request.
 *
 * @since 3.0.0
 * @category errors
 */
export type TokenError =
  | TokenErrorResponse
  | InvalidTokenResponse
  | TokenEndpointUnavailable
  | CredentialUnavailable
  | DiscoveryFailed
  | IssuanceBudgetExhausted
  | TokenStoreError
  | ClientClosed

/**
 * The errors that `ApiClient` adds to those of an `HttpClient`.
 *
 * @since 3.0.0
 * @category errors
 */
export type OAuthError =
  | TokenError
  | OriginNotAllowed
  | PathNotAllowed
  | InsufficientScope
  | InsufficientUserAuthentication
  | InsufficientClaims

// Every error class of the package. The guard and the union below are derived from this list.
const classes = [
  TokenErrorResponse,
  InvalidTokenResponse,
  TokenEndpointUnavailable,
  CredentialUnavailable,
  DiscoveryFailed,
  IssuanceBudgetExhausted,
  ClientClosed,
  RevocationUnsupported,
  OriginNotAllowed,
  PathNotAllowed,
  InsufficientScope,
  InsufficientUserAuthentication,
  InsufficientClaims,
  ResourceMetadataInvalid,
  TokenStoreError,
  InvalidConfig
] as const

/** Every error of this package: those of a call, of a layer that is built, of discovery, of revocation and of a store. */
type AnyError = InstanceType<(typeof classes)[number]>

/**
 * Returns true for every error of this package, and narrows a union of errors to those of this package.
 *
 * @example
 * import { OAuthError } from "@effect-oauth/client-credentials"
 *
 * console.log(OAuthError.isOAuthError(new OAuthError.InsufficientScope({ endpoint: "https://api.example", scope: [] })))
 *
 * @since 3.0.0
 * @category guards
 */
export const isOAuthError = <E>(u: E): u is E & AnyError => classes.some((error) => u instanceof error)
