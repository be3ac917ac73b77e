/**
 * Layers for tests: the program uses an `ApiClient`, and the servers behind it are in memory.
 *
 * @since 0.1.0
 */
import type * as HttpApi from "@effect/platform/HttpApi"
import type * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import {
  ApiClient,
  Authorization,
  ClientConfig,
  ClientCredentials,
  type InvalidConfig,
  type TokenCache
} from "@effect-oauth/client-credentials"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

import * as host from "./internal/host.js"
import * as TestApi from "./TestApi.js"
import * as TestAuthorizationServer from "./TestAuthorizationServer.js"
import * as TestTokenCache from "./TestTokenCache.js"

/**
 * What is tested. All have defaults.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly server?: TestAuthorizationServer.Options | undefined
  readonly api?: TestApi.Options | undefined
  /** Your own configuration of the client, where it matters. */
  readonly client?: Partial<ClientCredentials.Options> | undefined
  /** The name of the certificate that the client shows, for the methods by mutual TLS. */
  readonly certificate?: string | undefined
}

/** What a test has at hand. */
type Services =
  | ClientCredentials.Services
  | TestAuthorizationServer.TestAuthorizationServer
  | TestApi.TestApi
  | HttpClient.HttpClient

/**
 * The network of a test: an `HttpClient` that reaches the two servers and nothing else.
 *
 * @since 0.1.0
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

const compose = <E, R>(
  options: Options,
  api: Layer.Layer<TestApi.TestApi, E, R | TestAuthorizationServer.TestAuthorizationServer>
): Layer.Layer<
  Services,
  E | InvalidConfig.InvalidConfig,
  Exclude<R, TestAuthorizationServer.TestAuthorizationServer>
> => {
  const client = Layer.unwrapEffect(Effect.gen(function*() {
    const { issuer } = yield* TestAuthorizationServer.TestAuthorizationServer
    const { baseUrl } = yield* TestApi.TestApi
    const { client = {} } = options
    return ClientCredentials.layer({
      tokenUrl: client.issuer === undefined ? `${issuer}/token` : undefined,
      clientId: "test-client",
      apiBaseUrl: baseUrl,
      clientSecret: typeof client.clientAuthentication === "object" ? undefined : Redacted.make("test-secret"),
      ...client
    })
  }))
  return client.pipe(
    Layer.provideMerge(layerHttpClient(options)),
    Layer.provideMerge(api),
    Layer.provideMerge(TestAuthorizationServer.layer(options.server))
  ) as Layer.Layer<
    Services,
    E | InvalidConfig.InvalidConfig,
    Exclude<R, TestAuthorizationServer.TestAuthorizationServer>
  >
}

/**
 * A client, its authorization server and its API, all in memory and by the `Clock`.
 *
 * @example
 * import { ApiClient } from "@effect-oauth/client-credentials"
 * import { Expect, OAuthTest, TestAuthorizationServer } from "@effect-oauth/testing"
 * import { Effect } from "effect"
 *
 * export const test = Effect.gen(function*() {
 *   const api = yield* ApiClient.ApiClient
 *   const server = yield* TestAuthorizationServer.TestAuthorizationServer
 *   yield* api.get("/items")
 *   yield* server.revoke()
 *   yield* api.get("/items")
 *   yield* Expect.tokensIssued(2)
 * }).pipe(Effect.provide(OAuthTest.layer()))
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<Services, InvalidConfig.InvalidConfig> =>
  compose(options, TestApi.layer(options.api))

/**
 * The same, with your own `HttpApi` as the API: see `TestApi.layerHttpApi`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerHttpApi = <E, R>(
  api: Layer.Layer<HttpApi.Api, E, R>,
  options: Options = {}
): Layer.Layer<
  Services,
  E | InvalidConfig.InvalidConfig,
  Exclude<
    Exclude<R, HttpApiBuilder.Router | HttpApiBuilder.Middleware>,
    TestAuthorizationServer.TestAuthorizationServer
  >
> => compose(options, TestApi.layerHttpApi(api, options.api))

/**
 * Without any server: an `ApiClient` with a fixed token, or with the tokens of a cache of your own, whose calls are
 * answered by the handler.
 *
 * @example
 * import { ApiClient } from "@effect-oauth/client-credentials"
 * import { OAuthTest } from "@effect-oauth/testing"
 * import { Effect } from "effect"
 *
 * export const test = Effect.flatMap(ApiClient.ApiClient, (api) => api.get("/items")).pipe(
 *   Effect.provide(OAuthTest.layerTest((request) => Effect.succeed(Response.json([request.url]))))
 * )
 *
 * @since 0.1.0
 * @category layers
 */
export const layerTest = (
  handler: (request: Request) => Effect.Effect<Response>,
  options: {
    readonly baseUrl?: string | undefined
    readonly tokens?: Layer.Layer<TokenCache.TokenCache> | undefined
  } = {}
): Layer.Layer<ApiClient.ApiClient | TokenCache.TokenCache, InvalidConfig.InvalidConfig> => {
  const baseUrl = options.baseUrl ?? "https://api.test"
  const http = HttpClient.make((request, url) =>
    Effect.map(
      Effect.suspend(() =>
        handler(
          new Request(url, {
            method: request.method,
            headers: request.headers,
            ...(request.body._tag === "Uint8Array" ? { body: new Uint8Array(request.body.body) } : {})
          })
        )
      ),
      (response) => HttpClientResponse.fromWeb(request, response)
    )
  )
  return Layer.fresh(ApiClient.layer.pipe(
    Layer.provide(Authorization.layer),
    Layer.provideMerge(options.tokens ?? TestTokenCache.layer()),
    Layer.provide(ClientConfig.layer({
      tokenUrl: "https://auth.test/token",
      clientId: "test-client",
      clientSecret: Redacted.make("test-secret"),
      apiBaseUrl: baseUrl
    })),
    Layer.provide(Layer.succeed(HttpClient.HttpClient, http))
  ))
}
