/**
 * An `HttpApi` as a function from a request to a response. In Effect 4, the layer of an API adds its routes to a router.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type * as Etag from "effect/http/Etag"
import * as HttpEffect from "effect/http/HttpEffect"
import type * as HttpPlatform from "effect/http/HttpPlatform"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import type * as Path from "effect/Path"

/** Output of the layer of an API. */
export type Api = never

/** Server services that the layer of an API requires. */
export type Server =
  | HttpRouter.HttpRouter
  | Etag.Generator
  | FileSystem.FileSystem
  | HttpPlatform.HttpPlatform
  | Path.Path

export const layerServer = Layer.mergeAll(HttpRouter.layer, HttpServer.layerServices)

/** Returns the handler of the API that is built on this server. */
export const handler = Effect.gen(function*() {
  const router = yield* HttpRouter.HttpRouter
  const context = yield* Effect.context<never>()
  return (request: Request) =>
    Effect.suspend(() => {
      let answer = new Response()
      return HttpEffect.toHandled(router.asHttpEffect(), (_, response) => {
        answer = HttpServerResponse.toWeb(response, { context })
        return Effect.void
      }).pipe(
        Effect.provideService(HttpServerRequest.HttpServerRequest, HttpServerRequest.fromWeb(request)),
        Effect.updateContext((_: Context.Context<never>) => Context.merge(context, _)),
        Effect.map(() => answer)
      )
    })
})
