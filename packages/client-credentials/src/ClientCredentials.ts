/**
 * A complete client as one layer that requires only an `HttpClient`.
 *
 * **When to use**
 *
 * Use it if each process may request its own token. If processes share tokens or a limit, use
 * `SharedClientCredentials`. Without Effect, use `PromiseClient`.
 *
 * **Details**
 *
 * The layer provides `ApiClient`, `TokenCache` and `TokenRevocation`. Building it sends nothing: the first call
 * requests a token.
 *
 * **Gotchas**
 *
 * Each build of the layer is a client with its own cache. Bind the layer to a constant and provide it once, at the top
 * of the program, not around every call.
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
import * as Authorization from "./Authorization.js"
import * as ClientConfig from "./ClientConfig.js"
import { loadOptional } from "./ClientConfig/loadOptional.js"
import * as environment from "./internal/config/environment.js"
import * as parts from "./internal/config/parts.js"
import { tlsReader } from "./internal/config/tlsReader.js"
import { unwrap } from "./internal/config/unwrap.js"
import * as variables from "./internal/config/variables.js"
import { CurrentBudget } from "./internal/process/currentBudget.js"
import * as lifetime from "./internal/process/lifetime.js"
import { InvalidConfig } from "./InvalidConfig.js"
import type { IssuanceBudget } from "./IssuanceBudget.js"
import * as ServerMetadata from "./ServerMetadata.js"
import * as TokenCache from "./TokenCache.js"
import * as TokenEndpoint from "./TokenEndpoint.js"
import * as TokenRevocation from "./TokenRevocation.js"

/**
 * Options of a client and of its parts, which have defaults.
 *
 * @since 3.0.0
 * @category models
 */
export type Options = ClientConfig.Options & {
  /** Options of the token cache: when tokens are refreshed, retried and no longer used. */
  readonly tokenCache?: TokenCache.Options | undefined
  /** Options of token requests: timeout, maximum size of a response, lifetime of tokens whose response states none. */
  readonly tokenEndpoint?: TokenEndpoint.Options | undefined
  /** Options of discovery (RFC 8414): how long metadata is cached, and the timeout of its request. */
  readonly serverMetadata?: ServerMetadata.Options | undefined
  /**
   * Revokes the cached tokens when the layer's scope ends (RFC 7009), for at most 5 seconds. Requires a `revocationUrl`, or an
   * `issuer` whose metadata names the endpoint: a `tokenUrl` without a `revocationUrl` is an `InvalidConfig`. Building the
   * layer sends nothing, so metadata without the endpoint is reported later, by a warning.
   * Default: false.
   */
  readonly revokeAtShutdown?: boolean | undefined
}

/** The services of a client. */
type Services = ApiClient.ApiClient | TokenCache.TokenCache | TokenRevocation.TokenRevocation

/** The options of the parts, and what comes before the network. */
interface Composition<R> extends
  Pick<
    Options,
    "revokeAtShutdown" | "serverMetadata" | "tokenCache" | "tokenEndpoint"
  >
{
  readonly decorate?:
    | ((
      endpoint: TokenEndpoint.TokenEndpoint
    ) => Effect.Effect<
      {
        readonly endpoint: TokenEndpoint.TokenEndpoint
        /** Budget whose state the health of the cache reports. */
        readonly budget: IssuanceBudget | undefined
      },
      InvalidConfig,
      R | Scope.Scope
    >)
    | undefined
}

/**
 * Makes the parts of a client and connects them.
 *
 * @internal
 */
export const compose = <R = never>(
  config: ClientConfig.ClientConfig,
  { decorate, revokeAtShutdown = false, serverMetadata, tokenCache, tokenEndpoint }: Composition<R>
): Effect.Effect<
  Context.Context<Services>,
  InvalidConfig,
  R | HttpClient.HttpClient | Scope.Scope
> => {
  const services = Effect.gen(function*() {
    const withConfig = Effect.provideService(ClientConfig.ClientConfig, config)
    const discovered = yield* withConfig(ServerMetadata.make(serverMetadata))
    const atShutdown = revokeAtShutdown ? (yield* loadOptional).revocation : undefined
    const metadata = atShutdown === undefined
      ? discovered
      : { ...discovered, get: atShutdown.withWarning(discovered.get) }
    const withMetadata = <A, E, S>(part: Effect.Effect<A, E, S>) =>
      withConfig(Effect.provideService(part, ServerMetadata.ServerMetadata, metadata))
    const revocation = yield* withMetadata(TokenRevocation.make)
    // Added before the cache, so that it runs after the cache has stopped to request tokens.
    let cached: TokenCache.TokenCache["cached"] = Effect.succeed([])
    if (atShutdown !== undefined) {
      yield* Effect.addFinalizer(() => atShutdown.revokeAll(revocation.revoke, Effect.suspend(() => cached)))
    }
    return yield* lifetime.share(Effect.gen(function*() {
      const network = yield* withMetadata(TokenEndpoint.make(tokenEndpoint))
      const { budget, endpoint } = decorate === undefined
        ? { budget: undefined, endpoint: network }
        : yield* decorate(network)
      const makeCache = Effect.provideService(TokenCache.make(tokenCache), TokenEndpoint.TokenEndpoint, endpoint)
      const cache = yield* budget === undefined ? makeCache : Effect.provideService(makeCache, CurrentBudget, budget)
      if (revokeAtShutdown) cached = cache.cached
      const authorization = yield* withConfig(
        Effect.provideService(Authorization.make, TokenCache.TokenCache, cache)
      )
      const api = yield* Effect.provideService(ApiClient.make, Authorization.Authorization, authorization)
      return Context.make(ApiClient.ApiClient, api).pipe(
        Context.add(TokenCache.TokenCache, cache),
        Context.add(TokenRevocation.TokenRevocation, revocation)
      )
    }))
  })
  // Revocations at shutdown run after the cache has ended, so they need a separate lifetime.
  return revokeAtShutdown ? services : lifetime.share(services)
}

const build = (
  options: Options
): Effect.Effect<Context.Context<Services>, InvalidConfig, HttpClient.HttpClient | Scope.Scope> =>
  Effect.flatMap(ClientConfig.withParts(options, parts.client), (config) => compose(config, options))

/**
 * Creates a client as a value: for a program with several APIs, each under its own tag, or with a client for each tenant
 * in an `RcMap`. A `LayerMap` uses `layer`.
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
 *   // At most a thousand clients; one that is not used for an hour ends, and its token is forgotten.
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
 * @since 3.0.0
 * @category constructors
 */
export const make = (
  options: Options
): Effect.Effect<ApiClient.Client, InvalidConfig, HttpClient.HttpClient | Scope.Scope> =>
  Effect.map(build(options), Context.get(ApiClient.ApiClient))

/**
 * Provides a client with these options.
 *
 * Three references are read beside the `HttpClient`: when the layer is built, `ReplaySchedule` (a layer of another schedule
 * provided to this layer changes it) and the client certificate that a layer of `NodeTls` provides with its `HttpClient`; and
 * the overrides of each call (`TokenRequest.withOverrides`).
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
 * @since 3.0.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<Services, InvalidConfig, HttpClient.HttpClient> =>
  Layer.scopedContext(build(options))

/**
 * Provides a client whose options are read from an object of `Config`s.
 *
 * @example
 * import { ClientCredentials } from "@effect-oauth/client-credentials"
 * import { Config } from "effect"
 *
 * export const Api = ClientCredentials.layerConfig({
 *   issuer: Config.string("ISSUER"),
 *   clientId: Config.succeed("inventory-sync"),
 *   clientSecret: Config.redacted("SECRET"),
 *   apiBaseUrl: Config.string("INVENTORY_URL")
 * })
 *
 * @since 3.0.0
 * @category layers
 */
export const layerConfig = (
  config: Config.Config.Wrap<Options>
): Layer.Layer<Services, ConfigError.ConfigError | InvalidConfig, HttpClient.HttpClient> =>
  Layer.scopedContext(Effect.flatMap(unwrap(config), build))

/**
 * Provides a client whose options are read from the environment: see `ClientConfig.layerEnv` for the variables and the
 * prefix. `overrides` holds options that prevail over the variables, and those of the parts.
 *
 * The variables of proxies and `OAUTH_TLS_...` are read by `NodeTls.layerEnv`. A warning is logged when they are set and
 * the `HttpClient` was not created by `NodeTls`.
 *
 * @example
 * import { ApiClient, ClientCredentials } from "@effect-oauth/client-credentials"
 * import * as NodeTls from "@effect-oauth/client-credentials/NodeTls"
 * import { NodeContext } from "@effect/platform-node"
 * import { Effect, Layer } from "effect"
 *
 * const Api = ClientCredentials.layerEnv({ overrides: { tokenCache: { retryTimeout: "30 seconds" } } }).pipe(
 *   Layer.provide(NodeTls.layerEnv()),
 *   Layer.provide(NodeContext.layer)
 * )
 *
 * export const program = Effect.flatMap(ApiClient.ApiClient, (api) => api.get("/items")).pipe(Effect.provide(Api))
 *
 * @since 3.0.0
 * @category layers
 */
export const layerEnv = (
  options: { readonly prefix?: string | undefined; readonly overrides?: Partial<Options> | undefined } = {}
): Layer.Layer<
  Services,
  ConfigError.ConfigError | InvalidConfig,
  FileSystem.FileSystem | HttpClient.HttpClient
> =>
  Layer.scopedContext(
    ClientConfig.fromEnv(options, parts.client).pipe(
      Effect.flatMap((config) => compose(config, options.overrides ?? {})),
      Effect.zipLeft(Effect.suspend(() => reportUnreadTls(options.prefix)))
    )
  )

/** Returns the names of the variables that are set. */
const setVariables = (
  { named, text }: ReturnType<typeof environment.reader>,
  names: ReadonlyArray<string>
): Effect.Effect<ReadonlyArray<string>> =>
  Effect.map(
    Effect.forEach(names, (variable) =>
      Effect.map(
        Effect.orElseSucceed(text(variable), () => undefined),
        (value) => value === undefined ? [] : [named(variable)]
      )),
    (all) => all.flat()
  )

/**
 * Warns when variables are set that the `HttpClient` ignores, because it was not made by `NodeTls`.
 *
 * @internal
 */
export const reportUnreadTls = (prefix: string | undefined): Effect.Effect<void> =>
  Effect.gen(function*() {
    if (tlsReader.isPresent) return
    const set = [
      ...yield* setVariables(environment.reader(prefix), Object.values(variables.tls)),
      ...yield* setVariables(environment.reader(undefined), variables.proxies.flatMap(variables.spellings))
    ]
    if (set.length === 0) return
    yield* Effect.logWarning(
      `${set.join(", ")} set, but ignored by the HttpClient provided to ClientCredentials, unless it reads them ` +
        "itself. Provide NodeTls.layerEnv (@effect-oauth/client-credentials/NodeTls) instead."
    )
  })

/**
 * Fails when variables of TLS are set, for a transport that cannot read them: without the certificates, each connection would
 * fail, or trust another authority.
 *
 * @internal
 */
export const rejectTls = (prefix: string | undefined): Effect.Effect<void, InvalidConfig> =>
  Effect.flatMap(
    setVariables(environment.reader(prefix), Object.values(variables.tls)),
    (set) =>
      set.length === 0 ? Effect.void : new InvalidConfig({
        problems: set.map((setting) => ({
          setting,
          expected: "absent, since `fetch` does not read it, or `httpClient: NodeTls.layerEnv()` of " +
            "@effect-oauth/client-credentials/NodeTls, which does"
        }))
      })
  )
