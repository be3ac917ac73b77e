// Specific to Effect 4: Effect 3 has no middleware of clients.
import { inspect } from "node:util"

import { assert, describe, it } from "@effect/vitest"
import { ApiClient, OAuthError, ReplaySchedule } from "@effect-oauth/client-credentials"
import * as ApiMiddleware from "@effect-oauth/client-credentials/ApiMiddleware"
import type { Exit } from "effect"
import { Cause, Effect, Layer, Logger, Schedule, Schema, Stream, Tracer } from "effect"
import type { HttpClientError } from "effect/http"
import { HttpClient, HttpClientRequest } from "effect/http"
import {
  HttpApi,
  HttpApiClient,
  HttpApiEndpoint,
  HttpApiError,
  HttpApiGroup,
  HttpApiMiddleware,
  HttpApiSchema,
  HttpApiSecurity
} from "effect/http-api"

import * as fakeHttp from "./support/fakeHttp.js"
import * as scenario from "./support/scenario.js"

class WithToken extends HttpApiMiddleware.Service<WithToken, { clientError: OAuthError.OAuthError }>()("WithToken", {
  requiredForClient: true,
  security: { bearer: HttpApiSecurity.bearer },
  error: HttpApiError.Unauthorized
}) {}

const Ok = Schema.Struct({ ok: Schema.Boolean })

const Inventory = HttpApi.make("inventory").add(
  HttpApiGroup.make("items", { topLevel: true })
    .add(HttpApiEndpoint.get("list", "/items", { query: { page: Schema.String }, success: Ok }).middleware(WithToken))
    .add(
      HttpApiEndpoint.post("add", "/items", { payload: Schema.Struct({ sku: Schema.String }), success: Ok }).middleware(
        WithToken
      )
    )
    .add(
      HttpApiEndpoint.post("upload", "/files", { payload: HttpApiSchema.StreamUint8Array(), success: Ok }).middleware(
        WithToken
      )
    )
    .add(HttpApiEndpoint.get("ping", "/ping", { success: Ok }))
)

const baseUrl = "https://api.example.com/v1"

const page = { query: { page: "2" } }

/** Creates the servers, and a typed client on a separate `HttpClient`, as in a program. */
const make = (
  answer: scenario.Answer,
  more: Parameters<typeof scenario.make>[1] = {},
  issue?: Parameters<typeof scenario.make>[2]
) => {
  const { calls, counts, layer } = scenario.make(answer, more, issue)
  let count = 0
  const http = fakeHttp.make((one) => Effect.suspend(() => answer(one, count += 1)))
  return {
    counts,
    // Those of the `HttpClient` that the `ApiClient` was made with: none but token requests.
    ofApiClient: calls,
    sent: http.sent,
    layer: Layer.merge(ApiMiddleware.layer(WithToken).pipe(Layer.provideMerge(layer)), http.layer)
  }
}

/** A 401 as the API declares it. */
const unauthorized: scenario.Answer = () => Effect.sync(() => Response.json({ _tag: "Unauthorized" }, { status: 401 }))

const client = (base: string = baseUrl) => HttpApiClient.make(Inventory, { baseUrl: base })

const list = Effect.flatMap(client(), (inventory) => inventory.list(page))

const shown = (sent: ReadonlyArray<fakeHttp.Sent>) =>
  sent.map((one) => `${one.method} ${one.url} ${scenario.bearerOf(one) ?? "without"}`)

describe("ApiMiddleware", () => {
  it.effect("sends the token with calls to endpoints that declare the middleware", () => {
    const { counts, layer, ofApiClient, sent } = make(scenario.ok)
    return Effect.gen(function*() {
      const inventory = yield* client()
      assert.deepStrictEqual(yield* inventory.list(page), { ok: true })
      assert.deepStrictEqual(yield* inventory.add({ payload: { sku: "SKU-1" } }), { ok: true })
      assert.deepStrictEqual(shown(sent), [
        "GET https://api.example.com/v1/items?page=2 Bearer token-1",
        "POST https://api.example.com/v1/items Bearer token-1"
      ])
      assert.strictEqual(sent[1]?.body, "{\"sku\":\"SKU-1\"}")
      assert.strictEqual(counts.tokens, 1)
      assert.deepStrictEqual(ofApiClient(), [])
    }).pipe(Effect.provide(layer))
  })

  it.effect("sends no token with calls to other endpoints, and requests none for them", () => {
    const { counts, layer, sent } = make(scenario.ok)
    return Effect.gen(function*() {
      const inventory = yield* client()
      assert.deepStrictEqual(yield* inventory.ping(), { ok: true })
      assert.strictEqual(counts.tokens, 0)
      yield* inventory.list(page)
      yield* inventory.ping()
      assert.deepStrictEqual(shown(sent).filter((one) => one.includes("/ping")), [
        "GET https://api.example.com/v1/ping without",
        "GET https://api.example.com/v1/ping without"
      ])
    }).pipe(Effect.provide(layer))
  })

  it.effect("replaces a token that was revoked, once for all calls", () => {
    let valid = "token-1"
    const { counts, layer, sent } = make(scenario.accepts(() => valid))
    return Effect.gen(function*() {
      yield* list
      valid = "token-2"
      yield* Effect.all(Array.from({ length: 20 }, () => list), { concurrency: "unbounded" })
      assert.strictEqual(counts.tokens, 2)
      const before = sent.length
      yield* list
      assert.deepStrictEqual(shown(sent.slice(before)), ["GET https://api.example.com/v1/items?page=2 Bearer token-2"])
    }).pipe(Effect.provide(layer))
  })

  it.effect("sends the body again with the new token", () => {
    const { layer, sent } = make(scenario.accepts(() => "token-2"))
    return Effect.gen(function*() {
      yield* (yield* client()).add({ payload: { sku: "SKU-1" } })
      assert.deepStrictEqual(sent.map(({ body }) => body), ["{\"sku\":\"SKU-1\"}", "{\"sku\":\"SKU-1\"}"])
    }).pipe(Effect.provide(layer))
  })

  it.effect("does not send a stream again: the next call has the new token", () => {
    const accepts = scenario.accepts(() => "token-2")
    const { layer, sent } = make((one, count) => count === 1 ? unauthorized(one, count) : accepts(one, count))
    return Effect.gen(function*() {
      const inventory = yield* client()
      const error = yield* Effect.flip(inventory.upload({ payload: Stream.make(new Uint8Array([1])) }))
      assert.strictEqual(error._tag, "Unauthorized")
      assert.strictEqual(sent.length, 1)
      assert.deepStrictEqual(yield* inventory.list(page), { ok: true })
    }).pipe(Effect.provide(layer))
  })

  it.effect("fails with the declared error where the API rejects every token, and bounds the tokens", () => {
    const { counts, layer } = make(unauthorized)
    return Effect.gen(function*() {
      for (let call = 0; call < 100; call += 1) {
        assert.strictEqual((yield* Effect.flip(list))._tag, "Unauthorized")
      }
      assert.isAtMost(counts.tokens, 3)
    }).pipe(Effect.provide(layer))
  })

  it.effect("replays by the schedule of the client's layer", () => {
    const { layer, sent } = make(unauthorized)
    return Effect.gen(function*() {
      yield* Effect.flip(list)
      assert.strictEqual(sent.length, 1)
    }).pipe(Effect.provide(layer.pipe(Layer.provide(Layer.succeed(ReplaySchedule.ReplaySchedule, Schedule.recurs(0))))))
  })

  for (
    const [base, tag] of [
      ["https://evil.example/v1", "OriginNotAllowed"],
      ["http://api.example.com/v1", "OriginNotAllowed"],
      ["https://api.example.com/v2", "PathNotAllowed"]
    ] as const
  ) {
    it.effect(`sends nothing to ${base}, and fails with ${tag}`, () => {
      const { layer, sent } = make(scenario.ok)
      return Effect.gen(function*() {
        // Also after calls that were allowed.
        for (let call = 0; call < 3; call += 1) yield* list
        const before = sent.length
        const inventory = yield* client(base)
        for (let call = 0; call < 3; call += 1) {
          assert.strictEqual((yield* Effect.flip(inventory.list(page)))._tag, tag)
        }
        assert.strictEqual(sent.length, before)
      }).pipe(Effect.provide(layer))
    })
  }

  it.effect("fails with the error of the token endpoint, as a type of the call, and sends nothing", () => {
    const { layer, sent } = make(scenario.ok, {}, () => Response.json({ error: "invalid_client" }, { status: 401 }))
    return Effect.gen(function*() {
      assert.strictEqual(
        yield* Effect.catchTag(list, "TokenErrorResponse", ({ error }) => Effect.succeed(error)),
        "invalid_client"
      )
      assert.deepStrictEqual(sent, [])
    }).pipe(Effect.provide(layer))
  })

  it.effect("fails with the error of a challenge that a new token does not change", () => {
    const { counts, layer } = make(() =>
      Effect.sync(() => scenario.reject("Bearer error=\"insufficient_scope\", scope=\"write\"", 403))
    )
    return Effect.gen(function*() {
      const error = yield* Effect.flip(list)
      assert.isTrue(OAuthError.isOAuthError(error))
      assert.strictEqual(error._tag, "InsufficientScope")
      assert.strictEqual(counts.tokens, 1)
    }).pipe(Effect.provide(layer))
  })

  it.effect("leaves calls alone that are made beneath it, with a client of another kind", () => {
    const { layer, sent } = make(scenario.ok)
    return Effect.gen(function*() {
      const inventory = yield* HttpApiClient.make(Inventory, {
        transformClient: (http) =>
          HttpClient.mapRequestEffect(http, (request) =>
            Effect.as(
              Effect.ignore(http.get("https://other.example/flags")),
              HttpClientRequest.prependUrl(request, baseUrl)
            ))
      })
      yield* inventory.list(page)
      assert.deepStrictEqual(shown(sent), [
        "GET https://other.example/flags without",
        "GET https://api.example.com/v1/items?page=2 Bearer token-1"
      ])
    }).pipe(Effect.provide(layer))
  })

  it.effect("leaves calls of the ApiClient alone that are made beneath it", () => {
    const { layer, ofApiClient, sent } = make(scenario.ok)
    return Effect.gen(function*() {
      const api = yield* ApiClient.ApiClient
      const inventory = yield* HttpApiClient.make(Inventory, {
        baseUrl,
        transformClient: HttpClient.mapRequestEffect((request) => Effect.as(Effect.ignore(api.get("/flags")), request))
      })
      yield* inventory.list(page)
      assert.deepStrictEqual(shown(ofApiClient()), ["GET https://api.example.com/v1/flags Bearer token-1"])
      assert.deepStrictEqual(shown(sent), ["GET https://api.example.com/v1/items?page=2 Bearer token-1"])
    }).pipe(Effect.provide(layer))
  })

  it.effect("sends nothing elsewhere by a client that decides itself about spans", () => {
    const { layer, sent } = make(scenario.ok)
    return Effect.gen(function*() {
      const api = yield* ApiClient.ApiClient
      // From then on it is known that this client does not replace the predicate by which sends are observed.
      yield* api.get("/items")
      const inventory = yield* HttpApiClient.make(Inventory, {
        baseUrl: "https://evil.example",
        transformClient: HttpClient.transformResponse(Effect.provideService(HttpClient.TracerDisabledWhen, () => false))
      })
      assert.strictEqual((yield* Effect.flip(inventory.list(page)))._tag, "OriginNotAllowed")
      assert.deepStrictEqual(sent, [])
    }).pipe(Effect.provide(layer))
  })

  it.effect("shows no token in responses, errors, spans and logs", () => {
    const texts: Array<string> = []
    const show = (value: unknown) => void texts.push(inspect(value, { depth: Infinity, showHidden: true }))
    const tracer = Tracer.make({
      span: (options) => {
        const span = new Tracer.NativeSpan(options)
        const { end } = span
        return Object.assign(span, {
          end: (time: bigint, exit: Exit.Exit<unknown, unknown>) => {
            show([span.name, [...span.attributes], exit])
            end.call(span, time, exit)
          }
        })
      }
    })
    const logger = Logger.layer([Logger.make(({ cause, message }) => show([message, Cause.pretty(cause)]))])
    const { layer } = make((_, count) =>
      count === 1
        ? Effect.sync(() => scenario.reject())
        : Effect.sync(() => new Response("not what was declared", { status: 200 + count }))
    )
    return Effect.gen(function*() {
      const inventory = yield* client()
      const exit = yield* Effect.exit(inventory.list(page))
      show(exit)
      yield* Effect.logError("failed", exit)
      const response = yield* inventory.list({ ...page, responseMode: "response-only" })
      show(response)
      const text = texts.join("\n")
      assert.include(text, "oauth.api.replay")
      assert.notMatch(text, /token-\d/)
      assert.notInclude(text, scenario.secret)
    }).pipe(Effect.provide(Layer.merge(layer, logger)), Effect.provideService(Tracer.Tracer, tracer))
  })

  it("does not type-check for a middleware that does not declare the errors, or is not required", () => {
    class Silent extends HttpApiMiddleware.Service<Silent>()("Silent", { requiredForClient: true }) {}
    class Optional extends HttpApiMiddleware.Service<Optional, { clientError: OAuthError.OAuthError }>()("Optional") {}
    // @ts-expect-error the middleware declares no error of clients
    assert.isDefined(ApiMiddleware.layer(Silent))
    // @ts-expect-error clients do not need the middleware
    assert.isDefined(ApiMiddleware.layer(Optional))
    const call: Effect.Effect<
      typeof Ok.Type,
      HttpApiError.Unauthorized | OAuthError.OAuthError | HttpClientError.HttpClientError | Schema.SchemaError,
      HttpClient.HttpClient | HttpApiMiddleware.ForClient<WithToken>
    > = list
    assert.isDefined(call)
  })
})
