/**
 * Everything wired with its defaults: one layer and an `HttpClient`, and a program makes its calls.
 *
 * @since 0.1.0
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as HttpClient from "@effect/platform/HttpClient"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"

import * as ApiClient from "./ApiClient.js"
import * as Authorization from "./Authorization.js"
import * as ClientConfig from "./ClientConfig.js"
import type { Problem } from "./internal/config/check.js"
import * as parts from "./internal/config/parts.js"
import * as settings from "./internal/config/settings.js"
import { proxyVariables, reader, tlsVariables } from "./internal/config/tlsVariables.js"
import { InvalidConfig } from "./InvalidConfig.js"
import * as IssuanceBudget from "./IssuanceBudget.js"
import * as ServerMetadata from "./ServerMetadata.js"
import * as SharedTokens from "./SharedTokens.js"
import * as TokenCache from "./TokenCache.js"
import * as TokenEndpoint from "./TokenEndpoint.js"
import * as TokenRevocation from "./TokenRevocation.js"
import type { TokenSeal } from "./TokenSeal.js"
import type { TokenStore } from "./TokenStore.js"

/**
 * How the parts behave. All have defaults.
 *
 * @since 0.1.0
 * @category models
 */
export interface PartOptions {
  /** The life of a token. */
  readonly tokenCache?: TokenCache.Options | undefined
  /** The limits of a token request. */
  readonly tokenEndpoint?: TokenEndpoint.Options | undefined
  /** The limits of discovery. */
  readonly serverMetadata?: ServerMetadata.Options | undefined
  /**
   * Whether the cached tokens are revoked when the layer's scope ends (RFC 7009), for at most 5 seconds. Needs a
   * `revocationUrl`, or an `issuer` whose metadata names the endpoint: with a `tokenUrl` and no `revocationUrl` it is an
   * `InvalidConfig`. Building the layer sends nothing, so metadata without the endpoint show later, by a warning.
   * Default: false.
   */
  readonly revokeAtShutdown?: boolean | undefined
}

/**
 * A client, its API, and how the parts behave.
 *
 * @since 0.1.0
 * @category models
 */
export type Options = ClientConfig.Options & PartOptions

/**
 * The wiring itself, for those who bring a `ClientConfig` of their own making.
 *
 * To change one part, provide it: `ReplaySchedule.layer(...)` to this layer, or put the layers of this module together
 * with your own in place of one. Each use of the result is a client of its own.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerFromClientConfig = (
  options: PartOptions = {}
): Layer.Layer<Services, InvalidConfig, ClientConfig.ClientConfig | HttpClient.HttpClient> =>
  Layer.fresh(Layer.unwrapEffect(Effect.flatMap(
    ClientConfig.ClientConfig,
    (config) => Effect.map(valid(settings.configAndParts(config, options, parts.client)), () => own(options))
  )))

/** Every problem is reported at once, before the first part is built. */
const valid = <A>(validated: Either.Either<A, ReadonlyArray<Problem>>): Effect.Effect<A, InvalidConfig> =>
  Effect.mapError(validated, (problems) => new InvalidConfig({ problems }))

const withConfig = <R>(
  validated: () => Either.Either<settings.Client, ReadonlyArray<Problem>>,
  parts: () => Layer.Layer<Services, InvalidConfig, R | ClientConfig.ClientConfig>
): Layer.Layer<Services, InvalidConfig, Exclude<R, ClientConfig.ClientConfig>> =>
  Layer.unwrapEffect(Effect.map(
    Effect.suspend(() => valid(validated())),
    (config) => Layer.provide(parts(), Layer.effect(ClientConfig.ClientConfig, ClientConfig.withProofKey(config)))
  ))

type Endpoint<R> = Layer.Layer<
  TokenEndpoint.TokenEndpoint,
  InvalidConfig,
  R | ClientConfig.ClientConfig | HttpClient.HttpClient | ServerMetadata.ServerMetadata
>

const wire = <R>(
  options: PartOptions,
  endpoint: Endpoint<R>
): Layer.Layer<
  Services,
  InvalidConfig,
  ClientConfig.ClientConfig | HttpClient.HttpClient | Exclude<R, ServerMetadata.ServerMetadata>
> => {
  // The last thing that the cache does: what it caches is revoked after it has stopped to request tokens.
  const cache = Layer.scoped(
    TokenCache.TokenCache,
    Effect.gen(function*() {
      const { revoke } = yield* TokenRevocation.TokenRevocation
      let held: TokenCache.TokenCache["cached"] = Effect.succeed([])
      const revokeAll = Effect.suspend(() => held).pipe(
        Effect.flatMap(Effect.forEach(revoke, { concurrency: 10, discard: true })),
        Effect.timeout("5 seconds"),
        Effect.catchAll((error) => Effect.logWarning(`A token could not be revoked at the end: ${error.message}`)),
        Effect.interruptible
      )
      if (options.revokeAtShutdown === true) yield* Effect.addFinalizer(() => revokeAll)
      const made = yield* TokenCache.make(options.tokenCache ?? {})
      held = made.cached
      return made
    })
  )
  // Layers are shared by identity, and the same `ApiClient.layer` beneath two configurations must not be.
  return Layer.fresh(
    ApiClient.layer.pipe(
      Layer.provide(Authorization.layer),
      Layer.provideMerge(cache),
      Layer.provide(endpoint),
      Layer.provideMerge(TokenRevocation.layer),
      Layer.provide(metadata(options))
    )
  )
}

/** Whether an issuer revokes tokens is known when its metadata arrive: building a layer sends nothing. */
const metadata = ({ revokeAtShutdown, serverMetadata = {} }: PartOptions) =>
  revokeAtShutdown === true
    ? Layer.effect(
      ServerMetadata.ServerMetadata,
      Effect.map(ServerMetadata.make(serverMetadata), withRevocationWarning)
    )
    : ServerMetadata.layer(serverMetadata)

const withRevocationWarning = (service: ServerMetadata.ServerMetadata): ServerMetadata.ServerMetadata => {
  let isReported = false
  return {
    ...service,
    get: Effect.tap(service.get, ({ issuer = "", revocationEndpoint }) => {
      if (isReported || revocationEndpoint !== undefined) return Effect.void
      isReported = true
      return Effect.logWarning(
        `The metadata of the issuer ${issuer} name no revocation endpoint, so revokeAtShutdown revokes nothing. Set ` +
          "revocationUrl (OAUTH_REVOCATION_URL), or leave revokeAtShutdown out."
      )
    })
  }
}

/**
 * What these layers provide.
 *
 * @since 0.1.0
 * @category models
 */
export type Services = ApiClient.ApiClient | TokenCache.TokenCache | TokenRevocation.TokenRevocation

/**
 * From a value.
 *
 * @example
 * import { ClientCredentials } from "@effect-oauth/client-credentials"
 * import { NodeHttpClient } from "@effect/platform-node"
 * import { Layer, Redacted } from "effect"
 *
 * export const Api = ClientCredentials.layer({
 *   tokenUrl: "https://auth.example.com/oauth/token",
 *   clientId: "inventory-sync",
 *   clientSecret: Redacted.make("s3cr3t"),
 *   audience: "https://api.example.com",
 *   apiBaseUrl: "https://api.example.com/v1"
 * }).pipe(Layer.provide(NodeHttpClient.layerUndici))
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: Options
): Layer.Layer<Services, InvalidConfig, HttpClient.HttpClient> =>
  withConfig(() => settings.clientAndParts(options, parts.client), () => own(options))

/**
 * The options of a client that shares its tokens. None is revoked when the program ends: others still use it.
 *
 * @since 0.1.0
 * @category models
 */
export interface SharedOptions extends Omit<PartOptions, "revokeAtShutdown"> {
  /** How the sharing is done. */
  readonly sharedTokens?: SharedTokens.Options | undefined
  /** How many tokens all of them together may ask for. Default: no limit. */
  readonly issuanceBudget?: IssuanceBudget.Options | undefined
}

/**
 * The wiring itself, with shared tokens, for those who bring a `ClientConfig` of their own making.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerSharedFromClientConfig = (
  options: SharedOptions = {}
): Layer.Layer<
  Services,
  InvalidConfig,
  ClientConfig.ClientConfig | HttpClient.HttpClient | TokenSeal | TokenStore
> =>
  Layer.fresh(Layer.unwrapEffect(Effect.flatMap(
    ClientConfig.ClientConfig,
    (config) => Effect.map(valid(settings.configAndParts(config, options, parts.sharedClient)), () => shared(options))
  )))

const own = (options: PartOptions) => wire(options, TokenEndpoint.layer(options.tokenEndpoint ?? {}))

const shared = (options: SharedOptions) => {
  const network = TokenEndpoint.layer(options.tokenEndpoint ?? {})
  return wire<TokenSeal | TokenStore>(
    { ...options, revokeAtShutdown: false },
    options.issuanceBudget === undefined
      ? Layer.provide(SharedTokens.layer(options.sharedTokens), network)
      // With the budget, which the health of the cache states.
      : Layer.provideMerge(
        SharedTokens.layer(options.sharedTokens),
        Layer.provide(IssuanceBudget.layer(options.issuanceBudget), network)
      )
  )
}

/**
 * From a value, with tokens that are shared with all who use the same `TokenStore` and the same keys: processes that start
 * again and again, or many at once. All of them together ask for one token where each would ask for its own.
 *
 * @example
 * import { ClientCredentials, TokenSeal, TokenStore } from "@effect-oauth/client-credentials"
 * import { NodeContext, NodeHttpClient } from "@effect/platform-node"
 * import { Layer, Redacted } from "effect"
 *
 * const Seal = TokenSeal.layerConfig()
 *
 * export const Api = ClientCredentials.layerShared({
 *   tokenUrl: "https://auth.example.com/oauth/token",
 *   clientId: "nightly-job",
 *   clientSecret: Redacted.make("s3cr3t"),
 *   apiBaseUrl: "https://api.example.com"
 * }).pipe(
 *   Layer.provide([TokenStore.layerFiles("/var/lib/nightly-job/tokens"), Seal]),
 *   Layer.provide([NodeHttpClient.layerUndici, NodeContext.layer])
 * )
 *
 * @since 0.1.0
 * @category layers
 */
export const layerShared = (
  options: ClientConfig.Options & SharedOptions
): Layer.Layer<Services, InvalidConfig, HttpClient.HttpClient | TokenSeal | TokenStore> =>
  withConfig(() => settings.clientAndParts(options, parts.sharedClient), () => shared(options))

/**
 * The same from the environment: see `ClientConfig.fromConfig` for the variables.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerSharedConfig = (
  options: ClientConfig.ConfigOptions & SharedOptions = {}
): Layer.Layer<
  Services,
  ConfigError.ConfigError | InvalidConfig,
  FileSystem.FileSystem | HttpClient.HttpClient | TokenSeal | TokenStore
> =>
  Layer.unwrapEffect(Effect.map(
    Effect.suspend(() => valid(settings.environmentAndParts(options, parts.sharedClient))),
    () =>
      Layer.merge(
        Layer.provide(layerSharedFromClientConfig(options), ClientConfig.layerConfig(options)),
        reportUnreadTls
      )
  ))

/**
 * From the environment: see `ClientConfig.fromConfig` for the variables. Proxies and the `OAUTH_TLS_...` variables are
 * those of the `HttpClient`: `NodeTls.layerConfig` reads them. A warning is logged when they are set and nothing does.
 *
 * @example
 * import { ApiClient, ClientCredentials } from "@effect-oauth/client-credentials"
 * import * as NodeTls from "@effect-oauth/client-credentials/NodeTls"
 * import { NodeContext } from "@effect/platform-node"
 * import { Effect, Layer } from "effect"
 *
 * const Api = ClientCredentials.layerConfig().pipe(
 *   Layer.provide(NodeTls.layerConfig),
 *   Layer.provide(NodeContext.layer)
 * )
 *
 * export const program = Effect.flatMap(ApiClient.ApiClient, (api) => api.get("/items")).pipe(Effect.provide(Api))
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: ClientConfig.ConfigOptions & PartOptions = {}
): Layer.Layer<
  Services,
  ConfigError.ConfigError | InvalidConfig,
  FileSystem.FileSystem | HttpClient.HttpClient
> =>
  Layer.unwrapEffect(Effect.map(
    Effect.suspend(() => valid(settings.environmentAndParts(options, parts.client))),
    () => Layer.merge(Layer.provide(layerFromClientConfig(options), ClientConfig.layerConfig(options)), reportUnreadTls)
  ))

/** An `HttpClient` that was not made by `NodeTls` ignores these variables, which is reported once it is there. */
const reportUnreadTls: Layer.Layer<never, never, HttpClient.HttpClient> = Layer.effectDiscard(
  Effect.zipRight(
    HttpClient.HttpClient,
    Effect.gen(function*() {
      const set: Array<string> = []
      for (const name of [...Object.values(tlsVariables), ...proxyVariables]) {
        const value = yield* Effect.orElseSucceed(Config.option(Config.string(name)), Option.none)
        if (Option.isSome(value) && value.value !== "") set.push(name)
      }
      if (reader.isPresent || set.length === 0) return
      yield* Effect.logWarning(
        `${set.join(", ")} set, but ignored by the HttpClient provided to ClientCredentials, unless it reads them ` +
          "itself. Provide NodeTls.layerConfig (@effect-oauth/client-credentials/NodeTls) instead."
      )
    })
  )
)

/**
 * The client as a value, for a program with several APIs, each with a tag of its own; or with many tenants, each with a
 * client of its own, in an `RcMap`, or with `layer` in a `LayerMap`.
 *
 * @example
 * import { ApiClient, ClientCredentials } from "@effect-oauth/client-credentials"
 * import { Context, Layer, Redacted } from "effect"
 *
 * export class Billing extends Context.Tag("Billing")<Billing, ApiClient.Client>() {
 *   static layer = Layer.scoped(this, ClientCredentials.make({
 *     tokenUrl: "https://auth.example.com/oauth/token",
 *     clientId: "invoices",
 *     clientSecret: Redacted.make("s3cr3t"),
 *     apiBaseUrl: "https://billing.example.com"
 *   }))
 * }
 *
 * @example
 * import { ClientCredentials } from "@effect-oauth/client-credentials"
 * import { Effect, RcMap, Redacted } from "effect"
 *
 * export const call = Effect.gen(function*() {
 *   // At most a thousand clients; one that nobody used for an hour ends, and its token is forgotten.
 *   const tenants = yield* RcMap.make({
 *     lookup: (tenant: string) => ClientCredentials.make({
 *       tokenUrl: `https://${tenant}.auth.example.com/oauth/token`,
 *       clientId: "invoices",
 *       clientSecret: Redacted.make("s3cr3t"),
 *       apiBaseUrl: "https://billing.example.com"
 *     }),
 *     idleTimeToLive: "1 hour",
 *     capacity: 1000
 *   })
 *   const api = yield* RcMap.get(tenants, "acme")
 *   return yield* api.get("/invoices")
 * })
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options: Options
): Effect.Effect<ApiClient.Client, InvalidConfig, HttpClient.HttpClient | Scope.Scope> =>
  Effect.map(Layer.build(layer(options)), Context.get(ApiClient.ApiClient))
