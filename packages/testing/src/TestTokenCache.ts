/**
 * Token caches with a fixed token or a fixed failure, for tests about something else.
 *
 * @since 3.0.0
 */
import { AccessToken, type OAuthError, TokenCache } from "@effect-oauth/client-credentials"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

const token = (value: string) =>
  new AccessToken.AccessToken({
    value: Redacted.make(value),
    scope: undefined,
    requestedAt: 0,
    expiresAt: Number.MAX_SAFE_INTEGER
  })

const ready: Effect.Effect.Success<TokenCache.TokenCache["health"]> = {
  isReady: true,
  hasToken: true,
  expiresIn: undefined,
  lastFailure: undefined,
  pausedFor: undefined,
  latchedFor: undefined,
  budgetLeft: undefined
}

const fixed = (value: string): TokenCache.TokenCache => {
  const cached = token(value)
  const service: TokenCache.TokenCache = {
    get: Effect.succeed(cached),
    refresh: () => Effect.succeed(cached),
    // Without another token, a replay would fail again.
    invalidate: () => Effect.succeed(false),
    forget: () => Effect.void,
    confirm: () => Effect.void,
    cached: Effect.succeed([cached]),
    health: Effect.succeed({ ...ready, expiresIn: Duration.days(1) }),
    withOverrides: () => service
  }
  return service
}

const failing = (error: OAuthError.TokenError): TokenCache.TokenCache => {
  const service: TokenCache.TokenCache = {
    ...fixed(""),
    get: Effect.fail(error),
    refresh: () => Effect.fail(error),
    cached: Effect.succeed([]),
    health: Effect.succeed({ ...ready, isReady: false, hasToken: false, lastFailure: error }),
    withOverrides: () => service
  }
  return service
}

/**
 * Provides a cache that always returns the same token, or always fails with the same error. Default: `test-token`.
 *
 * @example
 * import { TestTokenCache } from "@effect-oauth/testing"
 *
 * export const Tokens = TestTokenCache.layer({ value: "the-token" })
 *
 * @since 3.0.0
 * @category layers
 */
export const layer = (
  options: { readonly value?: string | undefined; readonly error?: OAuthError.TokenError | undefined } = {}
): Layer.Layer<TokenCache.TokenCache> =>
  Layer.succeed(
    TokenCache.TokenCache,
    options.error === undefined ? fixed(options.value ?? "test-token") : failing(options.error)
  )
