/** Observers of requests: each sees every request within it, whatever a program sets nearer to the transport. */
import { FetchHttpClient, HttpClient } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Option } from "effect"

import { withFiber } from "../../src/internal/seam/fiber.js"
import * as forks from "../../src/internal/seam/forks.js"
import * as transport from "../../src/internal/seam/transport.js"
import { changes as ofMajor } from "../support/changes.js"
import * as fakeHttp from "../support/fakeHttp.js"

type Change = (client: HttpClient.HttpClient) => HttpClient.HttpClient

const { layer } = fakeHttp.make(() => Effect.sync(() => Response.json({})))

const url = "https://api.example.com/items"

const recording = (): transport.Observer & { readonly seen: ReadonlyArray<string> } => {
  const seen: Array<string> = []
  return {
    seen,
    isTraced: true,
    onSend: (request) => {
      seen.push(request.url)
      return "sent"
    }
  }
}

const begun = (observer: transport.Observer) => <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  withFiber((fiber) => {
    const end = transport.begin(fiber, observer)
    assert.isDefined(end)
    return Effect.ensuring(effect, Effect.sync(() => end?.()))
  })

const observed = (observer: transport.Observer) => <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  transport.observed(effect, observer)

const changes: Readonly<Record<string, Change>> = {
  "nothing": (client) => client,
  "a predicate": HttpClient.withTracerDisabledWhen(() => true),
  "no tracing": (client) => HttpClient.transformResponse(client, Effect.withTracerEnabled(false)),
  ...ofMajor
}

const ways = { begun, observed }

const send = (change: Change) => Effect.flatMap(HttpClient.HttpClient, (client) => change(client).get(url))

describe("a request within two observers is seen by both", () => {
  for (const [outerName, outerWay] of Object.entries(ways)) {
    for (const [innerName, innerWay] of Object.entries(ways)) {
      for (const [name, change] of Object.entries(changes)) {
        // `begin` is for a client that replaces nothing.
        if (innerName === "begun" && name !== "nothing") continue
        it.effect(`${innerName} within ${outerName}, above ${name}`, () =>
          Effect.gen(function*() {
            const [outer, inner] = [recording(), recording()]
            const both = outerWay(outer)(innerWay(inner)(send(change)))
            yield* both
            yield* both
            assert.deepStrictEqual([outer.seen, inner.seen], [[url, url], [url, url]])
            yield* send(change)
            assert.lengthOf([...outer.seen, ...inner.seen], 4)
          }).pipe(Effect.provide(layer)))
      }
    }
  }
})

describe("an observer", () => {
  it.effect("forbids redirects of its request, not of later ones", () =>
    Effect.gen(function*() {
      const redirects: Array<string | undefined> = []
      const { layer } = fakeHttp.make(() =>
        Effect.map(Effect.serviceOption(FetchHttpClient.RequestInit), (init) => {
          redirects.push(Option.getOrUndefined(init)?.redirect)
          return Response.json({})
        })
      )
      const sent = send((client) => client)
      const both = Effect.zipRight(observed({ ...recording(), onSend: () => "manual" })(sent), sent)
      yield* Effect.provide(both, layer)
      assert.deepStrictEqual(redirects, ["manual", undefined])
    }))

  it.effect("sees no request of an effect that runs as its fiber was before", () =>
    Effect.gen(function*() {
      const [first, later, inner] = [recording(), recording(), recording()]
      const sent = send((client) => client)
      yield* begun(first)(sent)
      const as = yield* forks.asNow
      for (const effect of [sent, begun(inner)(sent)]) {
        yield* begun(later)(Effect.flatMap(Effect.fork(as(Effect.provide(effect, layer))), Fiber.join))
      }
      assert.deepStrictEqual([first.seen, later.seen, inner.seen], [[url], [], [url]])
    }).pipe(Effect.provide(layer)))

  for (const [name, change] of Object.entries(changes)) {
    it.effect(`leaves the tracer to the program, above ${name}`, () =>
      Effect.gen(function*() {
        const tracer = yield* Effect.tracer
        yield* observed(recording())(send(change))
        assert.strictEqual(yield* Effect.tracer, tracer)
      }).pipe(Effect.provide(layer)))

    it.effect(`receives the result and the end of each request, above ${name}`, () =>
      Effect.gen(function*() {
        const results: Array<number | undefined> = []
        let ended = 0
        const observer = {
          ...recording(),
          onResult: (_: unknown, result: transport.Result) => void results.push(transport.responseOf(result)?.status),
          onEnd: () => {
            ended += 1
          }
        }
        yield* observed(observer)(send(change))
        assert.deepStrictEqual([observer.seen, [...new Set(results)], ended], [[url], [200], 1])
      }).pipe(Effect.provide(layer)))
  }
})

describe("a URL", () => {
  it("is shown with its origin and its path only", () => {
    assert.strictEqual(
      transport.shownUrl(new URL("https://user:password@api.example.com:8443/items?key=secret#part")),
      "https://api.example.com:8443/items"
    )
    assert.strictEqual(transport.shownUrl(undefined), "an invalid URL")
  })
})
