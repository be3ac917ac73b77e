/** A call leaves the settings of its fiber to the program: options of the transport, tracers and spans. */
import { FetchHttpClient, HttpClient } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { ApiClient, ClientCredentials } from "@effect-oauth/client-credentials"
import { Effect, Layer, Option } from "effect"

import * as fakeHttp from "../support/fakeHttp.js"
import * as scenario from "../support/scenario.js"
import * as spans from "../support/spans.js"

type Change = (client: HttpClient.HttpClient) => HttpClient.HttpClient

const elsewhere = "https://elsewhere.example.com/"

const untraced: Change = HttpClient.transformResponse(Effect.withTracerEnabled(false))

/** Records the options of `fetch` by the URL of the request. */
const world = (dpop: boolean, change: Change) => {
  const seen: Array<readonly [url: string, init: RequestInit | undefined]> = []
  const { layer } = fakeHttp.make(({ url }) =>
    Effect.map(Effect.serviceOption(FetchHttpClient.RequestInit), (init) => {
      seen.push([url, Option.getOrUndefined(init)])
      return url === scenario.options.tokenUrl
        ? scenario.tokenJson("token-1", { token_type: dpop ? "DPoP" : "Bearer" })
        : Response.json({})
    })
  )
  const changed = Layer.provide(Layer.effect(HttpClient.HttpClient, Effect.map(HttpClient.HttpClient, change)), layer)
  return {
    layer: Layer.provideMerge(ClientCredentials.layer({ ...scenario.options, dpop }), changed),
    initsOf: (of: string) => seen.flatMap(([url, init]) => url.startsWith(of) ? [init] : [])
  }
}

const call = Effect.flatMap(ApiClient.ApiClient, (api) => api.get("/items"))

const request = Effect.flatMap(HttpClient.HttpClient, (client) => client.get(elsewhere))

describe("the options of the program for `fetch`", () => {
  const own: RequestInit = { redirect: "follow", cache: "no-store" }
  for (const [name, init] of [["none", undefined], ["its own", own]] as const) {
    it.effect(`are ${name} for its requests during and after a call with a proof, which follows no redirect`, () =>
      Effect.gen(function*() {
        // The client sends the call twice, and then a request of the program.
        const { initsOf, layer } = world(
          true,
          (client) =>
            HttpClient.transform(client, (response, { url }) =>
              url.startsWith("https://api.")
                ? Effect.tap(Effect.zipRight(response, response), client.get(elsewhere))
                : response)
        )
        const requests = Effect.provide(Effect.zipRight(call, Effect.zipRight(request, call)), layer)
        yield* init === undefined ? requests : Effect.provideService(requests, FetchHttpClient.RequestInit, init)
        assert.deepStrictEqual(
          initsOf(elsewhere).map((one) => ({ ...one })),
          Array.from({ length: 3 }, () => ({ ...init }))
        )
        assert.deepStrictEqual(
          initsOf("https://api."),
          Array.from({ length: 4 }, () => ({ ...init, redirect: "manual" }))
        )
      }))
  }
})

describe("after a call", () => {
  for (const dpop of [false, true]) {
    for (
      const [name, change] of Object.entries(
        { "a traced": (client) => client, "an untraced": untraced } satisfies Record<string, Change>
      )
    ) {
      it.effect(`spans of the program are recorded, if it traces, over ${name} client${dpop ? ", with a proof" : ""}`, () =>
        Effect.gen(function*() {
          const { ended, tracer } = spans.make()
          const { layer } = world(dpop, change)
          const program = Effect.gen(function*() {
            yield* Effect.withSpan(call, "before")
            yield* call
            yield* Effect.withSpan(Effect.void, "after")
          }).pipe(Effect.provide(layer))
          yield* program.pipe(spans.tracedBy(tracer))
          assert.includeMembers(ended.map(({ name }) => name), ["before", "after"])
          ended.length = 0
          yield* program.pipe(spans.tracedBy(tracer), Effect.withTracerEnabled(false))
          assert.lengthOf(ended, 0)
        }))
    }
  }
})
