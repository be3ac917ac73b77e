/**
 * What can go wrong between a program and its API, as typed errors.
 *
 * None of them carries a request, a response or a secret, so each may be logged, inspected and serialised. `endpoint` is
 * always an origin and a path, without query. `retryable` says whether the same request may fare better a little later.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"

import * as dialect from "./internal/protocol/dialect.js"
import { InvalidConfig } from "./InvalidConfig.js"

const Quota = Schema.Struct({
  name: Schema.String,
  counts: Schema.Literal("client", "organization"),
  limit: Schema.Int,
  remaining: Schema.Int,
  /** Milliseconds since the epoch. */
  resetsAt: Schema.Number
})

const withDetail = (text: string, detail: string | undefined): string =>
  detail === undefined ? text : `${text}: ${detail}`

/**
 * The token endpoint refused the request with an OAuth error code (RFC 6749 section 5.2, RFC 8707 section 2).
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
 *   Effect.catchTag("TokenErrorResponse", (refusal) =>
 *     refusal.status === 401 ? Effect.succeed("Ask for new credentials.") : Effect.fail(refusal))
 * )
 *
 * @since 0.1.0
 * @category errors
 */
export class TokenErrorResponse extends Schema.TaggedError<TokenErrorResponse>(
  "@effect-oauth/client-credentials/TokenErrorResponse"
)("TokenErrorResponse", {
  endpoint: Schema.String,
  status: Schema.Int,
  error: Schema.String,
  errorDescription: Schema.optional(Schema.String),
  errorUri: Schema.optional(Schema.String),
  /** What may be the reason, where this side can tell. */
  hint: Schema.optional(Schema.String),
  retryAfter: Schema.optional(Schema.Duration),
  /** The quotas that the server announced, where it announced any. */
  quotas: Schema.optional(Schema.Array(Quota))
}) {
  /**
   * True for `temporarily_unavailable`, `server_error` and the statuses 408, 425, 429 and 5xx, and where the server states
   * a limit that is reached, with whatever status.
   */
  get retryable(): boolean {
    const kind = dialect.kindOf(this)
    return kind === "limit" || kind === "unavailable"
  }
  override get message(): string {
    return `${withDetail(`The token endpoint ${this.endpoint} answered "${this.error}"`, this.errorDescription)}. ${
      dialect.advice(this) ?? `It answered with status ${this.status}; ask its operator what that code means there.`
    }${this.hint === undefined ? "" : ` ${this.hint}`}`
  }
}

/**
 * The token endpoint answered with something that is no token response (RFC 6749 section 5.1) and no error response
 * either: a page, a redirect, a token of an unknown type, or more bytes than allowed. Nothing of the body is kept.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidTokenResponse extends Schema.TaggedError<InvalidTokenResponse>(
  "@effect-oauth/client-credentials/InvalidTokenResponse"
)("InvalidTokenResponse", {
  endpoint: Schema.String,
  status: Schema.Int,
  problem: Schema.String,
  /** The quotas that the server announced, where it announced any. */
  quotas: Schema.optional(Schema.Array(Quota))
}) {
  /** Always false: the same request would get the same answer. */
  get retryable(): boolean {
    return false
  }
  override get message(): string {
    return `The token endpoint ${this.endpoint} answered with status ${this.status}, but ${this.problem}`
  }
}

/**
 * No usable answer came from the token endpoint: no connection, no trust in its certificate, no answer in time, or a
 * status that says "not now".
 *
 * @since 0.1.0
 * @category errors
 */
export class TokenEndpointUnavailable extends Schema.TaggedError<TokenEndpointUnavailable>(
  "@effect-oauth/client-credentials/TokenEndpointUnavailable"
)("TokenEndpointUnavailable", {
  endpoint: Schema.String,
  reason: Schema.Literal("connection", "certificate", "timeout", "status", "client"),
  /**
   * The code of the failed connection, such as `ECONNREFUSED`; the status, such as `503`; the time waited; or the URL, without
   * query, to which the `HttpClient` in use would have sent the request instead.
   */
  detail: Schema.String,
  retryAfter: Schema.optional(Schema.Duration),
  /** The quotas that the server announced, where it announced any. */
  quotas: Schema.optional(Schema.Array(Quota))
}) {
  /** False only for a certificate that is not trusted, and for an `HttpClient` that sends the request elsewhere. */
  get retryable(): boolean {
    return this.reason !== "certificate" && this.reason !== "client"
  }
  override get message(): string {
    // RFC 8615: what is asked for there is metadata.
    const [what, setting, module] = this.endpoint.includes("/.well-known/")
      ? ["metadata document", "the issuer (OAUTH_ISSUER)", "ServerMetadata"]
      : ["token endpoint", "the token URL (OAUTH_TOKEN_URL)", "TokenEndpoint"]
    switch (this.reason) {
      case "connection":
        return `The ${what} ${this.endpoint} could not be reached (${this.detail}). Check ${setting}, the network and the ` +
          "proxy."
      case "certificate":
        return `The certificate of the ${what} ${this.endpoint} is not trusted (${this.detail}). Give its ` +
          "certificate authority to the HTTP client (on Node: NODE_EXTRA_CA_CERTS); do not switch verification off."
      case "timeout":
        return `The ${what} ${this.endpoint} did not answer within ${this.detail}. Check that it is up, or allow it more ` +
          `time (${module}.layer).`
      case "client":
        return `The HTTP client in use sends requests for the ${what} ${this.endpoint} to ${this.detail}, where credentials ` +
          `must not go. Remove what changes the URL (mapRequest, prependUrl, a redirect), or set ${setting} to that URL.`
      case "status":
        return `The ${what} ${this.endpoint} is not available now (status ${this.detail}). Try again later.`
    }
  }
}

/**
 * The secret or the private key of the client could not be read from where it is kept, or used. Nothing was sent.
 *
 * @since 0.1.0
 * @category errors
 */
export class CredentialUnavailable extends Schema.TaggedError<CredentialUnavailable>(
  "@effect-oauth/client-credentials/CredentialUnavailable"
)("CredentialUnavailable", {
  credential: Schema.Literal("client secret", "private key"),
  /** The tag of the error with which reading failed, or what is wrong with what was read; never the credential. */
  problem: Schema.String,
  /** Whether the credential is a value of the configuration, which stays as it is. Default: false. */
  permanent: Schema.optional(Schema.Boolean)
}) {
  /**
   * True for a credential that is read from a source: while it is replaced, it may be usable again in a moment. False for
   * a value of the configuration.
   */
  get retryable(): boolean {
    return this.permanent !== true
  }
  override get message(): string {
    return `The ${this.credential} could not be used: ${this.problem}. Check where it comes from: the configuration, or ` +
      `the file that ${
        this.credential === "client secret"
          ? "OAUTH_CLIENT_SECRET_FILE (LEGACY_TOKEN_SECRET_FILE)"
          : "OAUTH_PRIVATE_KEY_FILE"
      } names.`
  }
}

/**
 * The metadata of the authorization server could not be had, or are not to be trusted (RFC 8414 section 3.3).
 *
 * @since 0.1.0
 * @category errors
 */
export class DiscoveryFailed extends Schema.TaggedError<DiscoveryFailed>(
  "@effect-oauth/client-credentials/DiscoveryFailed"
)("DiscoveryFailed", {
  issuer: Schema.String,
  problem: Schema.String,
  retryable: Schema.Boolean
}) {
  override get message(): string {
    return `The metadata of the issuer ${this.issuer} cannot be used: ${this.problem}.`
  }
}

/**
 * As many tokens were asked for as `IssuanceBudget`, or the issuer, allows. No request was sent.
 *
 * @since 0.1.0
 * @category errors
 */
export class IssuanceBudgetExhausted extends Schema.TaggedError<IssuanceBudgetExhausted>(
  "@effect-oauth/client-credentials/IssuanceBudgetExhausted"
)("IssuanceBudgetExhausted", {
  limit: Schema.Int,
  /** Whose limit it is: the one configured, or one that the issuer told. */
  by: Schema.Literal("budget", "issuer"),
  /** When a token may be asked for again, in milliseconds since the epoch. */
  resetsAt: Schema.Number,
  retryAfter: Schema.Duration,
  /** Whether there are some left, kept for those who have no token at all. */
  reserved: Schema.Boolean
}) {
  /** Always true, when the budget allows it again. */
  get retryable(): boolean {
    return true
  }
  override get message(): string {
    const until = `until ${new Date(this.resetsAt).toISOString()}`
    if (this.reserved) {
      return `The last of ${this.limit} tokens are kept for real need, so none is renewed early ${until}.`
    }
    return this.by === "issuer"
      ? `The authorization server gives no further token ${until}, by what it said itself, so none was asked for. Share ` +
        "tokens between processes (ClientCredentials.layerShared), or have its limit raised."
      : `The budget of ${this.limit} tokens is spent ${until}, so no token was asked for. Share tokens between processes ` +
        "(ClientCredentials.layerShared), or raise the limit if the issuer allows more."
  }
}

/**
 * The authorization server is not known to revoke tokens (RFC 7009).
 *
 * @since 0.1.0
 * @category errors
 */
export class RevocationUnsupported extends Schema.TaggedError<RevocationUnsupported>(
  "@effect-oauth/client-credentials/RevocationUnsupported"
)("RevocationUnsupported", {
  endpoint: Schema.String
}) {
  /** Always false. */
  get retryable(): boolean {
    return false
  }
  override get message(): string {
    return `No revocation endpoint is known of ${this.endpoint}. If it has one, set revocationUrl (OAUTH_REVOCATION_URL).`
  }
}

/**
 * A request was about to go to an origin that the token is not meant for (RFC 9700 section 4.9.1). Nothing was sent.
 *
 * @since 0.1.0
 * @category errors
 */
export class OriginNotAllowed extends Schema.TaggedError<OriginNotAllowed>(
  "@effect-oauth/client-credentials/OriginNotAllowed"
)("OriginNotAllowed", {
  origin: Schema.String,
  allowed: Schema.Array(Schema.String)
}) {
  /** Always false. */
  get retryable(): boolean {
    return false
  }
  override get message(): string {
    return `The token may go to ${this.allowed.join(", ")} only, not to ${this.origin}, so nothing was sent. If the ` +
      "token is meant for that origin too, add it to apiOrigins (API_ORIGINS); otherwise use another HTTP client there."
  }
}

/**
 * The path of a call is outside the base path of the API, or would be after a server has decoded and normalized it (RFC
 * 3986 section 5.2.4). Nothing was sent.
 *
 * @since 0.1.0
 * @category errors
 */
export class PathNotAllowed extends Schema.TaggedError<PathNotAllowed>(
  "@effect-oauth/client-credentials/PathNotAllowed"
)("PathNotAllowed", {
  /** The base URL of the API. */
  baseUrl: Schema.String,
  /** The path of the call without its query, cut after 200 characters. */
  path: Schema.String
}) {
  /** Always false. */
  get retryable(): boolean {
    return false
  }
  override get message(): string {
    return `The path ${this.path} is not below the base URL ${this.baseUrl} once dot segments are removed and escapes are ` +
      "decoded, so nothing was sent. Refuse \"..\" in values that are put into a path, and encode them " +
      "(encodeURIComponent). If the token is meant for the whole origin, set allowOutsideBasePath " +
      "(API_ALLOW_OUTSIDE_BASE_PATH=true)."
  }
}

/**
 * The API accepted the token but wants a scope that it lacks (RFC 6750 section 3.1). A new token would not help.
 *
 * @since 0.1.0
 * @category errors
 */
export class InsufficientScope extends Schema.TaggedError<InsufficientScope>(
  "@effect-oauth/client-credentials/InsufficientScope"
)("InsufficientScope", {
  endpoint: Schema.String,
  /** The scope that the API named as necessary; empty when it named none. */
  scope: Schema.Array(Schema.String)
}) {
  /** Always false. */
  get retryable(): boolean {
    return false
  }
  override get message(): string {
    const wanted = this.scope.length === 0 ? "a scope that it does not name" : `the scope "${this.scope.join(" ")}"`
    return `${this.endpoint} wants ${wanted}. Ask for it (OAUTH_SCOPE), and have the authorization server allow it to ` +
      "this client."
  }
}

/**
 * The metadata of a protected resource could not be fetched or failed validation (RFC 9728 sections 3.3 and 7).
 *
 * @since 0.1.0
 * @category errors
 */
export class ResourceMetadataInvalid extends Schema.TaggedError<ResourceMetadataInvalid>(
  "@effect-oauth/client-credentials/ResourceMetadataInvalid"
)("ResourceMetadataInvalid", {
  resource: Schema.String,
  problem: Schema.String
}) {
  /** Always false. */
  get retryable(): boolean {
    return false
  }
  override get message(): string {
    return `The metadata of ${this.resource} cannot be used: ${this.problem}.`
  }
}

/**
 * The token store could not be read or written. The error holds no key and no value.
 *
 * @since 0.1.0
 * @category errors
 */
export class TokenStoreError extends Schema.TaggedError<TokenStoreError>(
  "@effect-oauth/client-credentials/TokenStoreError"
)("TokenStoreError", {
  operation: Schema.Literal("load", "swap", "acquire", "release", "changes"),
  /** The tag or the code of what went wrong. */
  problem: Schema.String
}) {
  /** Always true: stores come back. */
  get retryable(): boolean {
    return true
  }
  override get message(): string {
    const done = this.operation === "changes" ? "tell of changes" : this.operation
    return `The token store could not ${done} (${this.problem}). Check that it is up and can be reached.`
  }
}

/**
 * The API accepted the token and requires another or a more recent authentication (RFC 9470 section 3). A new token from
 * the same request would not help.
 *
 * @since 0.1.0
 * @category errors
 */
export class InsufficientUserAuthentication extends Schema.TaggedError<InsufficientUserAuthentication>(
  "@effect-oauth/client-credentials/InsufficientUserAuthentication"
)("InsufficientUserAuthentication", {
  endpoint: Schema.String,
  /** The authentication context classes that the API accepts (`acr_values`); empty when it named none. */
  acrValues: Schema.Array(Schema.String),
  /** The longest time since the authentication (`max_age`), in seconds; undefined when the API named none. */
  maxAge: Schema.optional(Schema.Number)
}) {
  /** Always false. */
  get retryable(): boolean {
    return false
  }
  override get message(): string {
    const required = [
      ...(this.acrValues.length === 0 ? [] : [`acr_values "${this.acrValues.join(" ")}"`]),
      ...(this.maxAge === undefined ? [] : [`max_age ${this.maxAge}`])
    ]
    return `${this.endpoint} requires another authentication${
      required.length === 0 ? "" : ` (${required.join(", ")})`
    }, so no new token was requested. If the authorization server issues such tokens to this client, request one with ` +
      "these parameters (OAUTH_PARAMETERS, or TokenRequest.withOverrides); otherwise have the API accept this client."
  }
}

/**
 * The API requires a token that was requested with certain claims: a claims challenge, as Microsoft Entra's continuous
 * access evaluation sends it. A new token without these claims would not help.
 *
 * @example
 * import { type ApiClient, TokenRequest } from "@effect-oauth/client-credentials"
 * import { Effect } from "effect"
 *
 * export const items = (api: ApiClient.Client) =>
 *   Effect.catchTag(api.get("/items"), "InsufficientClaims", (error) =>
 *     error.claims === undefined
 *       ? Effect.fail(error)
 *       : TokenRequest.withOverrides({ parameters: { claims: error.claims } })(api.get("/items")))
 *
 * @since 0.1.0
 * @category errors
 */
export class InsufficientClaims extends Schema.TaggedError<InsufficientClaims>(
  "@effect-oauth/client-credentials/InsufficientClaims"
)("InsufficientClaims", {
  endpoint: Schema.String,
  /** The claims as JSON, for the parameter `claims` of a token request; undefined when the API sent no readable ones. */
  claims: Schema.optional(Schema.String)
}) {
  /** Always false. */
  get retryable(): boolean {
    return false
  }
  override get message(): string {
    return `${this.endpoint} requires a token with ${
      this.claims === undefined ? "claims that it does not name" : "certain claims"
    }, so no new token was requested. Request one with the parameter "claims" (TokenRequest.withOverrides, with the claims ` +
      "of this error), if the authorization server supports it."
  }
}

/**
 * A call was made after the scope of the client's layer had ended. No request was sent.
 *
 * @since 0.1.0
 * @category errors
 */
export class ClientClosed extends Schema.TaggedError<ClientClosed>(
  "@effect-oauth/client-credentials/ClientClosed"
)("ClientClosed", {}) {
  /** Always false: a scope that has ended stays ended. */
  get retryable(): boolean {
    return false
  }
  override get message(): string {
    return "The client is closed: the scope of its layer has ended, so no request was sent. Keep the layer open for the " +
      "whole program: provide it once, at the top. A PromiseClient is closed by close()."
  }
}

/**
 * All that can happen while a token is asked for.
 *
 * @since 0.1.0
 * @category errors
 */
export type TokenError =
  | TokenErrorResponse
  | InvalidTokenResponse
  | TokenEndpointUnavailable
  | CredentialUnavailable
  | DiscoveryFailed
  | IssuanceBudgetExhausted
  | ClientClosed

/**
 * All that `ApiClient` adds to the errors of an `HttpClient`.
 *
 * @since 0.1.0
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

/**
 * Every error of this package: those of a call, of a layer that is built, of discovery, of revocation and of a store.
 *
 * @since 0.1.0
 * @category errors
 */
export type AnyError = InstanceType<(typeof classes)[number]>

/**
 * Returns true for every error of this package, and narrows a union of errors to those of this package.
 *
 * @example
 * import { OAuthError } from "@effect-oauth/client-credentials"
 *
 * console.log(OAuthError.isOAuthError(new OAuthError.InsufficientScope({ endpoint: "https://api.example", scope: [] })))
 *
 * @since 0.1.0
 * @category guards
 */
export const isOAuthError = <E>(u: E): u is E & AnyError => classes.some((error) => u instanceof error)

/**
 * Returns whether a status is temporary (RFC 9110 sections 15.5.9 and 15.6, RFC 6585 section 4, RFC 8470 section 5.2).
 *
 * @internal
 */
export const isTransient = (status: number): boolean =>
  status === 408 || status === 425 || status === 429 || status >= 500

/**
 * The same error with the time that is left until the next request, in milliseconds, as its `retryAfter`, where the error
 * has one.
 *
 * @internal
 */
export const withRetryAfter = (error: TokenError, millis: number): TokenError => {
  const retryAfter = Duration.millis(Math.max(1, Math.ceil(millis)))
  switch (error._tag) {
    case "TokenErrorResponse":
      return new TokenErrorResponse({ ...error, retryAfter })
    case "TokenEndpointUnavailable":
      return new TokenEndpointUnavailable({ ...error, retryAfter })
    default:
      return error
  }
}
