/**
 * Layers for tests: the program uses an `ApiClient` as in production, and the servers are in memory.
 *
 * **When to use**
 *
 * Use it for tests on `@effect/vitest` or any runner with promises. For programs in other processes or languages use
 * `Sandbox`.
 *
 * **Details**
 *
 * Time is Effect's `Clock`: `TestClock.adjust` makes tokens expire.
 *
 * @since 3.0.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import {
  ApiClient,
  Authorization,
  ClientConfig,
  ClientCredentials,
  type InvalidConfig,
  ServerMetadata,
  type TokenCache,
  TokenRevocation
} from "@effect-oauth/client-credentials"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

import * as expectations from "./internal/expectations.js"
import * as host from "./internal/host.js"
import * as registered from "./internal/registered.js"
import * as rules from "./internal/rules.js"
import type * as httpApi from "./internal/seam/httpApi.js"
import * as TestApi from "./TestApi.js"
import * as TestAuthorizationServer from "./TestAuthorizationServer.js"

/**
 * Options of a test. All have defaults.
 *
 * @since 3.0.0
 * @category models
 */
export interface Options {
  /** The options of the server, or its name: `server: "auth0"`. */
  readonly server?: TestAuthorizationServer.Options | NonNullable<TestAuthorizationServer.Options["server"]> | undefined
  readonly api?: TestApi.Options | undefined
  /** Settings of the client, where the defaults do not suffice. */
  readonly client?: Partial<ClientCredentials.Options> | undefined
  /** The name of the client certificate, for the methods by mutual TLS. */
  readonly certificate?: string | undefined
  /**
   * A cache in place of the client's, such as `TestTokenCache.layer({ error })`, for errors that no fault of the server
   * causes. The API accepts only the tokens of the server.
   */
  readonly tokenCache?: Layer.Layer<TokenCache.TokenCache> | undefined
}

const optionsRule = rules.group<Options>({
  server: TestAuthorizationServer.nameOrOptionsRule,
  api: TestApi.optionsRule,
  // The client validates its settings.
  client: rules.object,
  certificate: rules.text,
  tokenCache: rules.that("a layer", Layer.isLayer)
})

/** Services that a test can use. */
type Services =
  | ApiClient.ApiClient
  | TokenCache.TokenCache
  | TokenRevocation.TokenRevocation
  | TestAuthorizationServer.TestAuthorizationServer
  | TestApi.TestApi

/**
 * Provides the network of a test: an `HttpClient` that reaches the two servers and nothing else.
 *
 * @since 3.0.0
 * @category layers
 */
export const layerHttpClient = (
  options: Pick<Options, "certificate"> = {}
): Layer.Layer<
  HttpClient.HttpClient,
  never,
  TestAuthorizationServer.TestAuthorizationServer | TestApi.TestApi
> =>
  Layer.effect(
    HttpClient.HttpClient,
    Effect.gen(function*() {
      const server = yield* TestAuthorizationServer.TestAuthorizationServer
      const api = yield* TestApi.TestApi
      return host.client([server.host, api.host], options.certificate)
    })
  )

const needsNoSecret = ({ clientAuthentication: method }: Partial<ClientCredentials.Options>): boolean =>
  typeof method === "object" || method === "tls_client_auth" || method === "self_signed_tls_client_auth"

/** Creates the client of these options, with another cache. */
const withTokenCache = (
  tokenCache: Layer.Layer<TokenCache.TokenCache>,
  options: ClientCredentials.Options
) =>
  ApiClient.layer.pipe(
    Layer.provide(Authorization.layer),
    Layer.merge(Layer.provide(TokenRevocation.layer, ServerMetadata.layer(options.serverMetadata))),
    Layer.provideMerge(tokenCache),
    Layer.provide(ClientConfig.layer(options)),
    Layer.fresh
  )

const compose = <E, R>(
  options: Options,
  api: Layer.Layer<TestApi.TestApi, E, R | TestAuthorizationServer.TestAuthorizationServer>
): Layer.Layer<
  Services,
  E | InvalidConfig.InvalidConfig,
  Exclude<R, TestAuthorizationServer.TestAuthorizationServer>
> => {
  const client = Layer.unwrapEffect(Effect.gen(function*() {
    const { tokenUrl } = yield* TestAuthorizationServer.TestAuthorizationServer
    const { baseUrl } = yield* TestApi.TestApi
    const { client = {} } = options
    const configured = {
      tokenUrl: client.issuer === undefined ? tokenUrl : undefined,
      clientId: "test-client",
      apiBaseUrl: baseUrl,
      clientSecret: needsNoSecret(client) ? undefined : Redacted.make("test-secret"),
      ...client
    }
    return options.tokenCache === undefined
      ? ClientCredentials.layer(configured)
      : withTokenCache(options.tokenCache, configured)
  }))
  const layer = client.pipe(
    // Not merged, so that the program keeps its HttpClient.
    Layer.provide(layerHttpClient(options)),
    Layer.provideMerge(api),
    Layer.provideMerge(Layer.suspend(() => TestAuthorizationServer.layer(registered.serverOptions(options))))
  )
  // First, so that the problems name the options as they are given here.
  return Layer.unwrapEffect(Effect.as(rules.check(optionsRule, options), layer)) as Layer.Layer<
    Services,
    E | InvalidConfig.InvalidConfig,
    Exclude<R, TestAuthorizationServer.TestAuthorizationServer>
  >
}

/**
 * Provides a client, its authorization server and its API, all in memory and by the `Clock`. The program's own
 * `HttpClient` is not changed; `layerHttpClient` creates one that reaches the two servers.
 *
 * @example
 * import { ApiClient } from "@effect-oauth/client-credentials"
 * import { OAuthTest, TestAuthorizationServer } from "@effect-oauth/testing"
 * import { Effect } from "effect"
 *
 * export const test = Effect.gen(function*() {
 *   const api = yield* ApiClient.ApiClient
 *   const server = yield* TestAuthorizationServer.TestAuthorizationServer
 *   yield* api.get("/items")
 *   yield* server.revoke()
 *   yield* api.get("/items")
 *   yield* OAuthTest.expect({ tokensIssued: 2 })
 * }).pipe(Effect.provide(OAuthTest.layer()))
 *
 * @since 3.0.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<Services, InvalidConfig.InvalidConfig> =>
  compose(options, TestApi.layer(options.api))

/**
 * Creates the layer of a test with an `HttpApi` as the API: the layer of `HttpApiBuilder`, with its groups.
 *
 * @example
 * import { HttpApi, HttpApiBuilder, HttpApiEndpoint, HttpApiGroup } from "@effect/platform"
 * import { OAuthTest } from "@effect-oauth/testing"
 * import { Effect, Layer, Schema } from "effect"
 *
 * class Inventory extends HttpApi.make("inventory").add(
 *   HttpApiGroup.make("items").add(HttpApiEndpoint.get("count", "/count").addSuccess(Schema.Number))
 * ) {}
 *
 * const Items = HttpApiBuilder.group(Inventory, "items", (handlers) =>
 *   handlers.handle("count", () => Effect.succeed(8)))
 *
 * export const Test = OAuthTest.layerHttpApi(HttpApiBuilder.api(Inventory).pipe(Layer.provide(Items)))
 *
 * @since 3.0.0
 * @category layers
 */
export const layerHttpApi = <E, R>(
  api: Layer.Layer<httpApi.Api, E, R>,
  options: Options = {}
): Layer.Layer<
  Services,
  E | InvalidConfig.InvalidConfig,
  Exclude<
    Exclude<R, httpApi.Server>,
    TestAuthorizationServer.TestAuthorizationServer
  >
> => compose(options, TestApi.layerHttpApi(api, options.api))

/**
 * An expectation of a test is not met. The message states what was expected, and lists what happened.
 *
 * @since 3.0.0
 * @category errors
 */
export class ExpectationFailed extends Data.TaggedError("ExpectationFailed")<{ readonly message: string }> {}

/**
 * Compares what happened with what is expected. Fails with all that differs, and lists what happened.
 *
 * @example
 * import { ApiClient } from "@effect-oauth/client-credentials"
 * import { OAuthTest } from "@effect-oauth/testing"
 * import { Effect } from "effect"
 *
 * export const test = Effect.gen(function*() {
 *   const api = yield* ApiClient.ApiClient
 *   yield* api.get("/items")
 *   yield* OAuthTest.expect({ reasons: ["cold"], statuses: [200] })
 * }).pipe(Effect.provide(OAuthTest.layer()))
 *
 * @since 3.0.0
 * @category expectations
 */
export const expect = (
  expected: expectations.Expected
): Effect.Effect<void, ExpectationFailed, TestAuthorizationServer.TestAuthorizationServer | TestApi.TestApi> =>
  Effect.gen(function*() {
    const { issued, received } = yield* TestAuthorizationServer.TestAuthorizationServer
    const { calls } = yield* TestApi.TestApi
    const unmet = expectations.unmet(expected, yield* Effect.all({ issued, received, calls }))
    if (unmet.length > 0) return yield* new ExpectationFailed({ message: unmet.join("\n") })
  })
