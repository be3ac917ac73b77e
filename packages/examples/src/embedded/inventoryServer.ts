/**
 * The inventory API on loopback. It introspects the token of every call at the authorization server (RFC 7662), so that
 * a revocation takes effect with the next call.
 */
import * as Http from "node:http"

import {
  Headers,
  HttpApiBuilder,
  HttpClient,
  HttpClientRequest,
  HttpClientResponse,
  HttpLayerRouter,
  HttpServer,
  HttpServerRequest,
  HttpServerResponse
} from "@effect/platform"
import { NodeHttpServer } from "@effect/platform-node"
import { Effect, Layer, Option, Redacted, Schema } from "effect"

import { InventoryApi, Item, UnknownItem } from "../inventory/InventoryApi.js"
import type { AuthorizationServer, Client } from "./authorizationServer.js"

export interface Options {
  readonly authorizationServer: AuthorizationServer
  /** The client with which the API introspects tokens. */
  readonly introspectAs: Client
  /** The clients whose tokens the API accepts. */
  readonly accept: ReadonlyArray<string>
  /** A legacy token that the API accepts as well, by basic auth. */
  readonly legacy?: Client
}

export interface InventoryServer {
  readonly baseUrl: string
  /** The number of calls answered with 401 so far. */
  readonly rejections: Effect.Effect<number>
}

const items = ["bolt", "nut", "washer", "bracket", "hinge", "spring", "gasket", "bearing"].map((name, index) =>
  new Item({ sku: `SKU-${index + 1}`, name, quantity: 100 * (index + 1) })
)

const ItemsLive = HttpApiBuilder.group(InventoryApi, "items", (handlers) =>
  handlers
    .handle("list", () => Effect.succeed(items))
    .handle("find", ({ path }) =>
      Effect.fromNullable(items.find(({ sku }) => sku === path.sku)).pipe(
        Effect.mapError(() => new UnknownItem(path))
      )))

const Introspection = Schema.Struct({ active: Schema.Boolean, client_id: Schema.optional(Schema.String) })

const reject = (challenge: string) =>
  HttpServerResponse.unsafeJson({ error: "unauthorized" }, { status: 401, headers: { "www-authenticate": challenge } })

/** Accepts calls with a token that is active and belongs to an accepted client; rejects others with 401. */
const protect = (options: Options, client: HttpClient.HttpClient, rejected: () => void) => {
  const basicAuth = ({ id, secret }: Client) =>
    `Basic ${Buffer.from(`${id}:${Redacted.value(secret)}`).toString("base64")}`
  const legacy = options.legacy && basicAuth(options.legacy)

  const isActive = (token: string) =>
    HttpClientRequest.post(options.authorizationServer.introspectionUrl).pipe(
      HttpClientRequest.bodyUrlParams({
        client_id: options.introspectAs.id,
        client_secret: Redacted.value(options.introspectAs.secret),
        token
      }),
      client.execute,
      Effect.flatMap(HttpClientResponse.schemaBodyJson(Introspection)),
      Effect.map(({ active, client_id }) => active && client_id !== undefined && options.accept.includes(client_id)),
      Effect.orDie
    )

  const middleware = <E, R>(app: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>) =>
    Effect.gen(function*() {
      const request = yield* HttpServerRequest.HttpServerRequest
      const authorization = Option.getOrElse(Headers.get(request.headers, "authorization"), () => "")
      const bearer = /^Bearer ([A-Za-z0-9\-._~+/]+=*)$/i.exec(authorization)?.[1]
      if (authorization === legacy || (bearer !== undefined && (yield* isActive(bearer)))) {
        return yield* app
      }
      rejected()
      return reject(bearer === undefined ? "Bearer realm=\"inventory\"" : "Bearer error=\"invalid_token\"")
    })
  return HttpLayerRouter.middleware(middleware, { global: true })
}

export const start = (options: Options) =>
  Effect.gen(function*() {
    const client = yield* HttpClient.HttpClient
    let rejections = 0
    const protection = protect(options, client, () => {
      rejections += 1
    })
    const Api = Layer.provide(HttpLayerRouter.addHttpApi(InventoryApi), ItemsLive)
    const context = yield* Layer.build(
      HttpLayerRouter.serve(Layer.merge(Api, protection), { disableListenLog: true, disableLogger: true }).pipe(
        Layer.provideMerge(NodeHttpServer.layer(Http.createServer, { host: "127.0.0.1", port: 0 }))
      )
    )
    const server: InventoryServer = {
      baseUrl: yield* HttpServer.addressFormattedWith(Effect.succeed).pipe(Effect.provide(context)),
      rejections: Effect.sync(() => rejections)
    }
    return server
  })
