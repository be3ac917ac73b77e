/**
 * A tracer receives the attributes and the exit of every span; neither contains a sent or an issued secret.
 */
import type { HttpClientError, HttpClientResponse } from "@effect/platform"
import { Headers, HttpClient, HttpClientRequest } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { ApiClient, ClientCredentials, LegacyToken } from "@effect-oauth/client-credentials"
import { Cause, Effect, Exit, Fiber, Layer, Option, Redacted } from "effect"

import { withFiber } from "../../src/internal/seam/fiber.js"
import * as tracing from "../../src/internal/seam/tracing.js"
import * as fakeHttp from "../support/fakeHttp.js"
import * as httpErrors from "../support/httpErrors.js"
import { redactedNames } from "../support/redactedNames.js"
import * as scenario from "../support/scenario.js"
import * as spans from "../support/spans.js"

const secret = "c4n4ry-s3cr3t"
const issued = "c4n4ry-t0k3n"

type Answer = (sent: fakeHttp.Sent) => Effect.Effect<Response, HttpClientError.HttpClientError>

const repeating = (sent: fakeHttp.Sent, status = 200): Response =>
  Response.json({}, {
    status,
    headers: {
      "x-authorization": sent.headers["authorization"] ?? "",
      "x-token": encodeURIComponent(sent.headers["authorization"]?.replace(/^\w+ /, "") ?? ""),
      "x-lower": encodeURIComponent(sent.headers["authorization"]?.replace(/^\w+ /, "") ?? "").replace(
        /%../g,
        (escape) => escape.toLowerCase()
      ),
      "x-proof": sent.headers["dpop"] ?? "",
      "x-other": "of no interest",
      "set-cookie": `last=${sent.headers["authorization"]?.replace(/^\w+ /, "") ?? ""}; Path=/`
    }
  })

const breaks: Answer = (sent) =>
  Effect.fail(
    httpErrors.ofRequest(HttpClientRequest.post(sent.url, { headers: sent.headers }), "Transport", {
      cause: Object.assign(new Error(JSON.stringify(sent)), { code: "ECONNRESET", sent })
    })
  )

const answers: Readonly<Record<string, Answer>> = {
  "200": (sent) => Effect.sync(() => repeating(sent)),
  "401": (sent) => Effect.sync(() => repeating(sent, 401)),
  "500": (sent) => Effect.sync(() => repeating(sent, 500)),
  "a failed connection": breaks,
  "a defect that is an error of the transport": (sent) => Effect.orDie(breaks(sent)),
  "an interruption": () => Effect.interrupt
}

/** Middleware of the user, with a separate span around each request, and around the creation of the request. */
const withOwnSpans = (client: HttpClient.HttpClient) =>
  HttpClient.transform(client, (effect, request) =>
    Effect.zipRight(
      Effect.withSpan(Effect.succeed(HttpClientRequest.setHeader(request, "x-own", "mine")), "own.request"),
      Effect.withSpan(effect, "own.send", { attributes: { "own.request": JSON.stringify(request.headers) } })
    ))

const network = (tokens: Answer, api: Answer, change: typeof withOwnSpans = withOwnSpans) => {
  const { layer, sent } = fakeHttp.make((one) => one.url.startsWith("https://auth.") ? tokens(one) : api(one))
  return {
    sent,
    layer: Layer.provide(Layer.effect(HttpClient.HttpClient, Effect.map(HttpClient.HttpClient, change)), layer)
  }
}

const assertNothing = (ended: ReadonlyArray<spans.Ended>, sent: ReadonlyArray<fakeHttp.Sent>) => {
  const canaries = [
    "c4n4ry",
    ...sent.flatMap(({ headers }) => [headers["authorization"]?.replace(/^\w+ /, ""), headers["dpop"]]).filter((
      one
    ) => one !== undefined && one !== "")
  ]
  for (const { name, text } of ended) {
    for (const canary of canaries) assert.isFalse(canary !== undefined && text.includes(canary), `${name}: ${canary}`)
  }
}

describe("spans", () => {
  for (const clientAuthentication of ["client_secret_post", "client_secret_basic"] as const) {
    for (const dpop of [false, true]) {
      for (const [name, api] of Object.entries(answers)) {
        it.effect(`contain no secret after ${name} from the API, ${clientAuthentication}${dpop ? ", DPoP" : ""}`, () =>
          Effect.gen(function*() {
            const { ended, tracer } = spans.make()
            const token = () => scenario.tokenJson(issued, { token_type: dpop ? "DPoP" : "Bearer" })
            const { layer, sent } = network(() => Effect.sync(token), api)
            yield* Effect.flatMap(ApiClient.ApiClient, (client) => client.get("/items")).pipe(
              Effect.provide(Layer.provide(
                ClientCredentials.layer({
                  ...scenario.options,
                  clientAuthentication,
                  dpop,
                  clientSecret: Redacted.make(secret)
                }),
                layer
              )),
              Effect.fork,
              Effect.flatMap(Fiber.await),
              spans.tracedBy(tracer)
            )
            const names = ended.map(({ name }) => name)
            assert.includeMembers(names, ["http.client POST", spans.ofRequest("GET"), "own.send", "own.request"])
            assertNothing(ended, sent)
          }))
      }

      for (const [name, tokens] of Object.entries(answers)) {
        it.effect(`contain no secret after ${name} from the token endpoint, ${clientAuthentication}${dpop ? ", DPoP" : ""}`, () =>
          Effect.gen(function*() {
            const { ended, tracer } = spans.make()
            const { layer, sent } = network(tokens, answers["200"] ?? assert.fail())
            yield* Effect.flatMap(ApiClient.ApiClient, (client) => client.get("/items")).pipe(
              Effect.provide(Layer.provide(
                ClientCredentials.layer({
                  ...scenario.options,
                  clientAuthentication,
                  dpop,
                  clientSecret: Redacted.make(secret),
                  tokenCache: { retryTimeout: 0 }
                }),
                layer
              )),
              Effect.fork,
              Effect.flatMap(Fiber.await),
              spans.tracedBy(tracer)
            )
            assert.include(ended.map(({ name }) => name), "http.client POST")
            assertNothing(ended, sent)
          }))
      }
    }
  }

  it.effect("contain no legacy token", () =>
    Effect.gen(function*() {
      for (const api of Object.values(answers)) {
        const { ended, tracer } = spans.make()
        const { layer, sent } = network(() => Effect.die("not reached"), api)
        yield* Effect.flatMap(ApiClient.ApiClient, (client) => client.get("/items")).pipe(
          Effect.provide(Layer.provide(
            LegacyToken.layer({
              apiBaseUrl: "https://api.example.com",
              tokenId: "key-7",
              tokenSecret: Redacted.make(secret)
            }),
            layer
          )),
          Effect.fork,
          Effect.flatMap(Fiber.await),
          spans.tracedBy(tracer)
        )
        assert.include(ended.map(({ name }) => name), spans.ofRequest("GET"))
        assertNothing(ended, sent)
      }
    }))

  const call = (layer: Layer.Layer<ApiClient.ApiClient, unknown>) =>
    Effect.flatMap(ApiClient.ApiClient, (client) => client.get("/items")).pipe(Effect.provide(layer), Effect.orDie)

  it.effect("are the tracer's own: with their parents, attributes, results and propagation", () =>
    Effect.gen(function*() {
      const { ended, tracer } = spans.make()
      const { calls, layer, sent } = scenario.make((sent) => Effect.sync(() => repeating(sent)))
      yield* call(layer).pipe(Effect.withSpan("program"), spans.tracedBy(tracer))
      const span = ended.find(({ name }) => name === spans.ofRequest("GET")) ?? assert.fail("no span")
      assert.strictEqual(
        Option.map(span.parent, ({ _tag, ...rest }) => "name" in rest ? rest.name : "").pipe(Option.getOrNull),
        "program"
      )
      assert.strictEqual(span.attributes.get("http.response.status_code"), 200)
      assert.strictEqual(span.attributes.get("http.request.method"), "GET")
      assert.strictEqual(span.attributes.get("http.response.header.x-other"), "of no interest")
      assert.strictEqual(span.attributes.get("http.response.header.x-token"), "<redacted>")
      assert.strictEqual(span.attributes.get("http.response.header.x-authorization"), "Bearer <redacted>")
      assert(Exit.isSuccess(span.exit))
      const response = span.exit.value as HttpClientResponse.HttpClientResponse
      assert.strictEqual(response.status, 200)
      assert.strictEqual(response.request.url, "https://api.example.com/v1/items")
      assert.match(calls()[0]?.headers["traceparent"] ?? "", /^00-0*trace-span-\d+-01$/)
      // A token request has no span of the platform, so no trace header is sent to the server.
      const [token] = sent
      assert.deepStrictEqual([token?.url, token?.headers["traceparent"], token?.headers["b3"]], [
        scenario.options.tokenUrl,
        undefined,
        undefined
      ])
    }))

  it.effect("of the platform exist only with a tracer, or in a trace that a call continues", () =>
    Effect.gen(function*() {
      const { calls, layer } = scenario.make(scenario.accepts(() => "token-2"))
      const get = Effect.flatMap(ApiClient.ApiClient, (client) => client.get("/items"))
      // The first call is replayed.
      yield* Effect.provide(Effect.all([get, get, Effect.withSpan(get, "program")]), layer)
      assert.deepStrictEqual(calls().map(({ headers }) => "traceparent" in headers), [false, false, false, true])
    }))

  it.effect("opened by a transport are recorded, also those of requests without a span of the platform", () =>
    Effect.gen(function*() {
      const { ended, tracer } = spans.make()
      const { layer, sent } = network(
        () => Effect.sync(() => scenario.tokenJson(issued)).pipe(Effect.withSpan("transport")),
        (one) => Effect.sync(() => repeating(one)).pipe(Effect.withSpan("transport"))
      )
      yield* call(Layer.provide(ClientCredentials.layer(scenario.options), layer)).pipe(spans.tracedBy(tracer))
      assert.lengthOf(sent, 2)
      assert.lengthOf(ended.filter(({ name }) => name === "transport"), 2)
    }))

  it.effect("have the exit of the call", () =>
    Effect.gen(function*() {
      const { ended, tracer } = spans.make()
      const { layer } = scenario.make(breaks)
      yield* Effect.exit(call(layer)).pipe(spans.tracedBy(tracer))
      const span = ended.find(({ name }) => name === spans.ofRequest("GET")) ?? assert.fail("no span")
      assert(Exit.isFailure(span.exit))
      const failure = Cause.squash(span.exit.cause)
      assert.strictEqual(httpErrors.kindOf(failure), "RequestError Transport")
    }))

  it.effect("may come from a tracer whose spans cannot be changed", () =>
    Effect.gen(function*() {
      const { ended, tracer } = spans.make(Object.freeze)
      const { layer, sent } = scenario.make((sent) => Effect.sync(() => repeating(sent)))
      yield* call(layer).pipe(spans.tracedBy(tracer))
      assert.include(ended.map(({ name }) => name), spans.ofRequest("GET"))
      assertNothing(ended, sent)
      assert.isTrue(ended.every(({ text }) => !text.includes("token-1")))
    }))

  it.effect("of the platform are absent for a client whose program disables them", () =>
    Effect.gen(function*() {
      const { ended, tracer } = spans.make()
      const { layer } = scenario.make(scenario.ok)
      const untraced = Effect.map(ApiClient.ApiClient, HttpClient.withTracerDisabledWhen(() => true))
      yield* Effect.flatMap(untraced, (client) => client.get("/items")).pipe(
        Effect.provide(layer),
        spans.tracedBy(tracer)
      )
      assert.notInclude(ended.map(({ name }) => name), spans.ofRequest("GET"))
    }))

  for (const dpop of [false, true]) {
    for (const isAbsent of [false, true]) {
      it.effect(`of the platform are ${isAbsent ? "absent" : "recorded"} by the predicate of the transport${dpop ? ", DPoP" : ""}`, () =>
        Effect.gen(function*() {
          const { ended, tracer } = spans.make()
          const { layer } = network(
            () => Effect.sync(() => scenario.tokenJson(issued, { token_type: dpop ? "DPoP" : "Bearer" })),
            (sent) => Effect.sync(() => repeating(sent)),
            HttpClient.withTracerDisabledWhen(() => isAbsent)
          )
          yield* call(Layer.provide(ClientCredentials.layer({ ...scenario.options, dpop }), layer)).pipe(
            spans.tracedBy(tracer)
          )
          assert.strictEqual(ended.some(({ name }) => name === spans.ofRequest("GET")), !isAbsent)
        }))
    }
  }

  it.effect("of the platform end in the same way with a proof as without", () =>
    Effect.gen(function*() {
      for (const status of [200, 404, 500]) {
        const exits = yield* Effect.forEach([false, true], (dpop) =>
          Effect.gen(function*() {
            const { ended, tracer } = spans.make()
            const token = () => scenario.tokenJson(issued, { token_type: dpop ? "DPoP" : "Bearer" })
            const { layer } = scenario.make((sent) => Effect.sync(() => repeating(sent, status)), { dpop }, token)
            yield* call(layer).pipe(spans.tracedBy(tracer))
            // An exporter ignores a second end of a span.
            return ended.find(({ name }) => name === spans.ofRequest("GET"))?.exit._tag
          }))
        assert.isDefined(exits[0])
        assert.strictEqual(exits[1], exits[0])
      }
    }))

  it.effect("surround the steps of a call, as the tracer does it", () =>
    Effect.gen(function*() {
      const { steps, tracer } = spans.make()
      const taken: Array<number> = []
      const { layer } = scenario.make(() =>
        Effect.gen(function*() {
          const before = steps()
          yield* Effect.yieldNow()
          taken.push(steps() - before)
          return Response.json({})
        })
      )
      yield* call(layer).pipe(spans.tracedBy(tracer))
      assert.isAbove(taken[0] ?? 0, 0)
    }))

  it.effect("that a transport enables in a program without traces contain no secret", () =>
    Effect.gen(function*() {
      const { ended, tracer } = spans.make()
      const { layer, sent } = network(
        () => Effect.sync(() => scenario.tokenJson(issued)),
        (one) => Effect.sync(() => repeating(one)),
        HttpClient.transformResponse((response) =>
          response.pipe(Effect.withSpan("transport"), Effect.withTracerEnabled(true))
        )
      )
      yield* call(Layer.provide(ClientCredentials.layer(scenario.options), layer)).pipe(
        spans.tracedBy(tracer),
        Effect.withTracerEnabled(false)
      )
      assert.include(ended.map(({ name }) => name), "transport")
      assertNothing(ended, sent)
    }))

  it.effect("are absent when tracing is disabled", () =>
    Effect.gen(function*() {
      for (const dpop of [false, true]) {
        const { ended, tracer } = spans.make()
        const token = () => scenario.tokenJson(issued, { token_type: dpop ? "DPoP" : "Bearer" })
        const { layer } = scenario.make(scenario.ok, { dpop }, token)
        const response = yield* call(layer).pipe(spans.tracedBy(tracer), Effect.withTracerEnabled(false))
        assert.strictEqual(response.status, 200)
        assert.lengthOf(ended, 0)
      }
    }))
})

describe("headers that contain a secret", () => {
  it.effect("are shown by their names only, for a call or until a scope ends", () =>
    Effect.gen(function*() {
      const own = ["dpop", "www-authenticate"]
      const redacted = withFiber((fiber) => tracing.redact(fiber, redactedNames))
      const before = yield* redactedNames
      assert.notIncludeMembers([...before], own)
      assert.includeMembers([...yield* redacted], [...before, ...own])
      const scoped = yield* Effect.scoped(
        Effect.zipRight(tracing.redactScoped, Effect.all([redactedNames, redacted]))
      )
      for (const names of scoped) assert.deepStrictEqual([...names], [...before, ...own])
      assert.deepStrictEqual(yield* redactedNames, before)
    }))
})

describe("a cause", () => {
  it.effect("keeps each of its failures, and has other defects", () =>
    Effect.gen(function*() {
      const [first, second] = [Effect.die(new Error("first")), Effect.die(new Error("second"))]
      const view: tracing.View = {
        value: (value) => value,
        text: (text) => text,
        failure: <E>(failure: E): E => failure instanceof Error ? new Error("viewed") as E & Error : failure
      }
      const causes = {
        "one after the other": Effect.ensuring(first, second),
        "at the same time": Effect.all([first, second], { concurrency: "unbounded" }),
        "an error, then a defect": Effect.ensuring(Effect.fail("an error"), second),
        "an interruption": Effect.interrupt
      }
      const messagesOf = (cause: Cause.Cause<unknown>) => Cause.prettyErrors(cause).map(({ message }) => message)
      for (const [name, effect] of Object.entries(causes)) {
        const cause = yield* Effect.flip(Effect.sandbox(effect))
        const expected = messagesOf(cause).map((message) => /^(first|second)$/.test(message) ? "viewed" : message)
        const viewed = tracing.viewedDefects(cause, view)
        assert.deepStrictEqual(messagesOf(viewed), expected, name)
        assert.strictEqual(Cause.isInterruptedOnly(viewed), name === "an interruption")
      }
    }))
})

describe("a response", () => {
  it.effect("does not contain the token that the API repeats in a header or a cookie", () =>
    Effect.gen(function*() {
      const token = "t0k3n+with/characters=="
      const { layer } = scenario.make((sent) => Effect.sync(() => repeating(sent)), {}, () => scenario.tokenJson(token))
      const response = yield* Effect.flatMap(ApiClient.ApiClient, (client) => client.get("/items")).pipe(
        Effect.provide(layer)
      )
      assert.strictEqual(response.headers["x-authorization"], "Bearer <redacted>")
      assert.strictEqual(response.headers["x-token"], "<redacted>")
      assert.strictEqual(response.headers["x-lower"], "<redacted>")
      assert.strictEqual(response.headers["x-other"], "of no interest")
      assert.deepStrictEqual(Headers.get(response.headers, "X-Other"), Option.some("of no interest"))
      for (const shown of [response, response.headers, response.cookies]) {
        assert.notInclude(decodeURIComponent(JSON.stringify(shown)), "t0k3n")
      }
    }))

  it.effect("has the headers that the API sent when none repeats a token", () =>
    Effect.gen(function*() {
      const headers = { "etag": "\"a\"", "location": "/items/1", "x-request-id": "17" }
      const { layer } = scenario.make(() => Effect.sync(() => new Response("", { status: 201, headers })))
      const response = yield* Effect.flatMap(ApiClient.ApiClient, (client) => client.get("/items")).pipe(
        Effect.provide(layer)
      )
      assert.include(response.headers, headers)
    }))
})
