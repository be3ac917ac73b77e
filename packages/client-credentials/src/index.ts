/**
 * OAuth 2.0 client credentials for Effect programs.
 *
 * @since 3.0.0
 */

/**
 * Access tokens, as issued by the authorization server.
 *
 * @since 3.0.0
 */
export * as AccessToken from "./AccessToken.js"

/**
 * `HttpClient` for a protected API.
 *
 * @since 3.0.0
 */
export * as ApiClient from "./ApiClient.js"

/**
 * Authorization of calls to the API.
 *
 * @since 3.0.0
 */
export * as Authorization from "./Authorization.js"

/**
 * Challenges of a `WWW-Authenticate` header.
 *
 * @since 3.0.0
 */
export * as Challenge from "./Challenge.js"

/**
 * Methods of client authentication at the authorization server.
 *
 * @since 3.0.0
 */
export * as ClientAuthentication from "./ClientAuthentication.js"

/**
 * Configuration of a client: its credentials, its authorization server and its API.
 *
 * @since 3.0.0
 */
export * as ClientConfig from "./ClientConfig.js"

/**
 * Complete client as one layer.
 *
 * @since 3.0.0
 */
export * as ClientCredentials from "./ClientCredentials.js"

/**
 * Grants other than client credentials.
 *
 * @since 3.0.0
 */
export * as Grant from "./Grant.js"

/**
 * Error of invalid settings.
 *
 * @since 3.0.0
 */
export * as InvalidConfig from "./InvalidConfig.js"

/**
 * Limit on the number of token requests.
 *
 * @since 3.0.0
 */
export * as IssuanceBudget from "./IssuanceBudget.js"

/**
 * Authorization by a token id and a token secret with basic auth, for older APIs.
 *
 * @since 3.0.0
 */
export * as LegacyToken from "./LegacyToken.js"

/**
 * Typed errors.
 *
 * @since 3.0.0
 */
export * as OAuthError from "./OAuthError.js"

/**
 * Client with the interface of `fetch`, for programs without Effect.
 *
 * @since 3.0.0
 */
export * as PromiseClient from "./PromiseClient.js"

/**
 * Metadata of a protected resource: the authorization servers that an API trusts.
 *
 * @since 3.0.0
 */
export * as ProtectedResource from "./ProtectedResource.js"

/**
 * Schedule of the replays of a call that was rejected with 401.
 *
 * @since 3.0.0
 */
export * as ReplaySchedule from "./ReplaySchedule.js"

/**
 * Metadata of the authorization server.
 *
 * @since 3.0.0
 */
export * as ServerMetadata from "./ServerMetadata.js"

/**
 * Complete client as one layer that shares its tokens with other processes.
 *
 * @since 3.0.0
 */
export * as SharedClientCredentials from "./SharedClientCredentials.js"

/**
 * One token for all processes that share a store.
 *
 * @since 3.0.0
 */
export * as SharedTokens from "./SharedTokens.js"

/**
 * Signers for private keys that are used but not read, as in a key management service.
 *
 * @since 3.0.0
 */
export * as Signer from "./Signer.js"

/**
 * Cached tokens of this process.
 *
 * @since 3.0.0
 */
export * as TokenCache from "./TokenCache.js"

/**
 * Token endpoint of the authorization server.
 *
 * @since 3.0.0
 */
export * as TokenEndpoint from "./TokenEndpoint.js"

/**
 * Parameters of a token request.
 *
 * @since 3.0.0
 */
export * as TokenRequest from "./TokenRequest.js"

/**
 * Revocation of tokens.
 *
 * @since 3.0.0
 */
export * as TokenRevocation from "./TokenRevocation.js"

/**
 * Encryption of stored tokens.
 *
 * @since 3.0.0
 */
export * as TokenSeal from "./TokenSeal.js"

/**
 * Stores for tokens that outlive a process or are shared by several processes.
 *
 * @since 3.0.0
 */
export * as TokenStore from "./TokenStore.js"

/**
 * Identity tokens of the platform that a program runs on.
 *
 * @since 3.0.0
 */
export * as WorkloadIdentity from "./WorkloadIdentity.js"
