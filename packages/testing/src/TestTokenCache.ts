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
  refusalsLatchedFor: undefined,
  budgetLeft: undefined
}

const fixed = (value: string): TokenCache.Service => {
  const held = token(value)
  const service: TokenCache.Service = {
    get: Effect.succeed(held),
    getOther: () => Effect.succeed(held),
    // There is no other, so nothing would come of a replay.
    rejected: () => Effect.succeed(false),
    accepted: () => Effect.void,
    held: Effect.succeed([held]),
    health: Effect.succeed({ ...well, expiresIn: Duration.days(1) }),
    withChange: () => service
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
  const service: TokenCache.Service = {
    ...fixed(""),
    get: Effect.fail(error),
    getOther: () => Effect.fail(error),
    held: Effect.succeed([]),
    health: Effect.succeed({ ...well, isReady: false, hasToken: false, lastFailure: error }),
    withChange: () => service
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
  /** In order: `get`, `getOther`, `rejected`, `accepted`. */
  readonly operations: Effect.Effect<ReadonlyArray<"get" | "getOther" | "rejected" | "accepted">>
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
    const operations = yield* Ref.make<ReadonlyArray<"get" | "getOther" | "rejected" | "accepted">>([])
    const current = yield* Ref.make(1)
    const note = (operation: "get" | "getOther" | "rejected" | "accepted") =>
      Ref.update(operations, (all) => [...all, operation])
    const held = Effect.map(Ref.get(current), (number) => token(`test-token-${number}`))
    const service: TokenCache.Service = {
      get: Effect.zipRight(note("get"), held),
      getOther: () => Effect.zipRight(note("getOther"), Effect.zipRight(Ref.update(current, (n) => n + 1), held)),
      rejected: () => Effect.as(Effect.zipRight(note("rejected"), Ref.update(current, (n) => n + 1)), true),
      accepted: () => note("accepted"),
      held: Effect.map(held, (one) => [one]),
      health: Effect.succeed({ ...well, expiresIn: Duration.days(1) }),
      withChange: () => service
    }
    return Context.make(TokenCache.TokenCache, service).pipe(
      Context.add(TokenCacheRecord, { operations: Ref.get(operations) })
    )
  })
)
