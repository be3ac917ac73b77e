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
import * as TokenCache from "./TokenCache.js"
import * as TokenEndpoint from "./TokenEndpoint.js"

/**
 * The wiring itself, for those who bring a `ClientConfig` of their own making.
 *
 * To change one part, provide it: `ReplaySchedule.layer(...)` to this layer, or put the layers of this module together
 * with your own in place of one.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerFromClientConfig: Layer.Layer<
  ApiClient.ApiClient | TokenCache.TokenCache,
  never,
  ClientConfig.ClientConfig | HttpClient.HttpClient
> = ApiClient.layer.pipe(
  Layer.provide(Authorization.layerBearer),
  Layer.provideMerge(TokenCache.layer),
  Layer.provide(TokenEndpoint.layer)
)

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
  options: ClientConfig.Options
): Layer.Layer<ApiClient.ApiClient | TokenCache.TokenCache, ClientConfig.InvalidConfig, HttpClient.HttpClient> =>
  Layer.provide(Layer.fresh(layerFromClientConfig), ClientConfig.layer(options))

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
  options?: ClientConfig.ConfigOptions
): Layer.Layer<
  ApiClient.ApiClient | TokenCache.TokenCache,
  ConfigError.ConfigError,
  FileSystem.FileSystem | HttpClient.HttpClient
> => Layer.provide(Layer.fresh(layerFromClientConfig), ClientConfig.layerConfig(options))

/**
 * The client as a value, for a program with several APIs: each gets a tag of its own.
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
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options: ClientConfig.Options
): Effect.Effect<ApiClient.Service, ClientConfig.InvalidConfig, HttpClient.HttpClient | Scope.Scope> =>
  Effect.map(Layer.build(layer(options)), Context.get(ApiClient.ApiClient))
