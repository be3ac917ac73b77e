/**
 * OAuth 2.0 client credentials for Effect programs.
 *
 * @since 0.1.0
 */

/**
 * What the authorization server issues and the API accepts.
 *
 * @since 0.1.0
 */
export * as AccessToken from "./AccessToken.js"

/**
 * The `HttpClient` of a protected API.
 *
 * @since 0.1.0
 */
export * as ApiClient from "./ApiClient.js"

/**
 * What a call to the API is authorized with.
 *
 * @since 0.1.0
 */
export * as Authorization from "./Authorization.js"

/**
 * The challenges of a `WWW-Authenticate` header.
 *
 * @since 0.1.0
 */
export * as Challenge from "./Challenge.js"

/**
 * How a client proves to the authorization server who it is.
 *
 * @since 0.1.0
 */
export * as ClientAuthentication from "./ClientAuthentication.js"

/**
 * The configuration of a client: its credentials, its authorization server and its API.
 *
 * @since 0.1.0
 */
export * as ClientConfig from "./ClientConfig.js"

/**
 * A client with everything in it.
 *
 * @since 0.1.0
 */
export * as ClientCredentials from "./ClientCredentials.js"

/**
 * Grants beside client credentials.
 *
 * @since 0.1.0
 */
export * as Grant from "./Grant.js"

/**
 * Settings with a mistake in them.
 *
 * @since 0.1.0
 */
export * as InvalidConfig from "./InvalidConfig.js"

/**
 * The budget of token requests.
 *
 * @since 0.1.0
 */
export * as IssuanceBudget from "./IssuanceBudget.js"

/**
 * A token id and a token secret by basic auth, for older APIs.
 *
 * @since 0.1.0
 */
export * as LegacyToken from "./LegacyToken.js"

/**
 * What can go wrong, as typed errors.
 *
 * @since 0.1.0
 */
export * as OAuthError from "./OAuthError.js"

/**
 * The same client behind `fetch`, for callers outside Effect.
 *
 * @since 0.1.0
 */
export * as PromiseClient from "./PromiseClient.js"

/**
 * The metadata of a protected resource: the authorization servers that an API trusts.
 *
 * @since 0.1.0
 */
export * as ProtectedResource from "./ProtectedResource.js"

/**
 * The schedule by which a call that was rejected with 401 is replayed.
 *
 * @since 0.1.0
 */
export * as ReplaySchedule from "./ReplaySchedule.js"

/**
 * The metadata of the authorization server.
 *
 * @since 0.1.0
 */
export * as ServerMetadata from "./ServerMetadata.js"

/**
 * A client that shares its tokens with other processes.
 *
 * @since 0.1.0
 */
export * as SharedClientCredentials from "./SharedClientCredentials.js"

/**
 * One token for all who share a store.
 *
 * @since 0.1.0
 */
export * as SharedTokens from "./SharedTokens.js"

/**
 * Private keys that are used, but not read.
 *
 * @since 0.1.0
 */
export * as Signer from "./Signer.js"

/**
 * The tokens of this process.
 *
 * @since 0.1.0
 */
export * as TokenCache from "./TokenCache.js"

/**
 * The token endpoint of the authorization server.
 *
 * @since 0.1.0
 */
export * as TokenEndpoint from "./TokenEndpoint.js"

/**
 * The parameters of a token request.
 *
 * @since 0.1.0
 */
export * as TokenRequest from "./TokenRequest.js"

/**
 * Taking tokens back.
 *
 * @since 0.1.0
 */
export * as TokenRevocation from "./TokenRevocation.js"

/**
 * What leaves the process is encrypted.
 *
 * @since 0.1.0
 */
export * as TokenSeal from "./TokenSeal.js"

/**
 * Where tokens outlive a process, or are shared by several.
 *
 * @since 0.1.0
 */
export * as TokenStore from "./TokenStore.js"

/**
 * The identity tokens of the platform that a program runs on.
 *
 * @since 0.1.0
 */
export * as WorkloadIdentity from "./WorkloadIdentity.js"
