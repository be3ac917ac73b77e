/**
 * Rejections that a user declares, and the bodies of the inspected responses.
 */
import { gunzipSync, gzipSync } from "node:zlib"

import { FetchHttpClient, FileSystem, HttpClient } from "@effect/platform"
import { NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { ApiClient, ClientConfig, ClientCredentials, PromiseClient } from "@effect-oauth/client-credentials"
import { Cause, ConfigProvider, Effect, Layer, Logger, Stream, TestClock } from "effect"

import * as fakeHttp from "../support/fakeHttp.js"
import * as httpErrors from "../support/httpErrors.js"
import { printed } from "../support/printed.js"
import { runs } from "../support/runs.js"
import * as scenario from "../support/scenario.js"
import * as servers from "../support/servers.js"

const noFiles = FileSystem.layerNoop({})

const get = Effect.flatMap(ApiClient.ApiClient, (api) => api.get("/items"))

const unauthenticated = `{"errors":[{"extensions":{"code":"UNAUTHENTICATED"}}]}`

type RejectedWhen = NonNullable<ClientConfig.Options["rejectedWhen"]>

const graphql: RejectedWhen = {
  response: ({ body, status }) => status === 200 && body.includes("UNAUTHENTICATED")
}

describe("declared rejections", () => {
  for (
    const [name, rejectedWhen, response] of [
      ["a status", { statuses: [403, 419] }, () => new Response("", { status: 419 })],
      ["a body with status 200", graphql, () => new Response(unauthenticated)],
      ["an Effect", { response: () => Effect.succeed(true) }, () => new Response("expired")],
      [
        "a header",
        { response: ({ headers }) => headers["x-expired"] === "1" },
        () => new Response("", { headers: { "x-expired": "1" } })
      ]
    ] as ReadonlyArray<readonly [string, RejectedWhen, () => Response]>
  ) {
    it.effect(`by ${name}: the call is sent again with a new token`, () => {
      let rejects = true
      const { calls, counts, layer } = scenario.make((sent) =>
        Effect.sync(() => {
          if (scenario.bearerOf(sent) === "Bearer token-1") return response()
          rejects = false
          return Response.json({ ok: true })
        }), {
        rejectedWhen: {
          ...rejectedWhen,
          ...(name === "an Effect" ? { response: () => Effect.sync(() => rejects) } : {})
        }
      })
      return Effect.gen(function*() {
        assert.deepStrictEqual(yield* (yield* get).json, { ok: true })
        assert.deepStrictEqual(calls().map(scenario.bearerOf), ["Bearer token-1", "Bearer token-2"])
        assert.deepStrictEqual(counts, { tokens: 2, calls: 2 })
      }).pipe(Effect.provide(layer))
    })
  }

  it.effect("without the option, responses are returned to the caller and cost nothing", () => {
    const { counts, layer } = scenario.make((_, count) =>
      Effect.sync(() => count === 1 ? new Response("", { status: 403 }) : new Response(unauthenticated))
    )
    return Effect.gen(function*() {
      assert.strictEqual((yield* get).status, 403)
      assert.strictEqual(yield* (yield* get).text, unauthenticated)
      assert.deepStrictEqual(counts, { tokens: 1, calls: 2 })
    }).pipe(Effect.provide(layer))
  })

  for (
    const [name, rejectedWhen, response] of [
      ["status", { statuses: [403] }, () => new Response("no", { status: 403 })],
      ["body", graphql, () => new Response(unauthenticated)]
    ] as const
  ) {
    it.effect(`by ${name}: a rejection that a new token does not fix costs at most 6 tokens a day`, () => {
      const { counts, layer } = scenario.make(() => Effect.sync(response), { rejectedWhen })
      return Effect.gen(function*() {
        const calls = runs(`calls of a day that are rejected by ${name}`, { quick: 72, full: 720 })
        for (let call = 0; call < calls; call += 1) {
          assert.strictEqual((yield* get).status, response().status)
          yield* TestClock.adjust(`${1440 / calls} minutes`)
        }
        assert.isAtMost(counts.tokens, 6)
        assert.isAbove(counts.tokens, 3)
      }).pipe(Effect.provide(layer))
    }, 60_000)
  }

  it.effect("a failing predicate is reported without the response, and rejects nothing", () => {
    const lines: Array<string> = []
    const logger = Logger.replace(
      Logger.defaultLogger,
      Logger.make(({ cause, message }) => {
        lines.push(`${String(message)} ${printed(cause)}`)
      })
    )
    const broken: ReadonlyArray<NonNullable<RejectedWhen["response"]>> = [
      ({ body }) => {
        throw new RangeError(body)
      },
      ({ body }) => Effect.fail(new Cause.IllegalArgumentException(body)),
      ({ body }) => Effect.die(body),
      (({ body }: { readonly body: string }) => body) as never
    ]
    return Effect.forEach(broken, (response) => {
      const { counts, layer } = scenario.make(
        (sent) => Effect.sync(() => new Response(scenario.bearerOf(sent))),
        { rejectedWhen: { response } }
      )
      return Effect.gen(function*() {
        assert.strictEqual(yield* (yield* get).text, "Bearer token-1")
        assert.deepStrictEqual(counts, { tokens: 1, calls: 1 })
        assert.include(lines.join(), "rejectedWhen.response failed")
        assert.notInclude(lines.join(), "token-1")
      }).pipe(Effect.provide(layer))
    }).pipe(Effect.provide(logger))
  })

  it.effect("the variable declares statuses, in addition to those of the option", () =>
    Effect.gen(function*() {
      const read = (value: string, overrides: Partial<ClientConfig.Options> = {}) =>
        Effect.provide(ClientConfig.ClientConfig, ClientConfig.layerEnv({ overrides })).pipe(
          Effect.withConfigProvider(ConfigProvider.fromMap(
            new Map([
              ["OAUTH_TOKEN_URL", "https://auth.example.com/token"],
              ["OAUTH_CLIENT_ID", "inventory-sync"],
              ["OAUTH_CLIENT_SECRET", "s3cr3t"],
              ["API_BASE_URL", "https://api.example.com"],
              ["API_REJECTED_STATUSES", value]
            ])
          )),
          Effect.provide(noFiles)
        )
      const config = yield* read("403 419", { rejectedWhen: graphql })
      assert.deepStrictEqual(config.api.rejectedWhen?.statuses, new Set([403, 419]))
      assert.strictEqual(config.api.rejectedWhen?.response, graphql.response)
      const withoutStatuses = yield* read("403", { rejectedWhen: { ...graphql, statuses: undefined } })
      assert.deepStrictEqual(withoutStatuses.api.rejectedWhen?.statuses, new Set([403]))
      for (const wrong of ["200", "x", "4O3", "999", "4e2", "0x193", "403.0"]) {
        assert.include(printed(yield* Effect.flip(read(wrong))), "API_REJECTED_STATUSES")
      }
    }))

  it("wrong options are reported with their path", () => {
    for (
      const [setting, rejectedWhen] of [
        ["rejectedWhen.statuses", { statuses: [200] }],
        ["rejectedWhen.statuses", { statuses: 403 }],
        ["rejectedWhen.response", { response: "x" }],
        ["rejectedWhen.maxBodyBytes", { maxBodyBytes: -1 }],
        ["rejectedWhen.status", { status: [403] }],
        ["rejectedWhen", 403]
      ] as const
    ) {
      const error = Effect.runSync(
        Effect.flip(ClientConfig.make({ ...scenario.options, rejectedWhen: rejectedWhen as never }))
      )
      assert.deepStrictEqual(error.problems.map((problem) => problem.setting), [setting])
    }
  })
})

const transports: ReadonlyArray<readonly [string, Layer.Layer<HttpClient.HttpClient>]> = [
  ["fetch", FetchHttpClient.layer],
  ["node:http", NodeHttpClient.layer],
  ["Undici", NodeHttpClient.layerUndici]
]

describe("an inspected body", () => {
  const binary = Uint8Array.from({ length: 300_000 }, (_, index) => index * 31 % 256)
  const bodies: Readonly<Record<string, readonly [string, Uint8Array]>> = {
    "/empty": ["text/plain", new Uint8Array()],
    "/json": ["application/json", new TextEncoder().encode(`{"a":["é"]}`)],
    "/form": ["application/x-www-form-urlencoded", new TextEncoder().encode("a=1&b=%20")],
    "/binary": ["application/octet-stream", binary],
    "/small": ["application/octet-stream", binary.subarray(0, 16)]
  }

  for (const [name, transport] of transports) {
    for (const limit of [0, 16, 16_384]) {
      it.scopedLive(`is complete for the caller over ${name}, after ${limit} bytes`, () =>
        Effect.gen(function*() {
          const seen: Array<number> = []
          const origin = yield* servers.http((request, response) => {
            if (request.method === "POST" && request.url === "/token") {
              return servers.json(response, 200, { access_token: "t0k3n", token_type: "Bearer" })
            }
            const [type, bytes] = bodies[request.url ?? ""] ?? ["text/plain", new Uint8Array()]
            response.setHeader("content-type", type)
            response.end(bytes)
          })
          const layer = ClientCredentials.layer({
            ...scenario.options,
            tokenUrl: `${origin}/token`,
            apiBaseUrl: origin,
            allowHttpLoopback: true,
            rejectedWhen: {
              response: ({ bytes, isComplete }) => {
                assert.isAtMost(bytes.length, limit)
                seen.push(isComplete ? 1 : 0)
                return false
              },
              maxBodyBytes: limit
            }
          }).pipe(Layer.provide(transport))
          yield* Effect.gen(function*() {
            const api = yield* ApiClient.ApiClient
            const [, json] = bodies["/json"] ?? ["", new Uint8Array()]
            const response = yield* api.get("/json")
            assert.deepStrictEqual(yield* response.json, { a: ["é"] })
            assert.strictEqual(yield* response.text, new TextDecoder().decode(json))
            assert.strictEqual(yield* (yield* api.get("/empty")).text, "")
            const form = yield* (yield* api.get("/form")).formData
            assert.deepStrictEqual([...form.entries()], [["a", "1"], ["b", " "]])
            assert.deepStrictEqual([...yield* (yield* api.get("/form")).urlParamsBody], [["a", "1"], ["b", " "]])
            for (const path of ["/binary", "/small"]) {
              const expected = Buffer.from(bodies[path]?.[1] ?? [])
              const whole = Buffer.from(yield* (yield* api.get(path)).arrayBuffer)
              assert.isTrue(whole.equals(expected))
              const chunks = yield* Stream.runCollect((yield* api.get(path)).stream)
              assert.isTrue(Buffer.concat([...chunks]).equals(expected))
            }
            const error = yield* Effect.flip((yield* api.get("/binary")).json)
            assert.strictEqual(httpErrors.kindOf(error), "ResponseError Decode")
            assert.notInclude(printed(error), "t0k3n")
          }).pipe(Effect.provide(layer))
          const client = PromiseClient.make(layer)
          yield* Effect.promise(async () => {
            const response = await client.fetch("/binary")
            assert.isTrue(Buffer.from(await response.arrayBuffer()).equals(Buffer.from(binary)))
            assert.deepStrictEqual(await (await client.fetch("/json")).json(), { a: ["é"] })
            const cancelled = await client.fetch("/binary")
            await cancelled.body?.cancel()
            await client.close()
          })
          assert.include(seen, limit === 16_384 ? 1 : 0)
        }), 30_000)
    }
  }

  for (
    const type of [
      "text/event-stream",
      "Application/X-NDJSON; charset=utf-8",
      "application/json-seq",
      "application/grpc-web+proto"
    ]
  ) {
    it.scopedLive(`does not block the call until the end of a stream of ${type}`, () =>
      Effect.gen(function*() {
        const origin = yield* servers.http((request, response) => {
          if (request.url === "/token") {
            return servers.json(response, 200, { access_token: "t0k3n", token_type: "Bearer" })
          }
          response.setHeader("content-type", type)
          response.write("data: 1\n\n")
        })
        const response = yield* Effect.flatMap(ApiClient.ApiClient, (api) => api.get("/events")).pipe(
          Effect.provide(
            ClientCredentials.layer({
              ...scenario.options,
              tokenUrl: `${origin}/token`,
              apiBaseUrl: origin,
              allowHttpLoopback: true,
              rejectedWhen: graphql
            }).pipe(Layer.provide(NodeHttpClient.layerUndici))
          )
        )
        assert.strictEqual(response.status, 200)
      }))
  }

  for (const [name, transport] of transports) {
    it.scopedLive(`is decoded for the predicate over ${name}, and returned to the caller as sent`, () =>
      Effect.gen(function*() {
        const long = gzipSync(unauthenticated + " ".repeat(100_000))
        const accepted = gzipSync(gzipSync("accepted"))
        let rejects = true
        const seen: Array<string> = []
        const origin = yield* servers.http((request, response) => {
          if (request.url === "/token") {
            return servers.json(response, 200, { access_token: "t0k3n", token_type: "Bearer" })
          }
          response.setHeader("content-encoding", "gzip")
          response.end(rejects ? long : accepted)
          rejects = false
        })
        const client = PromiseClient.make(
          ClientCredentials.layer({
            ...scenario.options,
            tokenUrl: `${origin}/token`,
            apiBaseUrl: origin,
            allowHttpLoopback: true,
            rejectedWhen: {
              response: ({ body }) => {
                seen.push(body.trim())
                return body.includes("UNAUTHENTICATED")
              }
            }
          }).pipe(Layer.provide(transport))
        )
        yield* Effect.promise(async () => {
          const body = new Uint8Array(await (await client.fetch("/items")).arrayBuffer())
          // The file is itself a gzip file: decoded once, not twice.
          assert.strictEqual(gunzipSync(body).toString(), "accepted")
          assert.strictEqual(seen[0], unauthenticated)
          assert.lengthOf(seen, 2)
          await client.close()
        })
      }))
  }

  it.effect("belongs to the error of a filter of statuses beneath", () =>
    Effect.gen(function*() {
      const { layer } = fakeHttp.make(({ url }) =>
        Effect.sync(() =>
          url === scenario.options.tokenUrl ? scenario.tokenJson("token-1") : new Response("no", { status: 404 })
        )
      )
      const filtering = Layer.effect(
        HttpClient.HttpClient,
        Effect.map(HttpClient.HttpClient, HttpClient.filterStatusOk)
      )
      const error = yield* Effect.flip(get).pipe(Effect.provide(
        ClientCredentials.layer({ ...scenario.options, rejectedWhen: graphql }).pipe(
          Layer.provide(filtering),
          Layer.provide(layer)
        )
      ))
      assert.strictEqual(httpErrors.kindOf(error), "ResponseError StatusCode")
    }))
})
