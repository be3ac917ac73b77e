/**
 * Tokens that processes share: a decorator of `TokenEndpoint` that reads the `TokenStore` first, and lets one process
 * request a token for all of them.
 *
 * **When to use**
 *
 * Use `SharedClientCredentials`, which composes it. Use this module to compose a client yourself, or to read and remove
 * the stored token.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-5.1 | RFC 6749 section 5.1}
 * @since 3.0.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"

import type { AccessToken } from "./AccessToken.js"
import { ClientConfig } from "./ClientConfig.js"
import * as fleetParts from "./internal/config/fleetParts.js"
import { validate } from "./internal/config/rules.js"
import * as coolDown from "./internal/fleet/coolDown.js"
import * as entries from "./internal/fleet/entries.js"
import * as keys from "./internal/fleet/key.js"
import * as lease from "./internal/fleet/lease.js"
import { retried } from "./internal/fleet/retried.js"
import * as storedToken from "./internal/fleet/storedToken.js"
import * as tokenRequests from "./internal/models/tokenRequests.js"
import * as backOff from "./internal/process/backOff.js"
import * as lifetime from "./internal/process/lifetime.js"
import * as metrics from "./internal/seam/metrics.js"
import { unspecified, wasNeverSent } from "./internal/token/issuance.js"
import * as latches from "./internal/token/latch.js"
import { isTakenOver } from "./internal/token/lease.js"
import { defaultExpiryBuffer, usableUntil } from "./internal/token/windows.js"
import type { InvalidConfig } from "./InvalidConfig.js"
import type { TokenError, TokenStoreError } from "./OAuthError.js"
import { type IssuedToken, type RequestOptions, TokenEndpoint } from "./TokenEndpoint.js"
import { CurrentOverrides, type TokenRequest } from "./TokenRequest.js"
import { TokenSeal } from "./TokenSeal.js"
import { TokenStore } from "./TokenStore.js"

/**
 * Options of shared tokens. All have defaults.
 *
 * @since 3.0.0
 * @category models
 */
export interface Options {
  /**
   * The lifetime of the lease under which one process requests a token for all. The process renews it while it waits for the
   * response; when the process ends, another one may request after this time. Default: 10 seconds.
   */
  readonly leaseLife?: Duration.DurationInput | undefined
  /**
   * First pause before a waiting process reads the store again. Each following one is half as long again, up to 2
   * seconds, and each is changed at random by up to a quarter. Default: 200 milliseconds.
   */
  readonly pollEvery?: Duration.DurationInput | undefined
  /**
   * Total time that failed operations of one token request, including retries, may take before the store counts as failed.
   * With an `issuanceBudget` of the client, it also applies to its operations. Default: 2 seconds.
   */
  readonly storeTimeout?: Duration.DurationInput | undefined
  /**
   * Behavior of a process that needs a token while the store is unavailable. It does not apply while the cached token is
   * usable: then the refresh waits for the store.
   *
   * - `ownToken`: requests a token that is not shared, after a random time of at most `storeTimeout`, so that the processes of a
   *   fleet do not request simultaneously. With an `IssuanceBudget`, at most as many as its `withoutStore` allows.
   * - `fail`: fails with `TokenStoreError`.
   *
   * Default: `ownToken`.
   */
  readonly whenStoreFails?: "ownToken" | "fail" | undefined
  /** Stores the tokens of users (`Grant.onBehalfOf`) too. Default: false. */
  readonly onBehalfOf?: boolean | undefined
}

const usableUntilByDefault = usableUntil(defaultExpiryBuffer)
const pauseByDefault = backOff.afterFailures(backOff.defaultOptions)

/** Differences between the clocks of a process and of its store that may be the time of an operation, in milliseconds. */
const sameClock = 10_000

/** By how many milliseconds the clock of the store is ahead of that of this process. */
const aheadOf = ({ now }: entries.Seen, local: number): number => Math.abs(now - local) < sameClock ? 0 : now - local

type Outcome = Either.Either<IssuedToken, TokenError>

/** Decides by the content of the store: returns a token to use, or a failure; none if a request is needed. */
const decide = (
  { reason, rejection, replaces, usableUntil = usableUntilByDefault }: Partial<RequestOptions>,
  seen: entries.Seen,
  local: number
): Option.Option<Outcome> => {
  const ahead = aheadOf(seen, local)
  const token = seen.token && storedToken.shifted(seen.token, -ahead)
  const isSame = token !== undefined && replaces !== undefined && entries.isSame(replaces, token)
  const end = token === undefined ? -Infinity : usableUntil(token)
  const usable = local < end
  const isKept = usable && isSame && reason === "rejected" && rejection !== undefined &&
    latches.isInForce(seen.latch, rejection, seen.now)
  if (
    token !== undefined && (isKept || isTakenOver({
      isUsable: usable,
      expiresAt: token.expiresAt,
      replaces: replaces && { isSame, expiresAt: replaces.expiresAt },
      isRenewal: reason === "renewal"
    }))
  ) {
    const latch = latches.counting(seen.latch, seen.now)
    // What the server announced with this token was counted by the process that requested it.
    const shared = { token, quotas: [], latch: latch && { replaced: latch.replaced, until: latch.until - ahead } }
    return Option.some(Either.right(shared))
  }
  const failure = seen.coolDown && coolDown.failureAt(seen.coolDown, seen.now, end + ahead)
  return failure === undefined ? Option.none() : Option.some(Either.left(failure))
}

/** Counts a token of another process, unless it is the one that this process wants replaced. */
const countTakenOver = ({ replaces }: Partial<RequestOptions>, decided: Option.Option<Outcome>): Effect.Effect<void> =>
  Option.isSome(decided) && Either.isRight(decided.value) &&
    !(replaces !== undefined && entries.isSame(replaces, decided.value.right.token))
    ? metrics.count(metrics.sharedTokens)
    : Effect.void

/** Requests a token for all processes, and stores the token or the failure. */
const requestForAll = (
  { pauseAfter = pauseByDefault, rejection }: Partial<RequestOptions>,
  requestToken: Effect.Effect<IssuedToken, TokenError>,
  seen: entries.Seen,
  store: entries.Entry["replace"]
): Effect.Effect<Outcome> =>
  Effect.gen(function*() {
    const before = yield* Clock.currentTimeMillis
    const outcome = yield* Effect.either(requestToken)
    const local = yield* Clock.currentTimeMillis
    const ahead = aheadOf(seen, before)
    const now = seen.now + Math.max(0, local - before)
    if (Either.isLeft(outcome)) {
      const failure = yield* coolDown.after(outcome.left, seen.coolDown, now, pauseAfter)
      // A failure that cannot be stored is ignored: another process may do better.
      if (failure !== undefined) yield* Effect.ignore(store(seen, { ...seen, coolDown: failure }))
      return outcome
    }
    const { counted = seen.counted, token } = outcome.right
    const latch = rejection === undefined ? seen.latch : latches.afterReplacement(seen.latch, rejection, {
      life: token.expiresAt - token.requestedAt,
      now
    })
    // A token that was issued is used, also when it cannot be stored.
    yield* Effect.catchAll(
      store(seen, { token: storedToken.shifted(token, ahead), coolDown: undefined, latch, counted }),
      (error) =>
        Effect.logWarning(
          `${error.message} Using the token in this process alone, until it expires at ${
            new Date(token.expiresAt).toISOString()
          }. Other processes request their own. The next refresh uses the store again.`
        )
    )
    return rejection === undefined || latch === undefined
      ? outcome
      : Either.right({ ...outcome.right, latch: { replaced: latch.replaced, until: latch.until - ahead } })
  })

/** Counts and logs that a process requested a token without the store. */
const reportOwnToken = (error: TokenStoreError, outcome: Outcome): Effect.Effect<void> => {
  const isSent = Either.isRight(outcome) || !wasNeverSent(outcome.left)
  return Effect.zipRight(isSent ? metrics.count(metrics.ownTokens) : Effect.void, warnOfOwnToken(error, outcome))
}

const warnOfOwnToken = (error: TokenStoreError, outcome: Outcome): Effect.Effect<void> =>
  Effect.logWarning(
    Either.isLeft(outcome)
      ? outcome.left._tag === "TokenStoreError"
        ? `${error.message} No token is requested until the store is available again, since tokens cannot be counted.`
        : `${error.message} The token request of this process alone failed too. The next one uses the store again.`
      : `${error.message} Requested a token for this process alone, which expires at ${
        new Date(outcome.right.token.expiresAt).toISOString()
      }. The next token request uses the store again.`
  )

/** Maximum number of tokens whose counted requests a process keeps. */
const maxCounts = 100

/** Keeps the counted requests that a process has read beside each token, for the case that the store evicts them. */
const knownCounts = () => {
  // Read and replaced in one synchronous step, so not in a `Ref`.
  const known = new Map<string, entries.Seen["counted"]>()
  return {
    learn: (key: string, { counted }: Pick<entries.Seen, "counted"> | IssuedToken) =>
      Effect.sync(() => {
        if (counted === undefined) return
        known.delete(key)
        known.set(key, counted)
        const [oldest] = known.keys()
        if (known.size > maxCounts && oldest !== undefined) known.delete(oldest)
      }),
    of: (key: string) => known.get(key)
  }
}

/** Creates the function that returns the key of a request; undefined if its tokens are not shared. */
const keysOf = (onBehalfOf: boolean) =>
  Effect.gen(function*() {
    const config = yield* ClientConfig
    const proofKey = config.dpop === undefined ? undefined : yield* config.dpop
    const keyOf = keys.ofToken(yield* TokenSeal, config)
    return (request: TokenRequest): Effect.Effect<string | undefined> => {
      const { dpopThumbprint, subject } = request
      const isOfThisProcess = dpopThumbprint !== undefined && proofKey?.isConfigured !== true
      return isOfThisProcess || (subject !== undefined && !onBehalfOf) ? Effect.succeed(undefined) : keyOf(request)
    }
  })

/**
 * Returns an endpoint that shares the tokens of another one, through the `TokenStore` and the `TokenSeal` of the context.
 * When the scope ends, requests in flight are interrupted, and later ones fail with `ClientClosed`.
 *
 * - A token in the store that is usable by the rules of the cache (`expiryBuffer`, `expiryBufferFraction`), and is not the
 *   one to be replaced, is taken over.
 * - Otherwise one process takes a lease, requests a token and stores it; the others wait and take it over. If that process
 *   ends, its lease ends too, and another one requests.
 * - A token is replaced only if it is still the one that was seen, so a process that was paused overwrites nothing.
 * - When the authorization server fails, all processes pause by the back-off of the cache; then one retries for all.
 * - When the API rejects the replacement of a rejected token as well, all processes keep it until the pause has passed
 *   (`rejectionPauses` of the cache), also those that start later.
 * - When the store fails, operations are repeated within `storeTimeout`. Then a refresh fails with `TokenStoreError`, while the
 *   cached token is used, and a process without a usable token behaves according to `whenStoreFails`.
 * - Tokens that are bound to a key of this process (`dpop` without `key`) are not stored: other processes could not use them.
 *
 * @since 3.0.0
 * @category combinators
 */
export const decorate = (
  endpoint: TokenEndpoint,
  options: Options = {}
): Effect.Effect<TokenEndpoint, InvalidConfig, ClientConfig | Scope.Scope | TokenSeal | TokenStore> =>
  Effect.gen(function*() {
    const { leaseLife, onBehalfOf, pollEvery, storeTimeout, whenStoreFails } = yield* validate(
      fleetParts.sharedTokens,
      options
    )
    const life = yield* lifetime.make
    const seal = yield* TokenSeal
    const store = yield* TokenStore
    const keyOf = yield* keysOf(onBehalfOf)
    const counts = knownCounts()

    const share = (request: TokenRequest, requestOptions: RequestOptions | undefined) =>
      Effect.gen(function*() {
        const given = requestOptions ?? {}
        const key = yield* keyOf(request)
        // Tokens of the request are not shared, or it reports the problem of the credential.
        if (key === undefined) return yield* Effect.either(endpoint.requestToken(request, requestOptions))
        const newEntry = () => entries.make(seal, retried(store, storeTimeout), key)
        return yield* lease.obtain<Outcome>({
          entry: newEntry(),
          newEntry,
          leaseLife,
          pollEvery,
          decide: (seen) =>
            Clock.currentTimeMillis.pipe(
              Effect.map((local) => decide(given, seen, local)),
              Effect.tap(() => counts.learn(key, seen)),
              Effect.tap((decided) => countTakenOver(given, decided))
            ),
          request: (seen, replace) =>
            requestForAll(
              given,
              Effect.tap(
                endpoint.requestToken(request, {
                  ...requestOptions ?? unspecified,
                  counted: seen.counted ?? counts.of(key)
                }),
                (issued) => counts.learn(key, issued)
              ),
              seen,
              replace
            )
        })
      })

    /** Waits, so that the processes of a fleet do not request together, and tries the store once more. */
    const shareLater = (request: TokenRequest, requestOptions: RequestOptions | undefined) =>
      Effect.flatMap(
        Random.next,
        (random) => Effect.delay(share(request, requestOptions), Duration.millis(random * storeTimeout))
      )

    return {
      ...endpoint,
      hasStoredToken: (request, requestOptions) =>
        life.within(Effect.gen(function*() {
          const key = yield* keyOf(request)
          if (key === undefined) return false
          const seen = yield* entries.make(seal, store, key).load
          return Option.exists(decide(requestOptions, seen, yield* Clock.currentTimeMillis), Either.isRight)
        })).pipe(Effect.timeout(storeTimeout), Effect.orElseSucceed(() => false)),
      requestToken: (request, requestOptions) => {
        const withoutStore = Effect.flatMap(keyOf(request), (key) =>
          Effect.either(endpoint.requestToken(request, {
            ...requestOptions ?? unspecified,
            counted: key === undefined ? undefined : counts.of(key)
          })))
        const canWait = requestOptions?.reason === "renewal" || whenStoreFails === "fail"
        const shared = share(request, requestOptions)
        return life.within(Effect.flatten(
          canWait ?
            shared :
            shared.pipe(
              Effect.catchAll(() => shareLater(request, requestOptions)),
              Effect.catchAll((error) => Effect.tap(withoutStore, (outcome) => reportOwnToken(error, outcome)))
            )
        ))
      }
    }
  })

/**
 * Provides the `TokenEndpoint` of the context, decorated with shared tokens.
 *
 * @since 3.0.0
 * @category layers
 */
export const layer = (
  options?: Options
): Layer.Layer<TokenEndpoint, InvalidConfig, ClientConfig | TokenEndpoint | TokenSeal | TokenStore> =>
  Layer.scoped(TokenEndpoint, Effect.flatMap(TokenEndpoint, (endpoint) => decorate(endpoint, options)))

/** The entries of the store, and the key of the configured request with the overrides in force. */
const current = Effect.gen(function*() {
  const config = yield* ClientConfig
  const proofKey = config.dpop === undefined ? undefined : yield* config.dpop
  const seal = yield* TokenSeal
  const request = tokenRequests.override(config.request, yield* CurrentOverrides)
  const key = yield* keys.ofToken(seal, config)(
    proofKey === undefined ? request : tokenRequests.boundTo(request, proofKey.thumbprint)
  )
  if (key === undefined) return undefined
  return entries.make(seal, yield* TokenStore, key)
})

/**
 * Returns the token that the store has for the client of the context, whichever process requested it. The token may have
 * expired; undefined when there is none. Sends no request. Within `TokenRequest.withOverrides`, it is that of the changed
 * request.
 *
 * @since 3.0.0
 * @category accessors
 */
export const stored: Effect.Effect<
  AccessToken | undefined,
  InvalidConfig | TokenStoreError,
  ClientConfig | TokenSeal | TokenStore
> = Effect.flatMap(
  current,
  (entry) => entry === undefined ? Effect.succeed(undefined) : Effect.map(entry.load, ({ token }) => token)
)

/**
 * Removes this token from the store, after it was revoked for example, unless the store has another one by now. Processes
 * that cached it replace it when the API rejects it. Within `TokenRequest.withOverrides`, the entry is that of the
 * changed request.
 *
 * @since 3.0.0
 * @category combinators
 */
export const forget = (
  token: AccessToken
): Effect.Effect<void, InvalidConfig | TokenStoreError, ClientConfig | TokenSeal | TokenStore> =>
  Effect.flatMap(current, (entry) => entry === undefined ? Effect.void : entries.removeToken(entry, token))
