/**
 * Token revocation: ends a token before it expires.
 *
 * **When to use**
 *
 * Use it after a job or when a token may have leaked. `revokeAtShutdown` of `ClientCredentials.layer` revokes when the
 * program ends.
 *
 * **Gotchas**
 *
 * Many servers do not revoke access tokens, or accept the request without effect: see the documentation of the server.
 * Call `TokenCache.forget` afterwards, so that the token is not used again.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7009 | RFC 7009}
 * @since 3.0.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"

import type { AccessToken } from "./AccessToken.js"
import { ClientConfig } from "./ClientConfig.js"
import { loadOptional } from "./ClientConfig/loadOptional.js"
import * as authenticated from "./internal/http/authenticatedRequest.js"
import * as lifetime from "./internal/process/lifetime.js"
import type { InvalidConfig } from "./InvalidConfig.js"
import type { RevocationUnsupported, TokenError } from "./OAuthError.js"
import { ServerMetadata } from "./ServerMetadata.js"

/**
 * The revocation endpoint as a service.
 *
 * @since 3.0.0
 * @category models
 */
export interface TokenRevocation {
  /**
   * Revokes a token. A token that is unknown to the server counts as revoked (RFC 7009 section 2.2); after any error it
   * may still be valid. The cache keeps the token until `TokenCache.forget` removes it.
   */
  readonly revoke: (token: AccessToken) => Effect.Effect<void, TokenError | RevocationUnsupported>
}

/**
 * The revocation endpoint in use.
 *
 * @since 3.0.0
 * @category tags
 */
export const TokenRevocation = Context.GenericTag<TokenRevocation>("@effect-oauth/client-credentials/TokenRevocation")

const limits = { timeout: 30_000, maxResponseBytes: 1_048_576 }

/**
 * Creates the revocation by the client of the context, at the endpoint that is configured or in the server's metadata. When
 * the scope ends, requests in flight are interrupted, and later ones fail with `ClientClosed`.
 *
 * @example
 * import { TokenCache, TokenRevocation } from "@effect-oauth/client-credentials"
 * import { Effect } from "effect"
 *
 * export const signOut = Effect.gen(function*() {
 *   const cache = yield* TokenCache.TokenCache
 *   const { revoke } = yield* TokenRevocation.TokenRevocation
 *   for (const token of yield* cache.cached) {
 *     yield* revoke(token)
 *     yield* cache.forget(token)
 *   }
 * })
 *
 * @since 3.0.0
 * @category constructors
 */
export const make: Effect.Effect<
  TokenRevocation,
  InvalidConfig,
  ClientConfig | HttpClient.HttpClient | Scope.Scope | ServerMetadata
> = Effect.gen(function*() {
  const life = yield* lifetime.make
  const { authentication, certificateBoundTokens, dpop: proofs, request, revocationUrl } = yield* ClientConfig
  const dpop = proofs === undefined ? undefined : yield* proofs
  const settings = {
    metadata: (yield* ServerMetadata).get,
    authentication,
    send: authenticated.make(yield* HttpClient.HttpClient, dpop, limits),
    clientId: request.clientId,
    endpoint: request.endpoint,
    revocationUrl,
    certificateBoundTokens,
    hasDpop: dpop !== undefined
  }
  return {
    revoke: (token) =>
      life.within(
        Effect.flatMap(loadOptional, ({ revocation }) => revocation.revoke(settings)(token)).pipe(
          Effect.withSpan("oauth.token.revocation", { captureStackTrace: false })
        )
      )
  }
})

/**
 * Provides the revocation endpoint.
 *
 * @since 3.0.0
 * @category layers
 */
export const layer: Layer.Layer<
  TokenRevocation,
  InvalidConfig,
  ClientConfig | HttpClient.HttpClient | ServerMetadata
> = /*#__PURE__*/ Layer.scoped(TokenRevocation, make)
