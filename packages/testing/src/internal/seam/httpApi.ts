/**
 * An `HttpApi` as a function from a request to a response.
 */
import type * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/** The service that the layer of an API provides. */
export type Api = HttpApi.Api

/** The services that the layer of an API requires of its server. */
export type Server = HttpApiBuilder.Router | HttpApiBuilder.Middleware

export const layerServer = Layer.mergeAll(
  HttpApiBuilder.Router.Live,
  HttpApiBuilder.Middleware.layer,
  HttpServer.layerContext
)

/** Returns the handler of the API that is built on this server. */
export const handler = Effect.gen(function*() {
  const app = yield* HttpApiBuilder.httpApp
  const context = yield* Effect.context<never>()
  return (request: Request) =>
    app.pipe(
      Effect.provideService(HttpServerRequest.HttpServerRequest, HttpServerRequest.fromWeb(request)),
      Effect.map((response) => HttpServerResponse.toWeb(response)),
      Effect.scoped,
      Effect.mapInputContext((_: Context.Context<never>) => Context.merge(context, _) as Context.Context<unknown>)
    ) as Effect.Effect<Response>
})
