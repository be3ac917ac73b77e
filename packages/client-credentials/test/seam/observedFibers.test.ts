/**
 * A call is observed on its fiber and on those that its `HttpClient` forks; other requests on these fibers are not.
 */
import { HttpClient, HttpClientRequest } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { ApiClient, ClientCredentials } from "@effect-oauth/client-credentials"
import { Deferred, Effect, Exit, Fiber, Layer, ManagedRuntime } from "effect"

import { changes as ofMajor } from "../support/changes.js"
import * as fakeHttp from "../support/fakeHttp.js"
import * as scenario from "../support/scenario.js"

const elsewhere = "https://elsewhere.example.com/"

const world = (change: (client: HttpClient.HttpClient) => HttpClient.HttpClient = (client) => client) => {
  const { layer, sent } = fakeHttp.make(({ url }) =>
    Effect.sync(() => url === scenario.options.tokenUrl ? scenario.tokenJson("token-1") : Response.json({}))
  )
  const changed = Layer.provide(
    Layer.effect(HttpClient.HttpClient, Effect.map(HttpClient.HttpClient, change)),
    layer
  )
  return {
    layer: Layer.provideMerge(ClientCredentials.layer(scenario.options), changed),
    sentElsewhere: () => sent.filter(({ url }) => url === elsewhere).length
  }
}

const call = Effect.flatMap(ApiClient.ApiClient, (api) => api.get("/items"))

const withToken = HttpClientRequest.get(elsewhere, { headers: { authorization: "Bearer token-1" } })

const own = Effect.flatMap(HttpClient.HttpClient, (client) => client.execute(withToken))

/** The first call finds out how to observe the others. */
const counts = [1, 2, 3]

describe("after calls", () => {
  it.effect("the program may send the token anywhere, on the same fiber and on another", () => {
    const { layer, sentElsewhere } = world()
    return Effect.gen(function*() {
      for (const count of counts) {
        yield* call
        yield* own
        yield* Effect.flatMap(Effect.fork(own), Fiber.join)
        assert.strictEqual(sentElsewhere(), 2 * count)
      }
    }).pipe(Effect.provide(layer))
  })

  it.effect("a fiber that the HttpClient forked in a call sends the token to the API only", () =>
    Effect.gen(function*() {
      const ended = yield* Deferred.make<void>()
      const forked: Array<Fiber.Fiber<unknown, unknown>> = []
      const { layer, sentElsewhere } = world((client) =>
        HttpClient.transform(client, (response, { headers, url }) => {
          if (!url.startsWith("https://api.example.com/")) return response
          const late = Effect.zipRight(
            Deferred.await(ended),
            client.execute(HttpClientRequest.get(elsewhere, { headers }))
          )
          return Effect.flatMap(Effect.forkDaemon(late), (fiber) => {
            forked.push(fiber)
            return response
          })
        })
      )
      yield* Effect.provide(Effect.forEach(counts, () => call), layer)
      yield* Deferred.succeed(ended, undefined)
      const exits = yield* Effect.forEach(forked, Fiber.await)
      assert.lengthOf(exits, counts.length)
      assert.isTrue(exits.every(Exit.isFailure))
      assert.strictEqual(sentElsewhere(), 0)
    }))
})

const replacing: Readonly<Record<string, (client: HttpClient.HttpClient) => HttpClient.HttpClient>> = {
  "that sets a predicate of traces": HttpClient.withTracerDisabledWhen(() => true),
  "that disables tracing": HttpClient.transformResponse(Effect.withTracerEnabled(false)),
  ...ofMajor
}

describe("each call sends the token to the API only", () => {
  for (const [name, replace] of Object.entries(replacing)) {
    it.effect(`over an HttpClient ${name}`, () => {
      let isDiverted = false
      const { layer, sentElsewhere } = world((client) =>
        HttpClient.mapRequest(
          replace(client),
          (request) =>
            isDiverted && request.url.startsWith("https://api.example.com/")
              ? HttpClientRequest.setUrl(request, elsewhere)
              : request
        )
      )
      return Effect.gen(function*() {
        for (const _ of counts) {
          yield* call
          isDiverted = true
          assert.strictEqual((yield* Effect.flip(call))._tag, "OriginNotAllowed")
          isDiverted = false
        }
        assert.strictEqual(sentElsewhere(), 0)
      }).pipe(Effect.provide(layer))
    })
  }
})

describe("concurrent calls", () => {
  it("on the fibers of one runtime are observed separately", async () => {
    const waiting: Array<() => void> = []
    const { layer, sentElsewhere } = world((client) =>
      HttpClient.transform(client, (response, { headers, url }) =>
        url.endsWith("/moved")
          // All calls are in progress, and the first one ends first.
          ? Effect.zipRight(
            Effect.promise(() =>
              new Promise<void>((resolve) => {
                waiting.push(resolve)
                if (waiting.length === counts.length) { for (const next of waiting) next() }
              })
            ),
            client.execute(HttpClientRequest.get(elsewhere, { headers }))
          )
          : response)
    )
    // Its fibers begin with the settings of the fiber that built the layer, and sent calls.
    const runtime = ManagedRuntime.make(Layer.provideMerge(Layer.effectDiscard(Effect.zipRight(call, call)), layer))
    const moved = Effect.flatMap(ApiClient.ApiClient, (api) => api.get("/moved"))
    const results = await Promise.allSettled(counts.map(() => runtime.runPromise(moved)))
    assert.deepStrictEqual(results.map(({ status }) => status), counts.map(() => "rejected"))
    assert.strictEqual(sentElsewhere(), 0)
    await runtime.dispose()
  })
})
