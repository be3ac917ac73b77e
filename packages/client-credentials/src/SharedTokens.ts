/**
 * One token for all who share a store: a `TokenEndpoint` that looks there first, and asks the real one when it must, for
 * all the others too.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

import type { AccessToken } from "./AccessToken.js"
import { ClientConfig } from "./ClientConfig.js"
import * as parts from "./internal/config/parts.js"
import * as coolDown from "./internal/fleet/coolDown.js"
import * as sealedToken from "./internal/fleet/sealedToken.js"
import { watched } from "./internal/fleet/withTimeout.js"
import * as lifetime from "./internal/seam/lifetime.js"
import * as metrics from "./internal/seam/metrics.js"
import { defaultExpiryBuffer, isUsable } from "./internal/token/windows.js"
import { type InvalidConfig, validate } from "./InvalidConfig.js"
import type { TokenError } from "./OAuthError.js"
import { type IssuedToken, type RequestOptions, TokenEndpoint } from "./TokenEndpoint.js"
import { CurrentOverrides, override, type TokenRequest } from "./TokenRequest.js"
import { TokenSeal } from "./TokenSeal.js"
import { type Entry, TokenStore, type TokenStoreError } from "./TokenStore.js"

/**
 * How the sharing is done. All have defaults.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * How long one process may take to get a token for all; then another may try. Default: 30 seconds, as long as a token
   * request may last.
   */
  readonly leaseLife?: Duration.DurationInput | undefined
  /**
   * How often those who wait look whether there is a token, unless the store wakes them. Default: 200 milliseconds, a
   * little more or less.
   */
  readonly pollEvery?: Duration.DurationInput | undefined
}

const byName = ([one]: readonly [string, unknown], [other]: readonly [string, unknown]) => one < other ? -1 : 1

/**
 * The whole request and the credential. Clients with different credentials share nothing, and do not replace each
 * other's tokens. Equal requests have one entry, in whichever order their fields were written.
 */
const place =
  (seal: TokenSeal, authentication: ClientConfig["authentication"]) => (request: TokenRequest): Effect.Effect<string> =>
    authentication(undefined).credentials[0].pipe(
      Effect.map(({ identity }) => Redacted.value(identity)),
      Effect.orElseSucceed(() => ""),
      Effect.flatMap((credential) => seal.name(JSON.stringify([...Object.entries(request).sort(byName), credential])))
    )

/** That of the request of the context, with the change in force (`TokenRequest.withOverrides`). */
const currentPlace = (seal: TokenSeal): Effect.Effect<string, never, ClientConfig> =>
  Effect.gen(function*() {
    const { authentication, request } = yield* ClientConfig
    return yield* place(seal, authentication)(override(request, yield* CurrentOverrides))
  })

/** Nothing when it cannot be opened. */
const open = (seal: TokenSeal, place: string, { value }: Entry): Effect.Effect<Option.Option<AccessToken>> =>
  Effect.map(seal.open(place, value), Option.flatMap(sealedToken.decode))

/** A token that another process requested; what the server announced then is in the budget already. */
const fromStore = (token: AccessToken): IssuedToken => ({ token, quotas: [] })

/** For a caller without a rule. */
const isUsableByDefault = isUsable(defaultExpiryBuffer)

/**
 * Returns an endpoint that shares the tokens of another one, through the `TokenStore` and the `TokenSeal` of the context.
 * When the scope ends, requests in flight are interrupted, and later ones fail with `ClientClosed`.
 *
 * - A token in the store that is usable by the rules of the cache (`expiryBuffer`, `expiryBufferFraction`), and is not the one to
 *   be replaced, is taken over.
 * - Else one process takes a lease, looks once more, asks for a token and puts it into the store; the others wait and take
 *   it over. If it dies, its lease ends, and another one asks.
 * - A token is replaced only if it is still the one that was seen, so a process that was paused overwrites nothing.
 * - When the authorization server fails, all leave it alone for the same growing while; then one tries again for all.
 * - When the store fails, there is a warning, and this process asks for itself.
 * - Tokens that are bound to a key of this process (`dpop`) are of no use to others, and stay out of the store.
 *
 * @since 0.1.0
 * @category combinators
 */
export const decorate = (
  endpoint: TokenEndpoint,
  options: Options = {}
): Effect.Effect<TokenEndpoint, InvalidConfig, ClientConfig | Scope.Scope | TokenSeal | TokenStore> =>
  Effect.gen(function*() {
    const settings = yield* validate(parts.sharedTokens, options)
    const { within } = yield* lifetime.make
    const [leaseLife, pollEvery] = [Duration.millis(settings.leaseLife), settings.pollEvery]
    const { authentication } = yield* ClientConfig
    const seal = yield* TokenSeal
    const store = watched(yield* TokenStore)

    const placeOf = place(seal, authentication)

    const pack = (place: string, token: AccessToken) => seal.seal(place, sealedToken.encode(token))

    const unpack = (place: string, entry: Entry) =>
      Effect.gen(function*() {
        const found = yield* open(seal, place, entry)
        if (Option.isNone(found)) {
          yield* Effect.logWarning(
            "A token in the store could not be opened, and is passed over. Give all who share it the same keys " +
              "(TOKEN_STORE_KEY), the new one first."
          )
          return undefined
        }
        return found.value
      })

    /** What the store has, and the token in it if that is of use. */
    const look = (place: string, occasion: RequestOptions | undefined) =>
      Effect.gen(function*() {
        const than = occasion?.replaces
        const entry = yield* store.load(place)
        if (Option.isNone(entry)) return { generation: 0, token: undefined }
        const token = yield* unpack(place, entry.value)
        const now = yield* Clock.currentTimeMillis
        const useful = token !== undefined && (occasion?.isUsable ?? isUsableByDefault)(token, now) &&
          (than === undefined || Redacted.value(than.value) !== Redacted.value(token.value)) &&
          // Nothing is gained by one that ends before the one that is renewed.
          (than === undefined || occasion?.reason !== "renewal" || token.expiresAt > than.expiresAt)
        return { generation: entry.value.generation, token: useful ? token : undefined }
      })

    // What went wrong is remembered beside the token.
    const failurePlace = (place: string) => seal.name(`failure ${place}`)

    const lastFailure = (place: string) =>
      Effect.gen(function*() {
        const at = yield* failurePlace(place)
        const entry = yield* store.load(at)
        if (Option.isNone(entry)) return undefined
        const text = yield* seal.open(at, entry.value.value)
        const value = Option.flatMap(text, Schema.decodeOption(coolDown.CoolDown))
        return Option.isSome(value) ? { value: value.value, generation: entry.value.generation } : undefined
      })
    type Past = Effect.Effect.Success<ReturnType<typeof lastFailure>>

    const keepFailure = (place: string, past: Past, value: coolDown.CoolDown) =>
      Effect.gen(function*() {
        const at = yield* failurePlace(place)
        const text = yield* seal.seal(at, yield* Effect.orDie(Schema.encode(coolDown.CoolDown)(value)))
        yield* store.swap(at, past?.generation ?? 0, { value: text, expiresAt: value.until + 3_600_000 })
      }).pipe(Effect.ignore)

    const rememberFailure = (place: string, past: Past, error: TokenError) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const next = coolDown.after(error, past?.value, now)
        return next === undefined ? Effect.void : keepFailure(place, past, next)
      })

    const forgetFailure = (place: string, past: NonNullable<Past>) =>
      keepFailure(place, past, { ...past.value, until: 0, failures: 0 })

    const ask = (
      request: TokenRequest,
      place: string,
      generation: number,
      occasion: RequestOptions | undefined
    ) =>
      Effect.gen(function*() {
        const past = yield* lastFailure(place)
        const now = yield* Clock.currentTimeMillis
        if (past !== undefined && now < past.value.until) return yield* coolDown.told(past.value, now)
        const issued = yield* Effect.tapError(
          endpoint.requestToken(request, occasion),
          (error) => rememberFailure(place, past, error)
        )
        if (past !== undefined && past.value.failures > 0) yield* forgetFailure(place, past)
        // A good token is not lost because it could not be kept.
        yield* pack(place, issued.token).pipe(
          Effect.flatMap((value) => store.swap(place, generation, { value, expiresAt: issued.token.expiresAt })),
          Effect.catchAll((error) => Effect.logWarning(`${error.message} The token is used by this process alone.`))
        )
        return issued
      })

    const share = (
      request: TokenRequest,
      place: string,
      occasion: RequestOptions | undefined
    ): Effect.Effect<IssuedToken, TokenError | TokenStoreError> =>
      Effect.gen(function*() {
        const owner = crypto.randomUUID()
        const release = Effect.ignore(store.release(place, owner))
        const begun = yield* Clock.currentTimeMillis
        let hasWaited = false
        const waited = Effect.suspend(() =>
          hasWaited
            ? Effect.flatMap(
              Clock.currentTimeMillis,
              (now) => metrics.record(metrics.leaseWaits, Math.max(0, now - begun) / 1000)
            )
            : Effect.void
        )
        const woken = yield* Queue.sliding<void>(1)
        let listening = false
        for (;;) {
          const seen = yield* look(place, occasion)
          if (seen.token !== undefined) {
            yield* Effect.zipRight(waited, metrics.count(metrics.sharedTokens))
            return fromStore(seen.token)
          }
          const won = yield* Effect.acquireUseRelease(
            store.acquire(place, owner, leaseLife),
            (acquired) =>
              acquired
                ? Effect.gen(function*() {
                  const again = yield* look(place, occasion)
                  return again.token === undefined
                    ? yield* ask(request, place, again.generation, occasion)
                    : fromStore(again.token)
                })
                : Effect.succeed(undefined),
            (acquired) => acquired ? release : Effect.void
          )
          if (won !== undefined) {
            yield* waited
            return won
          }
          hasWaited = true
          // From the first time that it has to wait on. A store that cannot tell is looked at all the same.
          if (store.changes !== undefined && !listening) {
            listening = true
            const listen = Stream.runForEach(store.changes(place), () => Queue.offer(woken, undefined))
            // Nobody waits for it to end: the connection that it holds may be gone.
            yield* Effect.acquireRelease(Effect.forkDaemon(Effect.interruptible(listen)), Fiber.interruptFork)
          }
          const pause = Effect.sleep(Duration.millis(pollEvery * (0.75 + (yield* Random.next) / 2)))
          yield* Effect.raceFirst(Queue.take(woken), pause)
        }
      }).pipe(Effect.scoped)

    return {
      request: endpoint.request,
      requestToken: (request, occasion) =>
        within(Effect.gen(function*() {
          if (request.dpopThumbprint !== undefined) return yield* endpoint.requestToken(request, occasion)
          const outcome = yield* Effect.either(share(request, yield* placeOf(request), occasion))
          if (Either.isRight(outcome)) return outcome.right
          if (outcome.left._tag !== "TokenStoreError") return yield* outcome.left
          yield* Effect.logWarning(`${outcome.left.message} This process asks for a token of its own.`)
          return yield* endpoint.requestToken(request, occasion)
        }))
    }
  })

/**
 * The shared endpoint as a layer over a `TokenEndpoint`: `SharedClientCredentials.layer` puts it in place.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options?: Options
): Layer.Layer<TokenEndpoint, InvalidConfig, ClientConfig | TokenEndpoint | TokenSeal | TokenStore> =>
  Layer.scoped(TokenEndpoint, Effect.flatMap(TokenEndpoint, (endpoint) => decorate(endpoint, options)))

/**
 * Returns the token that the store has for the client of the context, whichever process requested it. The token may have
 * expired; undefined when there is none. No request is sent. Within `TokenRequest.withOverrides`, it is that of the changed
 * request.
 *
 * @since 0.1.0
 * @category accessors
 */
export const stored: Effect.Effect<
  AccessToken | undefined,
  TokenStoreError,
  ClientConfig | TokenSeal | TokenStore
> = Effect.gen(function*() {
  const seal = yield* TokenSeal
  const at = yield* currentPlace(seal)
  const entry = yield* Effect.flatMap(TokenStore, (store) => store.load(at))
  if (Option.isNone(entry)) return undefined
  const found = Option.getOrUndefined(yield* open(seal, at, entry.value))
  return found !== undefined && found.expiresAt > found.requestedAt ? found : undefined
})

/**
 * Makes all who share the store forget this token, after it was revoked say, unless there is another by now. Processes
 * that hold it already find out from the API. Within `TokenRequest.withOverrides`, the entry is that of the changed request.
 *
 * @since 0.1.0
 * @category combinators
 */
export const forget = (
  token: AccessToken
): Effect.Effect<void, TokenStoreError, ClientConfig | TokenSeal | TokenStore> =>
  Effect.gen(function*() {
    const seal = yield* TokenSeal
    const store = yield* TokenStore
    const at = yield* currentPlace(seal)
    const entry = yield* store.load(at)
    if (Option.isNone(entry)) return
    const found = Option.getOrUndefined(yield* open(seal, at, entry.value))
    if (found === undefined || Redacted.value(found.value) !== Redacted.value(token.value)) return
    // A token without life takes its place, so that the generation goes on counting.
    const value = yield* seal.seal(at, sealedToken.encode(sealedToken.spent))
    yield* store.swap(at, entry.value.generation, { value, expiresAt: entry.value.expiresAt })
  })
