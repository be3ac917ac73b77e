/**
 * Access token for endpoints of an `HttpApi` that declare a middleware.
 *
 * The index does not export this module, so that programs without an `HttpApi` do not load `effect/http-api`: import it by
 * its path, `@effect-oauth/client-credentials/ApiMiddleware`.
 *
 * @since 4.0.0
 */
// Specific to Effect 4: Effect 3 has no middleware of clients.
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware"
import type * as Layer from "effect/Layer"

import { ApiClient } from "./ApiClient.js"
import { Beneath } from "./internal/http/apiCall.js"
import type { OAuthError } from "./OAuthError.js"

/**
 * Sends the access token with calls to the endpoints that declare a middleware, by the `ApiClient` of the context. Calls to
 * other endpoints are sent without a token.
 *
 * - The middleware declares `requiredForClient: true` and `clientError: OAuthError.OAuthError`; otherwise the layer does not
 *   type-check. The calls of the typed client then fail with an `OAuthError` too, and need this layer.
 * - The `baseUrl` of `HttpApiClient.make` is the `apiBaseUrl` of the client. A call that would lead to another origin fails
 *   with `OriginNotAllowed`, outside the base path with `PathNotAllowed`, and nothing is sent.
 * - A rejected token is replaced and the call sent again as `ApiClient` does it, by `ReplaySchedule`. When all replays are
 *   rejected, the last response is decoded as the API declares it.
 * - Other middlewares of the client may run before this one or after it. Those that run after it, like the `HttpClient`, run
 *   for each replay, and their request has the token.
 *
 * @example
 * import { ClientCredentials, type OAuthError } from "@effect-oauth/client-credentials"
 * import * as ApiMiddleware from "@effect-oauth/client-credentials/ApiMiddleware"
 * import { Effect, Layer, Redacted, Schema } from "effect"
 * import { FetchHttpClient } from "effect/http"
 * import {
 *   HttpApi,
 *   HttpApiClient,
 *   HttpApiEndpoint,
 *   HttpApiGroup,
 *   HttpApiMiddleware,
 *   HttpApiSecurity
 * } from "effect/http-api"
 *
 * class WithToken extends HttpApiMiddleware.Service<WithToken, { clientError: OAuthError.OAuthError }>()("WithToken", {
 *   requiredForClient: true,
 *   security: { bearer: HttpApiSecurity.bearer }
 * }) {}
 *
 * const Inventory = HttpApi.make("inventory").add(
 *   HttpApiGroup.make("items").add(
 *     HttpApiEndpoint.get("list", "/items", { success: Schema.Array(Schema.String) }).middleware(WithToken)
 *   )
 * )
 *
 * const apiBaseUrl = "https://api.example.com/v1"
 *
 * const Api = ClientCredentials.layer({
 *   tokenUrl: "https://auth.example.com/oauth/token",
 *   clientId: "inventory-sync",
 *   clientSecret: Redacted.make("s3cr3t"),
 *   apiBaseUrl
 * })
 *
 * const Token = ApiMiddleware.layer(WithToken).pipe(Layer.provide(Api))
 *
 * export const items = Effect.gen(function*() {
 *   const inventory = yield* HttpApiClient.make(Inventory, { baseUrl: apiBaseUrl })
 *   return yield* inventory.items.list()
 * }).pipe(Effect.provide(Token), Effect.provide(FetchHttpClient.layer))
 *
 * @since 4.0.0
 * @category layers
 */
export const layer = <Id extends HttpApiMiddleware.AnyId, S>(
  middleware:
    & Context.Key<Id, S>
    & ([OAuthError] extends [HttpApiMiddleware.ClientError<Id>] ? unknown
      : "declare requiredForClient: true and clientError: OAuthError.OAuthError")
): Layer.Layer<HttpApiMiddleware.ForClient<Id>, never, ApiClient> =>
  HttpApiMiddleware.layerClient<HttpApiMiddleware.AnyId, S, never, never, ApiClient>(
    middleware,
    Effect.map(ApiClient, (api) => ({ next, request }) => {
      // The URL as the caller wrote it: a client beneath may prepend the base URL. Calls that it makes are separate calls.
      const beneath = HttpClient.makeWith(
        Effect.flatMap((authorized: HttpClientRequest.HttpClientRequest) =>
          Effect.provideService(next(HttpClientRequest.setUrl(authorized, request.url)), Beneath, undefined)
        ),
        Effect.succeed<HttpClientRequest.HttpClientRequest>
      )
      return Effect.provideService(api.execute(request), Beneath, beneath)
    })
  )
