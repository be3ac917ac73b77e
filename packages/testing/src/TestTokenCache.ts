/**
 * Token caches for tests that are about something else: a fixed token, a failure, a record of what was asked.
 *
 * @since 0.1.0
 */
import { AccessToken, type OAuthError, TokenCache } from "@effect-oauth/client-credentials"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"

const token = (value: string) =>
  new AccessToken.AccessToken({
    value: Redacted.make(value),
    scope: undefined,
    requestedAt: 0,
    expiresAt: Number.MAX_SAFE_INTEGER
  })

const well: TokenCache.Health = {
  isReady: true,
  hasToken: true,
  expiresIn: undefined,
  lastFailure: undefined,
  pausedFor: undefined,
  latchedFor: undefined,
  budgetLeft: undefined
}

const fixed = (value: string): TokenCache.TokenCache => {
  const held = token(value)
  const service: TokenCache.TokenCache = {
    get: Effect.succeed(held),
    refresh: () => Effect.succeed(held),
    // There is no other, so nothing would come of a replay.
    invalidate: () => Effect.succeed(false),
    confirm: () => Effect.void,
    cached: Effect.succeed([held]),
    health: Effect.succeed({ ...well, expiresIn: Duration.days(1) }),
    withOverrides: () => service
  }
  return service
}

/**
 * The same token always.
 *
 * @example
 * import { TestTokenCache } from "@effect-oauth/testing"
 *
 * export const Tokens = TestTokenCache.layer("the-token")
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (value = "test-token"): Layer.Layer<TokenCache.TokenCache> =>
  Layer.succeed(TokenCache.TokenCache, fixed(value))

/**
 * No token, but this error.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerFailing = (error: OAuthError.TokenError): Layer.Layer<TokenCache.TokenCache> => {
  const service: TokenCache.TokenCache = {
    ...fixed(""),
    get: Effect.fail(error),
    refresh: () => Effect.fail(error),
    cached: Effect.succeed([]),
    health: Effect.succeed({ ...well, isReady: false, hasToken: false, lastFailure: error }),
    withOverrides: () => service
  }
  return Layer.succeed(TokenCache.TokenCache, service)
}

/**
 * What was asked of a cache that records.
 *
 * @since 0.1.0
 * @category models
 */
export interface Record {
  /** In order: `get`, `refresh`, `rejected`, `accepted`. */
  readonly operations: Effect.Effect<ReadonlyArray<"get" | "refresh" | "rejected" | "accepted">>
}

/**
 * The record of the cache in use.
 *
 * @since 0.1.0
 * @category tags
 */
export class TokenCacheRecord
  extends Context.Tag("@effect-oauth/testing/TokenCacheRecord")<TokenCacheRecord, Record>()
{}

/**
 * A new token for each refusal, `test-token-1` and so on, and a record of what was asked.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerRecording: Layer.Layer<TokenCache.TokenCache | TokenCacheRecord> = Layer.effectContext(
  Effect.gen(function*() {
    const operations = yield* Ref.make<ReadonlyArray<"get" | "refresh" | "rejected" | "accepted">>([])
    const current = yield* Ref.make(1)
    const note = (operation: "get" | "refresh" | "rejected" | "accepted") =>
      Ref.update(operations, (all) => [...all, operation])
    const held = Effect.map(Ref.get(current), (number) => token(`test-token-${number}`))
    const service: TokenCache.TokenCache = {
      get: Effect.zipRight(note("get"), held),
      refresh: () => Effect.zipRight(note("refresh"), Effect.zipRight(Ref.update(current, (n) => n + 1), held)),
      invalidate: () => Effect.as(Effect.zipRight(note("rejected"), Ref.update(current, (n) => n + 1)), true),
      confirm: () => note("accepted"),
      cached: Effect.map(held, (one) => [one]),
      health: Effect.succeed({ ...well, expiresIn: Duration.days(1) }),
      withOverrides: () => service
    }
    return Context.make(TokenCache.TokenCache, service).pipe(
      Context.add(TokenCacheRecord, { operations: Ref.get(operations) })
    )
  })
)
