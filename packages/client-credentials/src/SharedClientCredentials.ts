/**
 * A client that shares its tokens with all processes that use the same `TokenStore` and the same keys. Together they
 * request one token instead of one each.
 *
 * **When to use**
 *
 * Use it for many processes, for processes that often start again, and where the issuer limits tokens. One process
 * alone needs only `ClientCredentials`.
 *
 * **Details**
 *
 * The layer additionally requires a `TokenStore` (`TokenStore.layerFiles`, `RedisTokenStore`, `SqlTokenStore`) and a
 * `TokenSeal`.
 *
 * **Gotchas**
 *
 * Tokens are not revoked when the program ends, because other processes still use them. Tokens bound to a key of the
 * process (`dpop: true`) are not shared: configure the key.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-4.4 | RFC 6749 section 4.4}
 * @since 3.0.0
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"

import * as ApiClient from "./ApiClient.js"
import * as ClientConfig from "./ClientConfig.js"
import * as ClientCredentials from "./ClientCredentials.js"
import * as fleetParts from "./internal/config/fleetParts.js"
import { unwrap } from "./internal/config/unwrap.js"
import type { InvalidConfig } from "./InvalidConfig.js"
import * as IssuanceBudget from "./IssuanceBudget.js"
import type * as ServerMetadata from "./ServerMetadata.js"
import * as SharedTokens from "./SharedTokens.js"
import type * as TokenCache from "./TokenCache.js"
import type * as TokenEndpoint from "./TokenEndpoint.js"
import type { TokenRevocation } from "./TokenRevocation.js"
import type { TokenSeal } from "./TokenSeal.js"
import type { TokenStore } from "./TokenStore.js"

/** The services of a client. */
type Services = ApiClient.ApiClient | TokenCache.TokenCache | TokenRevocation

/**
 * Options of a client that shares its tokens, and of its parts, which have defaults.
 *
 * @since 3.0.0
 * @category models
 */
export type Options = ClientConfig.Options & {
  /** Options of the token cache: when tokens are refreshed, retried and no longer used. */
  readonly tokenCache?: TokenCache.Options | undefined
  /** The limits of a token request. */
  readonly tokenEndpoint?: TokenEndpoint.Options | undefined
  /** The limits of discovery. */
  readonly serverMetadata?: ServerMetadata.Options | undefined
  /** Options for sharing tokens. */
  readonly sharedTokens?: SharedTokens.Options | undefined
  /** Limit on the number of tokens that all processes together may request. Default: no limit. */
  readonly issuanceBudget?: IssuanceBudget.Options | undefined
}

type PartOptions = Omit<Options, keyof ClientConfig.Options>

const compose = (config: ClientConfig.ClientConfig, { issuanceBudget, sharedTokens, ...options }: PartOptions) =>
  ClientCredentials.compose<TokenSeal | TokenStore>(config, {
    tokenCache: options.tokenCache,
    tokenEndpoint: options.tokenEndpoint,
    serverMetadata: options.serverMetadata,
    decorate: (network) =>
      Effect.gen(function*() {
        const storeTimeout = issuanceBudget?.storeTimeout ?? sharedTokens?.storeTimeout
        const budget = issuanceBudget === undefined
          ? undefined
          : yield* IssuanceBudget.make({ ...issuanceBudget, storeTimeout })
        const endpoint = yield* SharedTokens.decorate(budget?.decorate(network) ?? network, sharedTokens)
        return { budget, endpoint }
      }).pipe(Effect.provideService(ClientConfig.ClientConfig, config))
  })

const build = (
  options: Options
): Effect.Effect<
  Context.Context<Services>,
  InvalidConfig,
  HttpClient.HttpClient | Scope.Scope | TokenSeal | TokenStore
> => Effect.flatMap(ClientConfig.withParts(options, fleetParts.sharedClient), (config) => compose(config, options))

/**
 * Creates a client as a value: see `ClientCredentials.make`.
 *
 * @since 3.0.0
 * @category constructors
 */
export const make = (
  options: Options
): Effect.Effect<
  ApiClient.Client,
  InvalidConfig,
  HttpClient.HttpClient | Scope.Scope | TokenSeal | TokenStore
> => Effect.map(build(options), Context.get(ApiClient.ApiClient))

/**
 * Provides a client with these options. It reads the same references as `ClientCredentials.layer`.
 *
 * @example
 * import { SharedClientCredentials, TokenSeal, TokenStore } from "@effect-oauth/client-credentials"
 * import { NodeContext, NodeHttpClient } from "@effect/platform-node"
 * import { Layer, Redacted } from "effect"
 *
 * export const Api = SharedClientCredentials.layer({
 *   tokenUrl: "https://auth.example.com/oauth/token",
 *   clientId: "nightly-job",
 *   clientSecret: Redacted.make("s3cr3t"),
 *   apiBaseUrl: "https://api.example.com"
 * }).pipe(
 *   Layer.provide([TokenStore.layerFiles("/var/lib/nightly-job/tokens"), TokenSeal.layerEnv()]),
 *   Layer.provide([NodeHttpClient.layerUndici, NodeContext.layer])
 * )
 *
 * @since 3.0.0
 * @category layers
 */
export const layer = (
  options: Options
): Layer.Layer<Services, InvalidConfig, HttpClient.HttpClient | TokenSeal | TokenStore> =>
  Layer.scopedContext(build(options))

/**
 * Provides a client whose options are read from an object of `Config`s.
 *
 * @since 3.0.0
 * @category layers
 */
export const layerConfig = (
  config: Config.Config.Wrap<Options>
): Layer.Layer<
  Services,
  ConfigError.ConfigError | InvalidConfig,
  HttpClient.HttpClient | TokenSeal | TokenStore
> => Layer.scopedContext(Effect.flatMap(unwrap(config), build))

/**
 * Provides a client whose options are read from the environment: see `ClientConfig.layerEnv` for the variables and the
 * prefix. `overrides` holds options that prevail over the variables, and those of the parts.
 *
 * @since 3.0.0
 * @category layers
 */
export const layerEnv = (
  options: { readonly prefix?: string | undefined; readonly overrides?: Partial<Options> | undefined } = {}
): Layer.Layer<
  Services,
  ConfigError.ConfigError | InvalidConfig,
  FileSystem.FileSystem | HttpClient.HttpClient | TokenSeal | TokenStore
> =>
  Layer.scopedContext(
    ClientConfig.fromEnv(options, fleetParts.sharedClient).pipe(
      Effect.flatMap((config) => compose(config, options.overrides ?? {})),
      Effect.zipLeft(Effect.suspend(() => ClientCredentials.reportUnreadTls(options.prefix)))
    )
  )
