/**
 * Everything wired with its defaults: one layer and an `HttpClient`, and a program makes its calls.
 *
 * @since 0.1.0
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"

import * as ApiClient from "./ApiClient.js"
import * as Authorization from "./Authorization.js"
import * as ClientConfig from "./ClientConfig.js"
import type { InvalidConfig } from "./InvalidConfig.js"
import * as TokenCache from "./TokenCache.js"
import * as TokenEndpoint from "./TokenEndpoint.js"

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
}

/**
 * A client, its API, and how the parts behave.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends ClientConfig.Options, PartOptions {}

/**
 * The wiring itself, for those who bring a `ClientConfig` of their own making.
 *
 * To change one part, provide it: `ReplaySchedule.layer(...)` to this layer, or put the layers of this module together
 * with your own in place of one. Each use of the result is a client of its own.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerFromClientConfig = (options: PartOptions = {}): Layer.Layer<
  ApiClient.ApiClient | TokenCache.TokenCache,
  InvalidConfig,
  ClientConfig.ClientConfig | HttpClient.HttpClient
> =>
  // Layers are shared by identity, and the same `ApiClient.layer` beneath two configurations must not be.
  Layer.fresh(ApiClient.layer.pipe(
    Layer.provide(Authorization.layerBearer),
    Layer.provideMerge(TokenCache.layerWith(options.tokenCache ?? {})),
    Layer.provide(TokenEndpoint.layerWith(options.tokenEndpoint ?? {}))
  ))

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
): Layer.Layer<ApiClient.ApiClient | TokenCache.TokenCache, InvalidConfig, HttpClient.HttpClient> =>
  Layer.provide(layerFromClientConfig(options), ClientConfig.layer(options))

/**
 * From the environment: see `ClientConfig.fromConfig` for the variables.
 *
 * @example
 * import { ApiClient, ClientCredentials } from "@effect-oauth/client-credentials"
 * import { NodeContext, NodeHttpClient } from "@effect/platform-node"
 * import { Effect } from "effect"
 *
 * export const program = Effect.flatMap(ApiClient.ApiClient, (api) => api.get("/items")).pipe(
 *   Effect.provide(ClientCredentials.layerConfig()),
 *   Effect.provide([NodeHttpClient.layerUndici, NodeContext.layer])
 * )
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: ClientConfig.ConfigOptions & PartOptions = {}
): Layer.Layer<
  ApiClient.ApiClient | TokenCache.TokenCache,
  ConfigError.ConfigError | InvalidConfig,
  FileSystem.FileSystem | HttpClient.HttpClient
> => Layer.provide(layerFromClientConfig(options), ClientConfig.layerConfig(options))

/**
 * The client as a value, for a program with several APIs, each with a tag of its own; or with many tenants, each with a
 * client of its own, in an `RcMap`, or with `layer` in a `LayerMap`.
 *
 * @example
 * import { ApiClient, ClientCredentials } from "@effect-oauth/client-credentials"
 * import { Context, Layer, Redacted } from "effect"
 *
 * export class Billing extends Context.Tag("Billing")<Billing, ApiClient.Service>() {
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
): Effect.Effect<ApiClient.Service, InvalidConfig, HttpClient.HttpClient | Scope.Scope> =>
  Effect.map(Layer.build(layer(options)), Context.get(ApiClient.ApiClient))
