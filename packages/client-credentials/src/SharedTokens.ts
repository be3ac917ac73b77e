/**
 * Tokens that processes share: a decorator of `TokenEndpoint` that looks in the `TokenStore` first, and lets one process
 * request a token for all of them.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"

import type { AccessToken } from "./AccessToken.js"
import { ClientConfig } from "./ClientConfig.js"
import * as parts from "./internal/config/parts.js"
import { validate } from "./internal/config/rules.js"
import * as coolDown from "./internal/fleet/coolDown.js"
import * as entries from "./internal/fleet/entries.js"
import * as keys from "./internal/fleet/key.js"
import * as lease from "./internal/fleet/lease.js"
import { withTimeout } from "./internal/fleet/withTimeout.js"
import * as backOff from "./internal/seam/backOff.js"
import * as lifetime from "./internal/seam/lifetime.js"
import * as metrics from "./internal/seam/metrics.js"
import * as tokenRequests from "./internal/seam/tokenRequests.js"
import { isTakenOver } from "./internal/token/lease.js"
import { defaultExpiryBuffer, isUsable } from "./internal/token/windows.js"
import type { InvalidConfig } from "./InvalidConfig.js"
import type { TokenError, TokenStoreError } from "./OAuthError.js"
import { TokenEndpoint } from "./TokenEndpoint.js"
import { CurrentOverrides, type TokenRequest } from "./TokenRequest.js"
import { TokenSeal } from "./TokenSeal.js"
import { TokenStore } from "./TokenStore.js"

type RequestOptions = NonNullable<Parameters<TokenEndpoint["requestToken"]>[1]>
type IssuedToken = Effect.Effect.Success<ReturnType<TokenEndpoint["requestToken"]>>

/**
 * Options of shared tokens. All have defaults.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * How long one process may take to request a token for all; then another one may. Default: 30 seconds, as long as a token
   * request may take.
   */
  readonly leaseLife?: Duration.DurationInput | undefined
  /**
   * How often waiting processes look for a token, where the store does not report changes. Default: 200 milliseconds, a
   * quarter more or less.
   */
  readonly pollEvery?: Duration.DurationInput | undefined
}

const isUsableByDefault = isUsable(defaultExpiryBuffer)
const pauseByDefault = backOff.afterFailures(backOff.defaultOptions)

/** Looks for a token in the store that is taken over instead of requesting one. */
const look = (
  stored: entries.Entries,
  key: string,
  { isUsable = isUsableByDefault, reason, replaces }: Partial<RequestOptions>
): Effect.Effect<lease.Seen<IssuedToken>, TokenStoreError> =>
  Effect.gen(function*() {
    const { generation, value } = yield* stored.token(key)
    const now = yield* Clock.currentTimeMillis
    const isFound = value !== undefined && isTakenOver({
      isUsable: isUsable(value, now),
      expiresAt: value.expiresAt,
      replaces: replaces && { isSame: entries.isSame(replaces, value), expiresAt: replaces.expiresAt },
      isRenewal: reason === "renewal"
    })
    if (!isFound) return { generation, found: undefined }
    yield* metrics.count(metrics.sharedTokens)
    // What the server announced with this token was counted by the process that requested it.
    return { generation, found: { token: value, quotas: [] } }
  })

/** Requests a token for all processes, unless they pause after a failure, and stores the token or the failure. */
const requestForAll = (
  stored: entries.Entries,
  key: string,
  { pauseAfter = pauseByDefault }: Partial<RequestOptions>,
  requestToken: Effect.Effect<IssuedToken, TokenError>
) =>
(generation: number): Effect.Effect<IssuedToken, TokenError | TokenStoreError> =>
  Effect.gen(function*() {
    const before = yield* stored.coolDown(key)
    const now = yield* Clock.currentTimeMillis
    const failure = before.value && coolDown.failureAt(before.value, now)
    if (failure !== undefined) return yield* failure
    const issued = yield* Effect.tapError(requestToken, (error) =>
      Effect.gen(function*() {
        const failedAt = yield* Clock.currentTimeMillis
        const next = yield* coolDown.after(error, before.value, failedAt, pauseAfter)
        if (next !== undefined) yield* stored.storeCoolDown(key, before, next)
      }))
    if (before.value !== undefined && before.value.failures > 0) {
      yield* stored.storeCoolDown(key, before, coolDown.ended(before.value))
    }
    // A token that was issued is used, also when it cannot be stored.
    yield* Effect.catchAll(
      stored.storeToken(key, generation, issued.token),
      (error) =>
        Effect.logWarning(
          `${error.message} The token is used by this process alone. Other processes request their own.`
        )
    )
    return issued
  })

/**
 * Returns an endpoint that shares the tokens of another one, through the `TokenStore` and the `TokenSeal` of the context.
 * When the scope ends, requests in flight are interrupted, and later ones fail with `ClientClosed`.
 *
 * - A token in the store that is usable by the rules of the cache (`expiryBuffer`, `expiryBufferFraction`), and is not the
 *   one to be replaced, is taken over.
 * - Otherwise one process takes a lease, looks again, requests a token and stores it; the others wait and take it over. If
 *   that process ends, its lease ends too, and another one requests.
 * - A token is replaced only if it is still the one that was seen, so a process that was paused overwrites nothing.
 * - When the authorization server fails, all processes pause by the back-off of the cache; then one retries for all.
 * - When the store fails, a warning is logged, and this process requests its own token.
 * - Tokens that are bound to a key of this process (`dpop`) are not stored: other processes could not use them.
 *
 * @since 0.1.0
 * @category combinators
 */
export const decorate = (
  endpoint: TokenEndpoint,
  options: Options = {}
): Effect.Effect<TokenEndpoint, InvalidConfig, ClientConfig | Scope.Scope | TokenSeal | TokenStore> =>
  Effect.gen(function*() {
    const { leaseLife, pollEvery } = yield* validate(parts.sharedTokens, options)
    const { within } = yield* lifetime.make
    const { authentication } = yield* ClientConfig
    const seal = yield* TokenSeal
    const store = withTimeout(yield* TokenStore)
    const stored = entries.make(seal, store)
    const keyOf = keys.ofToken(seal, authentication)

    const share = (request: TokenRequest, requestOptions: RequestOptions | undefined) =>
      Effect.flatMap(keyOf(request), (key) => {
        const given = requestOptions ?? {}
        return lease.obtain({
          store,
          key,
          leaseLife: Duration.millis(leaseLife),
          pollEvery,
          look: look(stored, key, given),
          request: requestForAll(stored, key, given, endpoint.requestToken(request, requestOptions))
        })
      })

    return {
      request: endpoint.request,
      requestToken: (request, requestOptions) => {
        const alone = endpoint.requestToken(request, requestOptions)
        return within(
          request.dpopThumbprint !== undefined
            ? alone
            : Effect.catchTag(share(request, requestOptions), "TokenStoreError", (error) =>
              Effect.zipRight(
                Effect.logWarning(
                  `${error.message} Requesting a token for this process alone. The next token request uses the store again.`
                ),
                alone
              ))
        )
      }
    }
  })

/**
 * Provides the `TokenEndpoint` of the context, decorated with shared tokens.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options?: Options
): Layer.Layer<TokenEndpoint, InvalidConfig, ClientConfig | TokenEndpoint | TokenSeal | TokenStore> =>
  Layer.scoped(TokenEndpoint, Effect.flatMap(TokenEndpoint, (endpoint) => decorate(endpoint, options)))

/** The entries of the store, and the key of the configured request with the overrides in force. */
const current = Effect.gen(function*() {
  const { authentication, request } = yield* ClientConfig
  const seal = yield* TokenSeal
  const key = yield* keys.ofToken(seal, authentication)(tokenRequests.override(request, yield* CurrentOverrides))
  return { key, stored: entries.make(seal, yield* TokenStore) }
})

/**
 * Returns the token that the store has for the client of the context, whichever process requested it. The token may have
 * expired; undefined when there is none. Sends no request. Within `TokenRequest.withOverrides`, it is that of the changed
 * request.
 *
 * @since 0.1.0
 * @category accessors
 */
export const stored: Effect.Effect<
  AccessToken | undefined,
  TokenStoreError,
  ClientConfig | TokenSeal | TokenStore
> = Effect.flatMap(current, ({ key, stored }) => Effect.map(stored.token(key), ({ value }) => value))

/**
 * Removes this token from the store, after it was revoked for example, unless the store has another one by now. Processes
 * that cached it learn from the API that it is rejected. Within `TokenRequest.withOverrides`, the entry is that of the changed
 * request.
 *
 * @since 0.1.0
 * @category combinators
 */
export const forget = (
  token: AccessToken
): Effect.Effect<void, TokenStoreError, ClientConfig | TokenSeal | TokenStore> =>
  Effect.flatMap(current, ({ key, stored }) => stored.removeToken(key, token))
