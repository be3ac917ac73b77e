/**
 * A protected API in memory: it checks what it is sent against the authorization server of the test, and answers as you
 * say.
 *
 * @since 0.1.0
 */
import type * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"

import * as faultScript from "./internal/faults.js"
import type * as host from "./internal/host.js"
import * as proofs from "./internal/proofs.js"
import { type Issued, TestAuthorizationServer } from "./TestAuthorizationServer.js"

/**
 * What the API does with a call that it lets in.
 *
 * @since 0.1.0
 * @category models
 */
export type Handler = (request: Request, token: Issued) => Effect.Effect<Response>

/**
 * How the API behaves. All have defaults.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Default: `https://api.test`. */
  readonly baseUrl?: string | undefined
  /** Default: 200 with `{}`. */
  readonly handler?: Handler | undefined
  /** The scope that every call needs; without it the answer is 403 `insufficient_scope`. Default: none. */
  readonly requiredScope?: ReadonlyArray<string> | undefined
  /** The audience or resource that tokens must be for. Default: any. */
  readonly audience?: string | undefined
  /** Whether proofs must have a nonce (RFC 9449 section 9). Default: false. */
  readonly requireNonce?: boolean | undefined
}

/**
 * A call that arrived.
 *
 * @since 0.1.0
 * @category models
 */
export class Call extends Data.Class<{
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly method: string
  readonly url: string
  /** Which program calls, by what it says (RFC 9110 section 10.1.5). */
  readonly userAgent: string | undefined
  /** The number of its token at the authorization server; undefined when it is none of that server's. */
  readonly token: number | undefined
  /** Of the answer; undefined when there was none. */
  readonly status: number | undefined
}> {}

/**
 * The API, from the point of view of a test.
 *
 * @since 0.1.0
 * @category models
 */
export interface TestApi {
  readonly baseUrl: string
  /** What the next calls meet. */
  readonly faults: faultScript.Faults<{ readonly method: string; readonly url: URL }>
  /** Everything that arrived, in order. */
  readonly calls: Effect.Effect<ReadonlyArray<Call>>
  /** Refuses tokens that are valid, as an API does that has not heard of them yet. */
  readonly refuse: (which: (token: Issued) => boolean) => Effect.Effect<void>
  /** The API itself. */
  readonly host: host.Host
}

/**
 * The API of a test.
 *
 * @since 0.1.0
 * @category tags
 */
export const TestApi = Context.GenericTag<TestApi>("@effect-oauth/testing/TestApi")

/**
 * An API of its own.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<TestApi, never, TestAuthorizationServer> =>
  Effect.gen(function*() {
    const server = yield* TestAuthorizationServer
    const baseUrl = options.baseUrl ?? "https://api.test"
    const handler = options.handler ?? (() => Effect.sync(() => Response.json({})))
    const calls = yield* Ref.make<ReadonlyArray<Call>>([])
    const refused = yield* Ref.make<(token: Issued) => boolean>(() => false)
    const script = faultScript.make<{ readonly method: string; readonly url: URL }>()
    const checkProof = proofs.make()
    const nonce = "nonce-of-the-api"

    const refuse = (scheme: string, error: string | undefined, status = 401, more = "") =>
      new Response("", {
        status,
        headers: {
          "www-authenticate": `${scheme} realm="test"${error === undefined ? "" : `, error="${error}"`}${more}`,
          ...(options.requireNonce === true ? { "dpop-nonce": nonce } : {})
        }
      })

    const judge = (incoming: host.Incoming, note: (token: Issued) => void): Effect.Effect<Response> =>
      Effect.gen(function*() {
        const [scheme = "", value = ""] = (incoming.headers["authorization"] ?? "").split(" ")
        if (scheme === "") return refuse("Bearer", undefined)
        const verdict = yield* server.verify(value)
        if (verdict._tag === "Inactive") return refuse(scheme, "invalid_token")
        const { token } = verdict
        note(token)
        if ((yield* Ref.get(refused))(token)) return refuse(scheme, "invalid_token")
        if (scheme !== (token.thumbprint === undefined ? "Bearer" : "DPoP")) return refuse(scheme, "invalid_token")
        if (token.thumbprint !== undefined) {
          const checked = yield* checkProof(incoming.headers["dpop"] ?? "", {
            method: incoming.method,
            url: incoming.url,
            accessToken: value
          })
          if (checked._tag === "Unsound" || checked.thumbprint !== token.thumbprint) {
            return refuse("DPoP", "invalid_dpop_proof")
          }
          if (options.requireNonce === true && checked.nonce !== nonce) return refuse("DPoP", "use_dpop_nonce")
        }
        if (options.audience !== undefined && !token.audience.includes(options.audience)) {
          return refuse(scheme, "invalid_token")
        }
        const { requiredScope = [] } = options
        if (!requiredScope.every((name) => token.scope.includes(name))) {
          return refuse(scheme, "insufficient_scope", 403, `, scope="${requiredScope.join(" ")}"`)
        }
        const { body, headers, method, url } = incoming
        const request = new Request(url, {
          method,
          headers,
          ...(method === "GET" || method === "HEAD" ? {} : { body: new Uint8Array(body) })
        })
        return yield* handler(request, token)
      })

    const handle = (incoming: host.Incoming) =>
      Effect.gen(function*() {
        const { method, url } = incoming
        let entry = new Call({
          at: yield* Clock.currentTimeMillis,
          method,
          url: url.href,
          userAgent: incoming.headers["user-agent"],
          token: undefined,
          status: undefined
        })
        const index = yield* Ref.modify(calls, (all) => [all.length, [...all, entry]])
        const fault = yield* script.take({ method, url })
        return yield* faultScript.apply(
          fault,
          judge(incoming, (token) => {
            entry = new Call({ ...entry, token: token.number })
          })
        ).pipe(
          Effect.tap((response) =>
            Effect.sync(() => {
              entry = new Call({ ...entry, status: response.status })
            })
          ),
          Effect.ensuring(
            Effect.suspend(() =>
              Ref.update(calls, (all) => all.map((one, position) => position === index ? entry : one))
            )
          )
        )
      })

    return {
      baseUrl,
      faults: script.faults,
      calls: Ref.get(calls),
      refuse: (which) => Ref.set(refused, which),
      host: { origin: new URL(baseUrl).origin, handle }
    }
  })

/**
 * The API as a layer, from a handler.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options?: Options): Layer.Layer<TestApi, never, TestAuthorizationServer> =>
  Layer.effect(TestApi, make(options))

/**
 * The API as a layer, from your own `HttpApi`: the layer that `HttpApiBuilder.api` makes, with its groups.
 *
 * @example
 * import { HttpApi, HttpApiBuilder, HttpApiEndpoint, HttpApiGroup } from "@effect/platform"
 * import { TestApi } from "@effect-oauth/testing"
 * import { Effect, Layer, Schema } from "effect"
 *
 * class Inventory extends HttpApi.make("inventory").add(
 *   HttpApiGroup.make("items").add(HttpApiEndpoint.get("count", "/count").addSuccess(Schema.Number))
 * ) {}
 *
 * const Items = HttpApiBuilder.group(Inventory, "items", (handlers) =>
 *   handlers.handle("count", () => Effect.succeed(8)))
 *
 * export const Api = TestApi.layerHttpApi(HttpApiBuilder.api(Inventory).pipe(Layer.provide(Items)))
 *
 * @since 0.1.0
 * @category layers
 */
export const layerHttpApi = <E, R>(
  api: Layer.Layer<HttpApi.Api, E, R>,
  options: Omit<Options, "handler"> = {}
): Layer.Layer<TestApi, E, TestAuthorizationServer | Exclude<R, HttpApiBuilder.Router | HttpApiBuilder.Middleware>> =>
  Layer.effect(
    TestApi,
    Effect.gen(function*() {
      const app = yield* HttpApiBuilder.httpApp
      const context = yield* Effect.context<never>()
      const handler: Handler = (request) =>
        app.pipe(
          Effect.provideService(HttpServerRequest.HttpServerRequest, HttpServerRequest.fromWeb(request)),
          Effect.map((response) => HttpServerResponse.toWeb(response)),
          Effect.scoped,
          Effect.mapInputContext((_: Context.Context<never>) => Context.merge(context, _) as Context.Context<unknown>)
        ) as Effect.Effect<Response>
      return yield* make({ ...options, handler })
    })
  ).pipe(
    Layer.provide(api),
    Layer.provide([HttpApiBuilder.Router.Live, HttpApiBuilder.Middleware.layer, HttpServer.layerContext])
  ) as Layer.Layer<TestApi, E, TestAuthorizationServer | Exclude<R, HttpApiBuilder.Router | HttpApiBuilder.Middleware>>
