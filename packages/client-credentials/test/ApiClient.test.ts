/**
 * Requirements, from guides/requirements.md:
 * - R6: A token may end before its lifetime: a rejected token is replaced and the call repeated.
 * - B1: A call carries the token once, in the Authorization header.
 * - B2: Tokens are sent by https only, and not to another origin after a redirect.
 * - B4: Each error code of a challenge has its outcome: invalid_token replays, insufficient_scope states the scope.
 * - B5: A token is sent only to the origins and paths that are allowed.
 * - D5: The client never introspects its own token.
 */
import {
  HttpApi,
  HttpApiClient,
  HttpApiEndpoint,
  HttpApiGroup,
  HttpBody,
  HttpClient,
  HttpClientRequest
} from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import {
  ApiClient,
  ClientCredentials,
  OAuthError,
  ReplaySchedule,
  TokenRequest
} from "@effect-oauth/client-credentials"
import { Context, Deferred, Effect, Fiber, Layer, Schedule, Schema, Stream, TestClock } from "effect"

import * as fakeHttp from "./support/fakeHttp.js"
import * as httpErrors from "./support/httpErrors.js"
import * as scenario from "./support/scenario.js"

const get = (url: string) => Effect.flatMap(ApiClient.ApiClient, (api) => api.get(url))

describe("ApiClient", () => {
  describe("sends the token", () => {
    it.effect("B1 with every call, in the Authorization header alone, from one token request", () => {
      const { calls, counts, layer } = scenario.make(scenario.ok)
      return Effect.gen(function*() {
        yield* Effect.replicateEffect(get("/items"), 50, { concurrency: "unbounded" })
        assert.deepStrictEqual(counts, { tokens: 1, calls: 50 })
        assert.deepStrictEqual(new Set(calls().map(scenario.bearerOf)), new Set(["Bearer token-1"]))
      }).pipe(Effect.provide(layer))
    })

    it.effect("B5 to allowed URLs only in the finalizers of an interrupted call; their other requests are sent unchanged", () =>
      Effect.gen(function*() {
        const begun = yield* Deferred.make<void>()
        const http = fakeHttp.make(({ url }) =>
          url.endsWith("/token")
            ? Effect.sync(() => scenario.tokenJson("token-1"))
            : url.endsWith("/slow")
            ? Effect.zipRight(Deferred.succeed(begun, undefined), Effect.never)
            : Effect.sync(() => Response.json({}))
        )
        const client = ClientCredentials.layer(scenario.options).pipe(Layer.provideMerge(http.layer))
        yield* Effect.gen(function*() {
          const api = yield* ApiClient.ApiClient
          const elsewhere = (headers: Record<string, string>) =>
            Effect.flatMap(HttpClient.HttpClient, (plain) => plain.get("https://elsewhere.example/", { headers }))
          // Observing the second call must cost less than observing the first one.
          yield* api.get("/items")
          const statuses: Array<number> = []
          const note = Effect.map(({ status }: { readonly status: number }) => void statuses.push(status))
          const fiber = yield* Effect.fork(
            api.get("/slow").pipe(
              Effect.onInterrupt(() => Effect.ignore(note(api.get("/unlock")))),
              Effect.onInterrupt(() => Effect.ignore(note(elsewhere({ authorization: "Bearer other" })))),
              Effect.onInterrupt(() => Effect.exit(elsewhere({ authorization: "Bearer token-1" })))
            )
          )
          yield* Deferred.await(begun)
          yield* Fiber.interrupt(fiber)
          assert.deepStrictEqual(statuses, [200, 200])
          yield* api.get("/items")
        }).pipe(Effect.provide(client))
        const sent = http.sent.map(({ headers, url }) => `${url} ${headers["authorization"] ?? ""}`)
        assert.deepStrictEqual(sent.slice(1), [
          "https://api.example.com/v1/items Bearer token-1",
          "https://api.example.com/v1/slow Bearer token-1",
          "https://api.example.com/v1/unlock Bearer token-1",
          "https://elsewhere.example/ Bearer other",
          "https://api.example.com/v1/items Bearer token-1"
        ])
      }))

    it.effect("in place of an Authorization header that the caller set", () => {
      const { calls, layer } = scenario.make(scenario.ok)
      return Effect.gen(function*() {
        const api = yield* ApiClient.ApiClient
        yield* api.get("/items", { headers: { authorization: "Basic abc" } })
        assert.deepStrictEqual(calls().map(scenario.bearerOf), ["Bearer token-1"])
      }).pipe(Effect.provide(layer))
    })

    for (
      const [url, expected] of [
        ["/items", "https://api.example.com/v1/items"],
        ["items", "https://api.example.com/v1/items"],
        ["", "https://api.example.com/v1"],
        ["?page=2", "https://api.example.com/v1?page=2"],
        ["//evil.example/x", "https://api.example.com/v1//evil.example/x"],
        ["@evil.example", "https://api.example.com/v1/@evil.example"],
        [":8080/x", "https://api.example.com/v1/:8080/x"],
        ["\\\\evil.example/x", "https://api.example.com/v1///evil.example/x"],
        [" https://evil.example", "https://api.example.com/v1/%20https://evil.example"],
        ["https://api.example.com/v2/items", "https://api.example.com/v2/items"],
        ["https://files.example.com/a", "https://files.example.com/a"],
        ["HTTPS://API.example.com:443/items", "https://api.example.com/items"]
      ] as const
    ) {
      it.effect(`of ${JSON.stringify(url)} to ${expected}`, () => {
        const { calls, layer } = scenario.make(scenario.ok, {
          apiOrigins: ["https://files.example.com"],
          // `/v2` is outside the base path, see "by path" in http/apiCall.test.ts.
          allowOutsideBasePath: true
        })
        return Effect.gen(function*() {
          yield* get(url)
          assert.deepStrictEqual(calls().map((sent) => sent.url), [expected])
        }).pipe(Effect.provide(layer))
      })
    }

    for (
      const url of [
        "https://evil.example/items",
        "http://api.example.com/items",
        "https://api.example.com:8443/items",
        "https://api.example.com.evil.example/items",
        "https://api.example.com@evil.example/items",
        "https:\\\\evil.example/items",
        "https:evil.example",
        "ftp://api.example.com/items",
        "data:text/plain,x",
        "https://"
      ]
    ) {
      it.effect(`B2 B5 never to ${url}: neither the call nor a token request is sent`, () => {
        const { layer, sent } = scenario.make(scenario.ok)
        return Effect.gen(function*() {
          const error = yield* Effect.flip(get(url))
          assert.instanceOf(error, OAuthError.OriginNotAllowed)
          assert.include(error.message, "https://api.example.com only")
          assert.deepStrictEqual(sent, [])
        }).pipe(Effect.provide(layer))
      })
    }
  })

  it.effect("D5 sends no introspection request for its own token", () => {
    const { layer, sent } = scenario.make(scenario.ok)
    return Effect.gen(function*() {
      yield* get("/items")
      yield* get("/items")
      assert.deepStrictEqual(sent.map(({ method, url }) => `${method} ${url}`), [
        "POST https://auth.example.com/oauth/token",
        "GET https://api.example.com/v1/items",
        "GET https://api.example.com/v1/items"
      ])
    }).pipe(Effect.provide(layer))
  })

  describe("on 401", () => {
    for (
      const challenge of [
        undefined,
        "Bearer",
        "Bearer realm=\"api\"",
        "Bearer error=\"invalid_token\"",
        "Basic realm=\"a, b\", bearer realm=\"api\", error=invalid_token",
        "DPoP algs=\"ES256\", Bearer error=\"invalid_token\", error_description=\"expired\"",
        "what, is; this",
        ...[
          "expired_token",
          "token_expired",
          "unauthorized",
          "invalid_request",
          "missing_authorization",
          "INVALID_TOKEN"
        ]
          .flatMap((code) => [`Bearer realm="stock", error="${code}"`, `Token error='${code}'`]),
        "Bearer error=\"\"",
        "Basic realm=\"login\"",
        "Basic error=\"insufficient_scope\""
      ]
    ) {
      it.effect(`R6 B4 replays with a new token: ${challenge ?? "no challenge"}`, () => {
        const { calls, counts, layer } = scenario.make((_, count) =>
          Effect.sync(() => count === 1 ? scenario.reject(challenge) : Response.json({ ok: true }))
        )
        return Effect.gen(function*() {
          const response = yield* get("/items")
          assert.strictEqual(response.status, 200)
          assert.deepStrictEqual(calls().map(scenario.bearerOf), ["Bearer token-1", "Bearer token-2"])
          assert.strictEqual(counts.tokens, 2)
        }).pipe(Effect.provide(layer))
      })
    }

    it.effect("replays once, then returns the 401 to the caller", () => {
      const { counts, layer } = scenario.make(() => Effect.sync(() => scenario.reject()))
      return Effect.gen(function*() {
        const response = yield* get("/items")
        assert.strictEqual(response.status, 401)
        assert.strictEqual(yield* response.text, "rejected")
        assert.deepStrictEqual(counts, { tokens: 2, calls: 2 })
      }).pipe(Effect.provide(layer))
    })

    it.effect("counts a DPoP error of a call with a bearer token towards the latch", () => {
      const { counts, layer } = scenario.make(() => Effect.sync(() => scenario.reject("DPoP error=\"use_dpop_nonce\"")))
      return Effect.gen(function*() {
        for (let count = 0; count < 10; count++) assert.strictEqual((yield* get("/items")).status, 401)
        assert.strictEqual(counts.tokens, 2)
      }).pipe(Effect.provide(layer))
    })

    it.effect("requests one token when 20 calls with the same token are rejected at different times", () => {
      let valid = "token-1"
      const accepts = scenario.accepts(() => valid)
      const { counts, layer } = scenario.make((sent, count) =>
        Effect.zipRight(Effect.sleep(`${1 + count % 20} seconds`), accepts(sent, count))
      )
      return Effect.gen(function*() {
        const calls = yield* Effect.fork(Effect.replicateEffect(get("/items"), 20, { concurrency: "unbounded" }))
        yield* TestClock.adjust(0)
        valid = "token-2"
        yield* TestClock.adjust("1 minute")
        const responses = yield* Fiber.join(calls)
        assert.deepStrictEqual(new Set(responses.map(({ status }) => status)), new Set([200]))
        assert.deepStrictEqual(counts, { tokens: 2, calls: 40 })
      }).pipe(Effect.provide(layer))
    })

    it.effect("sends the same method, URL, headers and body again", () => {
      const { calls, layer } = scenario.make(scenario.accepts(() => "token-2"))
      return Effect.gen(function*() {
        const api = yield* ApiClient.ApiClient
        const response = yield* api.execute(
          HttpClientRequest.post("/items").pipe(
            HttpClientRequest.setHeader("idempotency-key", "17"),
            HttpClientRequest.setUrlParam("dry", "true"),
            HttpClientRequest.bodyText("bolt")
          )
        )
        assert.strictEqual(response.status, 200)
        const [first, second, ...rest] = calls().map(({ body, headers, method, url }) => ({
          body,
          method,
          url,
          key: headers["idempotency-key"],
          type: headers["content-type"]
        }))
        assert.deepStrictEqual(first, second)
        assert.strictEqual(second?.key, "17")
        assert.strictEqual(second?.url, "https://api.example.com/v1/items?dry=true")
        assert.strictEqual(second?.body, "bolt")
        assert.deepStrictEqual(rest, [])
      }).pipe(Effect.provide(layer))
    })

    it.effect("does not send a stream twice, but the next call uses a new token", () => {
      const { calls, counts, layer } = scenario.make(scenario.accepts(() => "token-2"))
      return Effect.gen(function*() {
        const api = yield* ApiClient.ApiClient
        const body = HttpBody.stream(Stream.make(new Uint8Array([1])))
        assert.strictEqual((yield* api.post("/items", { body })).status, 401)
        assert.strictEqual((yield* api.get("/items")).status, 200)
        assert.strictEqual(counts.tokens, 2)
        assert.deepStrictEqual(calls().map(({ method }) => method), ["POST", "GET"])
      }).pipe(Effect.provide(layer))
    })

    it.effect("reads the rejected response to its end before it sends the call again", () => {
      const events: Array<string> = []
      const { layer } = scenario.make((_, count) =>
        Effect.sync(() => {
          events.push(`call ${count}`)
          if (count > 1) return Response.json({ ok: true })
          const body = new ReadableStream<Uint8Array>({
            pull: (controller) => {
              events.push("read")
              controller.close()
            }
          }, { highWaterMark: 0 })
          return new Response(body, { status: 401 })
        })
      )
      return Effect.gen(function*() {
        yield* get("/items")
        assert.deepStrictEqual(events, ["call 1", "read", "call 2"])
      }).pipe(Effect.provide(layer))
    })

    it.effect("stops reading a rejected response that never ends", () => {
      let cancelled = false
      const { counts, layer } = scenario.make((_, count) =>
        Effect.sync(() =>
          count > 1 ? Response.json({ ok: true }) : new Response(
            new ReadableStream<Uint8Array>({
              pull: (controller) => controller.enqueue(new Uint8Array(16_384)),
              cancel: () => {
                cancelled = true
              }
            }),
            { status: 401 }
          )
        )
      )
      return Effect.gen(function*() {
        assert.strictEqual((yield* get("/items")).status, 200)
        assert.strictEqual(counts.calls, 2)
        assert.isTrue(cancelled)
      }).pipe(Effect.provide(layer))
    })

    it.effect("follows a custom replay schedule", () => {
      const { counts, layer } = scenario.make(() => Effect.sync(() => scenario.reject()))
      return Effect.gen(function*() {
        const call = yield* Effect.fork(get("/items"))
        for (const [wait, calls] of [["0 seconds", 1], ["2 seconds", 2], ["2 seconds", 3], ["1 hour", 3]] as const) {
          yield* TestClock.adjust(wait)
          assert.strictEqual(counts.calls, calls)
        }
        assert.strictEqual((yield* Fiber.join(call)).status, 401)
      }).pipe(
        Effect.provide(layer.pipe(
          Layer.provide(
            Layer.succeed(
              ReplaySchedule.ReplaySchedule,
              Schedule.spaced("2 seconds").pipe(Schedule.intersect(Schedule.recurs(2)))
            )
          )
        ))
      )
    })

    it.effect("does not replay by default when the replay would carry the same token", () => {
      const { counts, layer } = scenario.make(() => Effect.sync(() => scenario.reject()))
      return Effect.gen(function*() {
        yield* get("/items")
        assert.deepStrictEqual(counts, { tokens: 2, calls: 2 })
        yield* get("/items")
        assert.deepStrictEqual(counts, { tokens: 2, calls: 3 })
      }).pipe(Effect.provide(layer))
    })

    it.effect("passes the challenge of the API to the replay schedule", () => {
      const seen: Array<readonly [string | undefined, boolean]> = []
      const { layer } = scenario.make(() => Effect.sync(() => scenario.reject("Bearer error=\"invalid_token\"")))
      const schedule = Schedule.forever.pipe(
        Schedule.tapInput((rejection: ReplaySchedule.Rejection) =>
          Effect.sync(() => seen.push([rejection.challenges[0]?.parameters["error"], rejection.renewable]))
        ),
        Schedule.intersect(Schedule.recurs(1))
      )
      return Effect.gen(function*() {
        yield* get("/items")
        assert.deepStrictEqual(seen, [["invalid_token", true], ["invalid_token", false]])
      }).pipe(Effect.provide(Layer.provide(layer, Layer.succeed(ReplaySchedule.ReplaySchedule, schedule))))
    })

    it.effect("fails with the error of the token endpoint when no new token is available", () => {
      const { layer } = scenario.make(
        () => Effect.sync(() => scenario.reject()),
        { tokenCache: { retryTimeout: 0 } },
        (count) => count === 1 ? scenario.tokenJson("token-1") : new Response("", { status: 503 })
      )
      return Effect.gen(function*() {
        assert.instanceOf(yield* Effect.flip(get("/items")), OAuthError.TokenEndpointUnavailable)
      }).pipe(Effect.provide(layer))
    })
  })

  describe("on other responses", () => {
    for (const status of [401, 403]) {
      it.effect(`B4 fails with the required scope: insufficient_scope with ${status}`, () => {
        const { counts, layer } = scenario.make(() =>
          Effect.sync(() =>
            scenario.reject("Bearer error=\"insufficient_scope\", scope=\"items:read items:write\"", status)
          )
        )
        return Effect.gen(function*() {
          const error = yield* Effect.flip(get("/items?secret=1"))
          assert.instanceOf(error, OAuthError.InsufficientScope)
          assert.deepStrictEqual(error.scope, ["items:read", "items:write"])
          assert.strictEqual(error.endpoint, "https://api.example.com/v1/items")
          assert.deepStrictEqual(counts, { tokens: 1, calls: 1 })
        }).pipe(Effect.provide(layer))
      })
    }

    it.effect("R6 treats a 403 with invalid_token as a rejection", () => {
      const { counts, layer } = scenario.make((_, count) =>
        Effect.sync(() => count === 1 ? scenario.reject(`Bearer error="Invalid_Token"`, 403) : Response.json({}))
      )
      return Effect.gen(function*() {
        assert.strictEqual((yield* get("/items")).status, 200)
        assert.deepStrictEqual(counts, { tokens: 2, calls: 2 })
      }).pipe(Effect.provide(layer))
    })

    for (const status of [401, 403]) {
      it.effect(`fails with the required authentication (RFC 9470): ${status}`, () => {
        const { counts, layer } = scenario.make(() =>
          Effect.sync(() =>
            scenario.reject(
              "Bearer error=\"insufficient_user_authentication\", acr_values=\"silver gold\", max_age=\"5\"",
              status
            )
          )
        )
        return Effect.gen(function*() {
          const error = yield* Effect.flip(get("/items?secret=1"))
          assert.instanceOf(error, OAuthError.InsufficientUserAuthentication)
          assert.deepStrictEqual({ ...error }, {
            _tag: "InsufficientUserAuthentication",
            endpoint: "https://api.example.com/v1/items",
            acrValues: ["silver", "gold"],
            maxAge: 5
          })
          assert.deepStrictEqual(error.overrides, {
            additionalParameters: { acr_values: "silver gold", max_age: "5" }
          })
          const unnamed = new OAuthError.InsufficientUserAuthentication({ endpoint: "", acrValues: [] })
          assert.isUndefined(unnamed.overrides)
          assert.include(error.message, `acr_values "silver gold", max_age 5`)
          assert.isFalse(error.retryable)
          assert.deepStrictEqual(counts, { tokens: 1, calls: 1 })
        }).pipe(Effect.provide(layer))
      })
    }

    it.effect("fails with the required claims, decoded, and a call with them succeeds", () => {
      const json = `{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}`
      const { counts, layer, sent } = scenario.make(
        (sent) =>
          Effect.sync(() =>
            scenario.bearerOf(sent) === "Bearer token-2"
              ? Response.json({})
              : scenario.reject(`Bearer realm="", error="insufficient_claims", claims="${btoa(json)}"`)
          )
      )
      return Effect.gen(function*() {
        const error = yield* Effect.flip(get("/items"))
        assert.instanceOf(error, OAuthError.InsufficientClaims)
        assert.strictEqual(error.claims, json)
        assert.notInclude(error.message, "1604106651")
        assert.deepStrictEqual(counts, { tokens: 1, calls: 1 })
        assert.isUndefined(new OAuthError.InsufficientClaims({ endpoint: "" }).overrides)
        const response = yield* TokenRequest.withOverrides(error.overrides ?? {})(get("/items"))
        assert.strictEqual(response.status, 200)
        const [, second] = sent.filter(({ url }) => url === scenario.options.tokenUrl)
        assert.strictEqual(new URLSearchParams(second?.body).get("claims"), json)
      }).pipe(Effect.provide(layer))
    })

    it.effect("does not show a token that the API encodes as claims", () => {
      const { layer } = scenario.make(
        (sent) =>
          Effect.sync(() => {
            const claims = btoa(JSON.stringify({ token: scenario.bearerOf(sent)?.slice(7) }))
            return scenario.reject(`Bearer error="insufficient_claims", claims="${claims}"`)
          }),
        {},
        () => scenario.tokenJson("t0k3n-as-l0ng-as-any")
      )
      return Effect.gen(function*() {
        const error = yield* Effect.flip(get("/items"))
        assert.instanceOf(error, OAuthError.InsufficientClaims)
        assert.notInclude(JSON.stringify(error), "t0k3n-as-l0ng-as-any")
      }).pipe(Effect.provide(layer))
    })

    it.effect("does not show a token that the API returns as a scope", () => {
      const { layer } = scenario.make((sent) =>
        Effect.sync(() => {
          const token = scenario.bearerOf(sent)?.slice(7)
          return scenario.reject(`Bearer error="insufficient_scope", scope="items:read ${token} \u00e9"`, 403)
        })
      )
      return Effect.gen(function*() {
        const error = yield* Effect.flip(get("/items"))
        assert.instanceOf(error, OAuthError.InsufficientScope)
        assert.deepStrictEqual(error.scope, ["items:read", "<redacted>"])
      }).pipe(Effect.provide(layer))
    })

    for (const status of [200, 204, 304, 307, 400, 403, 404, 429, 500, 503]) {
      it.effect(`returns a ${status} to the caller unchanged`, () => {
        const { counts, layer } = scenario.make(() =>
          Effect.sync(() => new Response(null, { status, headers: { "retry-after": "17" } }))
        )
        return Effect.gen(function*() {
          const response = yield* get("/items")
          assert.strictEqual(response.status, status)
          assert.strictEqual(response.headers["retry-after"], "17")
          assert.deepStrictEqual(counts, { tokens: 1, calls: 1 })
        }).pipe(Effect.provide(layer))
      })
    }

    it.effect("fails with the error of a failed connection unchanged, with the request that the caller wrote", () => {
      const { layer } = scenario.make((sent) =>
        Effect.fail(
          httpErrors.ofRequest(
            HttpClientRequest.setHeaders(HttpClientRequest.get(sent.url), sent.headers),
            "Transport",
            { description: "connection reset" }
          )
        )
      )
      return Effect.gen(function*() {
        const error = yield* Effect.flip(get("/items"))
        assert(httpErrors.isHttpError(error))
        assert.strictEqual(httpErrors.kindOf(error), "RequestError Transport")
        assert.strictEqual(httpErrors.descriptionOf(error), "connection reset")
        assert.strictEqual(error.request.url, "https://api.example.com/v1/items")
        assert.isUndefined(error.request.headers["authorization"])
      }).pipe(Effect.provide(layer))
    })
  })

  describe("as a plain HttpClient", () => {
    it.effect("fails with the typed error as the cause", () => {
      const { layer } = scenario.make(scenario.ok)
      return Effect.gen(function*() {
        const error = yield* Effect.flip(HttpClient.get("https://evil.example"))
        assert.match(httpErrors.kindOf(error) ?? "", /^RequestError /)
        assert.instanceOf(error.cause, OAuthError.OriginNotAllowed)
        assert.include(error.message, "nothing was sent")
      }).pipe(Effect.provide(Layer.provide(ApiClient.layerHttpClient, layer)))
    })

    it.effect("serves an HttpApiClient without token code", () => {
      class Api extends HttpApi.make("api").add(
        HttpApiGroup.make("items").add(
          HttpApiEndpoint.get("list", "/items").addSuccess(Schema.Struct({ ok: Schema.Boolean }))
        )
      ) {}
      const { calls, layer } = scenario.make(scenario.ok)
      return Effect.gen(function*() {
        const api = yield* HttpApiClient.make(Api)
        assert.deepStrictEqual(yield* api.items.list(), { ok: true })
        assert.deepStrictEqual(calls().map(scenario.bearerOf), ["Bearer token-1"])
      }).pipe(Effect.provide(Layer.provide(ApiClient.layerHttpClient, layer)))
    })
  })

  it.effect("keeps two clients in one program separate", () => {
    class One extends Context.Tag("One")<One, ApiClient.Client>() {}
    class Two extends Context.Tag("Two")<Two, ApiClient.Client>() {}
    const http = fakeHttp.make((sent) =>
      Effect.sync(() =>
        sent.url.endsWith("/token")
          ? scenario.tokenJson(`token-of-${new URLSearchParams(sent.body).get("client_id")}`)
          : new Response()
      )
    )
    const client = (clientId: string) =>
      ClientCredentials.layer({ ...scenario.options, clientId, apiBaseUrl: `https://${clientId}.example.com` })
    return Effect.gen(function*() {
      yield* Effect.flatMap(One, (api) => api.get("/"))
      yield* Effect.flatMap(Two, (api) => api.get("/"))
      assert.deepStrictEqual(
        http.sent.filter(({ method }) => method === "GET").map((sent) => [sent.url, scenario.bearerOf(sent)]),
        [
          ["https://one.example.com/", "Bearer token-of-one"],
          ["https://two.example.com/", "Bearer token-of-two"]
        ]
      )
    }).pipe(
      Effect.provide(
        Layer.mergeAll(
          Layer.provide(Layer.effect(One, ApiClient.ApiClient), client("one")),
          Layer.provide(Layer.effect(Two, ApiClient.ApiClient), client("two"))
        ).pipe(Layer.provide(http.layer))
      )
    )
  })
})
