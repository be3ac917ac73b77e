/**
 * The client for programs without Effect: a `fetch`, and the token for everything that is not HTTP.
 *
 * **When to use**
 *
 * Use it in programs without Effect, and for libraries that take a `fetch` or a token. Effect programs use
 * `ClientCredentials`.
 *
 * **Gotchas**
 *
 * Create one client for the whole program, since it caches the token. Call `close` at the end of a job; a service does
 * not need it.
 *
 * @see {@link https://fetch.spec.whatwg.org/#fetch-method | Fetch: the method}
 * @since 3.0.0
 */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Clock from "effect/Clock"
import * as ConfigProvider from "effect/ConfigProvider"
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as MutableRef from "effect/MutableRef"
import * as Redacted from "effect/Redacted"

import type { AccessToken } from "./AccessToken.js"
import { ApiClient } from "./ApiClient.js"
import * as ClientConfig from "./ClientConfig.js"
import * as ClientCredentials from "./ClientCredentials.js"
import * as environment from "./internal/config/environment.js"
import * as parts from "./internal/config/parts.js"
import * as plainOptions from "./internal/config/plainOptions.js"
import { type Running, running } from "./internal/promise/onDemand.js"
import * as plainFiles from "./internal/promise/plainFiles.js"
import { ShownToken } from "./internal/promise/shownToken.js"
import * as webFetch from "./internal/promise/webFetch.js"
import * as logging from "./internal/seam/logging.js"
import * as trials from "./internal/token/trial.js"
import { InvalidConfig } from "./InvalidConfig.js"
import type { TokenError } from "./OAuthError.js"
import { TokenCache } from "./TokenCache.js"
import * as TokenRequest from "./TokenRequest.js"
import { TokenRevocation } from "./TokenRevocation.js"

/**
 * Calls of an API as `fetch` makes them.
 *
 * @since 3.0.0
 * @category models
 */
export interface ApiFetch {
  /**
   * Calls the API as `fetch` does, as `ApiClient` authorizes, restricts and replays calls. A relative URL starts at the
   * base URL of the API. The request body is read into memory first, so that it can be sent again. It does not depend on
   * `this`.
   *
   * - An abort of `signal` rejects with its reason (`AbortError`, `TimeoutError`), also while the body of the response is
   *   read, and closes the connection.
   * - Redirects are followed according to `redirect`. The token and the caller's `Authorization` and `Cookie` are not sent to
   *   another origin. A redirect from `https:` to `http:` is followed to a loopback address only.
   * - Other options, such as `cache`, `credentials`, `keepalive`, `priority`, `next` and `cf`, are passed on to a transport
   *   on `fetch`, as the one of `create` and `fromEnv` is.
   * - `integrity`, `mode: "same-origin"`, `dispatcher` and `agent` are not supported and reject.
   * - A body with the content codings gzip, deflate or br is decoded on every transport. As in `fetch`, the header
   *   `Content-Encoding` is left as it is.
   * - Trace headers are sent when the layer has a tracer.
   *
   * Rejects with the errors of `ApiClient` (each an `Error` with a `_tag`) or of the layer; a failure that is not an
   * `Error` becomes the `cause` of one. Where `fetch` rejects with a `TypeError` for what happened on the network, such as a
   * connection that failed or a redirect with `redirect: "error"`, this is the error of the `HttpClient`, which states the
   * reason and has a `_tag`; a `TypeError` is left for arguments that `fetch` does not accept, of which nothing is sent.
   * When the layer could not be built, the next call builds it again; calls made meanwhile share one build. After `close`,
   * every call rejects with `ClientClosed`.
   */
  readonly fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>
  /**
   * Ends the build of the layer, and calls and token requests in progress, and closes the connections that the layer opened.
   * Such calls reject with `ClientClosed`; they may have reached the API.
   */
  readonly close: () => Promise<void>
}

/**
 * An access token for a library that requires a string: a Kafka or MQTT client, an SMTP transport, gRPC metadata.
 * Printing it, or converting it to JSON, does not show the value.
 *
 * @since 3.0.0
 * @category models
 */
export interface Token {
  /** The access token. It is not copied with the other members, nor converted to JSON. */
  readonly value: string
  readonly type: "Bearer" | "DPoP"
  /** The granted scope, when the server states it: it may be narrower than the requested one. */
  readonly scope: ReadonlyArray<string> | undefined
  readonly expiresAt: Date
}

/**
 * The parameters of a token request that differ from the configured ones, see `TokenRequest.Overrides`. The token of a user
 * may be a string.
 *
 * @since 3.0.0
 * @category models
 */
export type Overrides = plainOptions.PlainOverrides

/**
 * A client that returns promises.
 *
 * @since 3.0.0
 * @category models
 */
export interface PromiseClient extends ApiFetch {
  /**
   * Returns a usable token: the cached one, or a new one. Call it whenever a token is needed, and do not keep the token:
   * while one is cached the call sends nothing, and the token is refreshed in time. An abort of `signal` ends the
   * waiting, not the token request, whose token is cached for the next call.
   */
  readonly token: (overrides?: Overrides, options?: { readonly signal?: AbortSignal | undefined }) => Promise<Token>
  /**
   * Reports that a token was rejected, so that the next one is another. Returns false when no other one is requested for a
   * while, since the token had replaced a rejected one and was rejected too (`TokenCache.invalidate`).
   */
  readonly invalidate: (token: string | { readonly value: string }) => Promise<boolean>
  /**
   * Returns a client for calls with another audience, scope or other parameters (`TokenRequest.withOverrides`). It shares
   * everything with this one: connections, cached tokens of equal requests, and `close`.
   */
  readonly with: (overrides: Overrides) => PromiseClient
  /** Current status for readiness probes (`TokenCache.health`). Sends no request. Durations are in milliseconds. */
  readonly health: () => Promise<{
    readonly isReady: boolean
    readonly hasToken: boolean
    readonly expiresIn: number | undefined
    readonly lastFailure: TokenError | undefined
    readonly pausedFor: number | undefined
    readonly latchedFor: number | undefined
    readonly budgetLeft: number | undefined
  }>
  /**
   * Revokes the cached tokens, also those of other requests, and forgets them (RFC 7009). Rejects with
   * `RevocationUnsupported` when no revocation endpoint is known.
   */
  readonly revoke: () => Promise<void>
}

/**
 * Options of a client for programs without Effect: those of `ClientCredentials`, where a secret may be a string, or a
 * function that reads it for each token request.
 *
 * @since 3.0.0
 * @category models
 */
export type Options =
  & (
    ClientCredentials.Options extends infer O
      ? O extends unknown ? Omit<O, "apiBaseUrl" | "clientSecret" | "previousClientSecret" | "tokenResponse"> : never
      : never
  )
  & PlainOptions

/** Options that differ from those of an Effect program. */
interface PlainOptions {
  /** The client secret: a string, or a function that reads it for each token request, so that it can be replaced. */
  readonly clientSecret?: plainOptions.Secret | undefined
  /** Previous secret, tried when the server rejects the current one. */
  readonly previousClientSecret?: plainOptions.Secret | undefined
  /** Base URL of the API; not required if only `token` is used. */
  readonly apiBaseUrl?: string | URL | undefined
  /** Decodes token responses whose members have other names. Returns undefined for a response that it cannot decode. */
  readonly tokenResponse?:
    | ((json: unknown) => {
      readonly access_token: string
      readonly token_type?: string | null | undefined
      /** In seconds. */
      readonly expires_in?: number | string | null | undefined
      readonly scope?: string | null | undefined
    } | undefined)
    | undefined
}

/**
 * Platform functions that the client uses: a transport and a log.
 *
 * @since 3.0.0
 * @category models
 */
export interface Platform {
  /**
   * The `fetch` of another library or of a framework. Default: the global one. The client adds no trace headers; the
   * instrumentation of `fetch` may add them.
   */
  readonly fetch?: typeof globalThis.fetch | undefined
  /**
   * A transport in place of `fetch`, such as `NodeTls.layer({ certificate, key })` for mutual TLS, or `NodeTls.layerEnv()`
   * for proxies and the variables of TLS.
   */
  readonly httpClient?: Layer.Layer<HttpClient.HttpClient, unknown, FileSystem.FileSystem> | undefined
  /**
   * Receives the log lines of the client, such as failed refreshes, with a level such as `WARN`. They contain no secret.
   * Default: writes them to standard error.
   */
  readonly log?: ((level: string, message: string) => void) | undefined
}

type Services = ApiClient | TokenCache | TokenRevocation

const onPlatform = <E>(
  services: Layer.Layer<Services, E, HttpClient.HttpClient | FileSystem.FileSystem>,
  platform: Platform,
  env?: Readonly<Record<string, string | undefined>>
): PromiseClient => {
  const problems = plainOptions.problemsOfPlatform(platform, env)
  if (problems.length > 0) {
    const invalid: Effect.Effect<Context.Context<Services>, InvalidConfig> = new InvalidConfig({ problems })
    return make(Layer.scopedContext(invalid))
  }
  const { fetch, httpClient = FetchHttpClient.layer, log = logged } = platform
  const own = fetch === undefined
    ? httpClient
    : Layer.provideMerge(httpClient, Layer.succeed(FetchHttpClient.Fetch, fetch))
  return make(services.pipe(
    Layer.provideMerge(own),
    Layer.provide(plainFiles.layer),
    Layer.provide(env === undefined ? Layer.empty : Layer.setConfigProvider(providerOf(env))),
    Layer.provideMerge(logging.layer(log))
  ))
}

const providerOf = (env: Readonly<Record<string, string | undefined>>) => {
  const variables = Object.entries(env).filter((one): one is [string, string] => typeof one[1] === "string")
  return ConfigProvider.fromMap(new Map(variables), { pathDelim: "_" })
}

const logged = (level: string, message: string): void => globalThis.console.error(`${level} ${message}`)

const compose = <E, R>(
  config: Effect.Effect<ClientConfig.ClientConfig, E, R>,
  options: Partial<ClientCredentials.Options>
) => Layer.scopedContext(Effect.flatMap(config, (config) => ClientCredentials.compose(config, options)))

/**
 * Creates a client. Create one for the whole program, since it caches the token. Nothing is sent before the first call,
 * which rejects with `InvalidConfig` if options are wrong.
 *
 * @example
 * import { PromiseClient } from "@effect-oauth/client-credentials"
 *
 * export const api = PromiseClient.create({
 *   tokenUrl: "https://auth.example.com/oauth/token",
 *   clientId: "inventory-sync",
 *   clientSecret: "s3cr3t",
 *   audience: "https://api.example.com",
 *   apiBaseUrl: "https://api.example.com/v1"
 * })
 *
 * export const items = async () => (await api.fetch("/items")).json()
 *
 * @example
 * // Tokens for a Kafka client. The secret is read for each token request.
 * import { PromiseClient } from "@effect-oauth/client-credentials"
 * import { readFile } from "node:fs/promises"
 *
 * const kafka = PromiseClient.create({
 *   issuer: "https://auth.example.com",
 *   clientId: "inventory-sync",
 *   clientSecret: () => readFile("/run/secrets/kafka", "utf8"),
 *   scope: "kafka"
 * })
 *
 * export const oauthBearerProvider = async () => ({ value: (await kafka.token()).value })
 *
 * @since 3.0.0
 * @category constructors
 */
export const create = (options: Options, platform: Platform = {}): PromiseClient => {
  const given = plainOptions.ofClient(options) as ClientCredentials.Options | undefined
  const plain = { ...given, apiBaseUrl: given?.apiBaseUrl ?? "none" } as ClientCredentials.Options
  return onPlatform(compose(ClientConfig.withParts(plain, parts.client), plain), platform)
}

/**
 * Creates a client from the variables of the environment: see `ClientConfig.layerEnv`. `API_BASE_URL` is not necessary
 * where only `token` is used. Options in `overrides` prevail over the variables.
 *
 * The variables are those of the process, or those in `env`, such as the bindings of a Worker. Missing and wrong ones
 * reject the first call with an error that names them. So do the variables of TLS (`OAUTH_TLS_CA_FILE` and others), which
 * `fetch` cannot read: pass `httpClient: NodeTls.layerEnv()`, or a transport that has the certificates.
 *
 * @example
 * import { PromiseClient } from "@effect-oauth/client-credentials"
 *
 * const api = PromiseClient.fromEnv()
 *
 * export const items = async () => (await api.fetch("/items")).json()
 *
 * @example
 * // Mutual TLS and proxies, by their variables.
 * import { PromiseClient } from "@effect-oauth/client-credentials"
 * import * as NodeTls from "@effect-oauth/client-credentials/NodeTls"
 *
 * export const api = PromiseClient.fromEnv({ httpClient: NodeTls.layerEnv() })
 *
 * @since 3.0.0
 * @category constructors
 */
export const fromEnv = (
  options: Platform & {
    readonly prefix?: string | undefined
    readonly overrides?: Partial<Options> | undefined
    readonly env?: Readonly<Record<string, string | undefined>> | undefined
  } = {}
): PromiseClient => {
  const { env, overrides, prefix, ...platform } = options ?? {}
  const plain = plainOptions.ofClient(overrides) as Partial<ClientCredentials.Options> | undefined
  const config = Effect.gen(function*() {
    const { text } = environment.reader(prefix)
    const hasApi = plain?.apiBaseUrl !== undefined || (yield* text("API_BASE_URL")) !== undefined
    const given = { prefix, overrides: hasApi ? plain : { ...plain, apiBaseUrl: "none" } }
    const found = yield* ClientConfig.fromEnv(given, parts.client, true)
    const isOwnTransport = platform.fetch !== undefined || platform.httpClient !== undefined
    yield* isOwnTransport ? ClientCredentials.reportUnreadTls(prefix) : ClientCredentials.rejectTls(prefix)
    return found
  })
  const services = compose(config, plain ?? {})
  return onPlatform(services, platform, env)
}

/**
 * Reads a secret from a string, or from a function whenever it is needed, for options that take a `Redacted` or an Effect.
 *
 * @example
 * import { ClientAuthentication, PromiseClient } from "@effect-oauth/client-credentials"
 * import { readFile } from "node:fs/promises"
 *
 * export const api = PromiseClient.create({
 *   issuer: "https://auth.example.com",
 *   clientId: "inventory-sync",
 *   clientAuthentication: ClientAuthentication.privateKeyJwt({
 *     key: PromiseClient.secret(() => readFile("/run/secrets/key.pem", "utf8"))
 *   }),
 *   apiBaseUrl: "https://api.example.com/v1"
 * })
 *
 * @since 3.0.0
 * @category conversions
 */
export const secret: (
  value: string | (() => string | Promise<string>)
) => Redacted.Redacted<string> | Effect.Effect<Redacted.Redacted<string>, unknown> = plainOptions.source

/**
 * Creates a client from a layer, such as `ClientCredentials.layer` or `LegacyToken.layer` with its `HttpClient`. Create
 * one for the whole program, since it caches the token.
 *
 * @example
 * import { ClientCredentials, PromiseClient } from "@effect-oauth/client-credentials"
 * import { FetchHttpClient } from "@effect/platform"
 * import { Layer, Redacted } from "effect"
 *
 * const Api = ClientCredentials.layer({
 *   tokenUrl: "https://auth.example.com/oauth/token",
 *   clientId: "inventory-sync",
 *   clientSecret: Redacted.make("s3cr3t"),
 *   apiBaseUrl: "https://api.example.com/v1"
 * }).pipe(Layer.provide(FetchHttpClient.layer))
 *
 * const api = PromiseClient.make(Api)
 *
 * export const items = async () => (await api.fetch("/items")).json()
 *
 * @since 3.0.0
 * @category constructors
 */
export const make: {
  <E>(layer: Layer.Layer<ApiClient | TokenCache | TokenRevocation, E>): PromiseClient
  <E>(layer: Layer.Layer<ApiClient, E>): ApiFetch
} = <E>(layer: Layer.Layer<ApiClient, E>): PromiseClient =>
  // Without a cache of tokens among the services, the methods that need one are not in the type.
  over(running(layer as Layer.Layer<Services, E>), (call) => call)

/** The calls of a client, each within the overrides that it was made with. */
const over = (
  running: Running<Services>,
  within: <A, E, R>(call: Effect.Effect<A, E, R>) => Effect.Effect<A, E | InvalidConfig, R>
): PromiseClient => {
  const { close } = running
  const cache = Effect.flatMap(
    TokenCache,
    (cache) => Effect.map(TokenRequest.CurrentOverrides, (overrides) => cache.withOverrides(overrides))
  )
  const cached = Effect.flatMap(cache, ({ get }) => get)
  // Rejections are reported, and successes are not: what was not rejected for a while works.
  const trial = MutableRef.make<trials.Trial<AccessToken>>(trials.none)
  const tried = Effect.gen(function*() {
    const { confirm, get } = yield* cache
    const token = yield* get
    const [next, works] = trials.returned(MutableRef.get(trial), token, yield* Clock.currentTimeMillis)
    MutableRef.set(trial, next)
    if (works) yield* confirm(token)
    return token
  })
  return {
    close,
    fetch: async (input, init) => {
      const call = webFetch.call(input, init)
      const { signal } = call.web
      const response = Effect.gen(function*() {
        return yield* webFetch.send(yield* ApiClient, call, yield* webFetch.toRequest(call), running.onClose)
      })
      return running.run(within(response), signal)
    },
    token: (overrides, options) =>
      running.run(
        overrides === undefined
          ? within(Effect.map(tried, shownToken))
          : within(TokenRequest.withOverrides(plainOptions.ofRequest(overrides))(Effect.map(cached, shownToken))),
        options?.signal
      ),
    invalidate: async (token: string | { readonly value: string } | null | undefined) => {
      const value: unknown = typeof token === "string" ? token : token?.value
      if (typeof value !== "string") throw new TypeError("invalidate: expected a token, or its value.")
      return running.run(Effect.gen(function*() {
        const { cached, invalidate } = yield* TokenCache
        MutableRef.update(trial, trials.rejected)
        const found = (yield* cached).find((one) => Redacted.value(one.value) === value)
        return found === undefined ? true : yield* invalidate(found)
      }))
    },
    with: (overrides) => {
      const changed = TokenRequest.withOverrides(plainOptions.ofRequest(overrides))
      return over(running, (call) => within(changed(call)))
    },
    health: () => {
      const current = Effect.flatMap(cache, ({ health }) => health)
      return running.run(within(Effect.map(current, ({ expiresIn, latchedFor, pausedFor, ...rest }) => ({
        ...rest,
        expiresIn: millis(expiresIn),
        pausedFor: millis(pausedFor),
        latchedFor: millis(latchedFor)
      }))))
    },
    revoke: () =>
      running.run(Effect.gen(function*() {
        const { cached, forget } = yield* TokenCache
        const { revoke } = yield* TokenRevocation
        const tokens = yield* cached
        yield* Effect.forEach(tokens, (token) => Effect.zipRight(revoke(token), forget(token)), {
          concurrency: 10,
          discard: true
        })
      }))
  }
}

const millis = (duration: Duration.Duration | undefined): number | undefined =>
  duration === undefined ? undefined : Duration.toMillis(duration)

const shownToken = (token: AccessToken): Token => new ShownToken(token)
