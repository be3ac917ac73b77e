import type * as Http from "node:http"

import { FetchHttpClient, type HttpClient } from "@effect/platform"
import { NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { ClientCredentials, PromiseClient } from "@effect-oauth/client-credentials"
import { Effect, Layer, Redacted } from "effect"

import * as httpErrors from "./support/httpErrors.js"
import * as servers from "./support/servers.js"
import * as spans from "./support/spans.js"

const transports: ReadonlyArray<readonly [string, Layer.Layer<HttpClient.HttpClient>]> = [
  ["fetch", FetchHttpClient.layer],
  ["Undici", NodeHttpClient.layerUndici],
  ["node:http", NodeHttpClient.layer]
]

interface Seen {
  readonly url: string
  readonly method: string
  readonly headers: Http.IncomingHttpHeaders
  readonly body: string
}

const recording = (handler: (seen: Seen, response: Http.ServerResponse) => void) => {
  const all: Array<Seen> = []
  const listener: Http.RequestListener = (request, response) => {
    const chunks: Array<Buffer> = []
    request.on("data", (chunk: Buffer) => chunks.push(chunk))
    request.on("end", () => {
      const { headers, method = "", url = "" } = request
      const seen = { url, method, headers, body: Buffer.concat(chunks).toString() }
      all.push(seen)
      handler(seen, response)
    })
  }
  return { all, listener }
}

/**
 * An API whose path `/v1/STATUS` redirects to the location in the query, and another server that records its requests.
 */
const started = (httpClient: Layer.Layer<HttpClient.HttpClient>, dpop = false) =>
  Effect.gen(function*() {
    const other = recording(({ url }, response) => {
      const to = new URL(url, "http://other").searchParams.get("to")
      if (to !== null) return response.writeHead(307, { location: to }).end()
      return response.end("from elsewhere")
    })
    const elsewhere = yield* servers.http(other.listener)
    const api = recording(({ url }, response) => {
      if (url === "/token") {
        return servers.json(response, 200, {
          access_token: "t",
          token_type: dpop ? "DPoP" : "Bearer",
          expires_in: 60
        })
      }
      const { pathname, searchParams } = new URL(url, "http://api")
      if (pathname === "/v1/loop") return response.writeHead(302, { location: "/v1/loop" }).end()
      const status = pathname.startsWith("/v1/") ? Number(pathname.slice(4)) : 200
      if (!(status >= 300)) return response.writeHead(200, "Fine").end(`from ${pathname}`)
      const location = searchParams.get("to")
      return response.writeHead(status, location === null ? {} : { location }).end("a redirect")
    })
    const origin = yield* servers.http(api.listener)
    const client = yield* Effect.acquireRelease(
      Effect.sync(() =>
        PromiseClient.create({
          tokenUrl: `${origin}/token`,
          clientId: "inventory-sync",
          clientSecret: "s3cr3t",
          apiBaseUrl: `${origin}/v1`,
          allowHttpLoopback: true,
          dpop
        }, { httpClient })
      ),
      ({ close }) => Effect.promise(close)
    )
    return {
      ...client,
      origin,
      elsewhere,
      requests: () => api.all.filter(({ url }) => url !== "/token"),
      others: other.all
    }
  })

const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then((value) => assert.fail(`resolved with ${String(value)}`), (error: unknown) => error)

for (const [name, transport] of transports) {
  describe(`on ${name}`, () => {
    it.scopedLive("a redirect within the API is followed with the token, and with the body unless it becomes a GET", () =>
      Effect.gen(function*() {
        const { fetch, origin, requests } = yield* started(transport)
        yield* Effect.promise(async () => {
          for (const status of [301, 302, 303, 307, 308]) {
            const response = await fetch(`/${status}?to=/v1/items`, {
              method: "POST",
              body: "{}",
              headers: { "content-type": "application/json", "x-own": "1" }
            })
            assert.deepStrictEqual(
              [response.status, response.statusText, response.redirected, response.url, await response.clone().text()],
              [200, "Fine", true, `${origin}/v1/items`, "from /v1/items"]
            )
            const last = requests().at(-1)
            const keeps = status >= 307
            assert.deepInclude(last, { method: keeps ? "POST" : "GET", body: keeps ? "{}" : "" })
            assert.strictEqual(last?.headers["content-type"], keeps ? "application/json" : undefined)
            assert.deepInclude(last?.headers, { authorization: "Bearer t", "x-own": "1" })
          }
        })
      }))

    it.scopedLive("a redirect to another origin is followed without the token and without cookies", () =>
      Effect.gen(function*() {
        const { elsewhere, fetch, others, requests } = yield* started(transport)
        yield* Effect.promise(async () => {
          const response = await fetch(`/302?to=${elsewhere}/file`, { headers: { cookie: "session=1", "x-own": "1" } })
          assert.deepStrictEqual(
            [response.status, response.redirected, response.url, await response.text()],
            [200, true, `${elsewhere}/file`, "from elsewhere"]
          )
          assert.strictEqual(requests()[0]?.headers.authorization, "Bearer t")
          assert.deepInclude(others[0], { url: "/file", method: "GET" })
          assert.notProperty(others[0]?.headers, "authorization")
          assert.notProperty(others[0]?.headers, "cookie")
          assert.strictEqual(others[0]?.headers["x-own"], "1")
        })
      }))

    it.scopedLive("a redirect back from another origin is followed without the token", () =>
      Effect.gen(function*() {
        const { elsewhere, fetch, origin, others, requests } = yield* started(transport)
        yield* Effect.promise(async () => {
          const back = encodeURIComponent(`${elsewhere}/file?to=${origin}/v1/all`)
          const response = await fetch(`/307?to=${back}`, { method: "DELETE" })
          assert.deepStrictEqual([response.status, response.url], [200, `${origin}/v1/all`])
          assert.deepStrictEqual(requests().map(({ headers }) => headers.authorization), ["Bearer t", undefined])
          assert.notProperty(others[0]?.headers, "authorization")
        })
      }))

    it.scopedLive("a redirect out of the base path is followed without the token and without the caller's authorization", () =>
      Effect.gen(function*() {
        const { fetch, origin, requests } = yield* started(transport)
        yield* Effect.promise(async () => {
          const response = await fetch("/302?to=/v2/items", {
            headers: { authorization: "Basic callers", cookie: "a=1" }
          })
          assert.strictEqual(response.url, `${origin}/v2/items`)
          assert.deepStrictEqual(requests().map(({ headers }) => headers.authorization), ["Bearer t", undefined])
          assert.deepStrictEqual(requests().map(({ headers }) => headers.cookie), ["a=1", "a=1"])
        })
      }))

    it.scopedLive("a response without a location is returned; a redirect that cannot be followed rejects", () =>
      Effect.gen(function*() {
        const { fetch, requests } = yield* started(transport)
        yield* Effect.promise(async () => {
          const last = await fetch("/302")
          assert.deepStrictEqual([last.status, last.redirected, await last.text()], [302, false, "a redirect"])
          const loop = await rejection(fetch("/loop"))
          assert.include(String(loop), "after 20 others")
          for (const location of ["https://", "ftp://files.example.com/", "http://user:password@127.0.0.1/"]) {
            const error = await rejection(fetch(`/307?to=${location}`))
            assert.strictEqual(httpErrors.kindOf(error), "ResponseError StatusCode")
          }
          assert.lengthOf(requests(), 1 + 21 + 3)
        })
      }))

    it.scopedLive("redirect: \"manual\" and \"error\" do not follow the redirect", () =>
      Effect.gen(function*() {
        const { elsewhere, fetch, others } = yield* started(transport)
        yield* Effect.promise(async () => {
          const response = await fetch(`/302?to=${elsewhere}`, { redirect: "manual" })
          assert.deepStrictEqual([response.status, response.redirected, response.headers.get("location")], [
            302,
            false,
            elsewhere
          ])
          const error = await rejection(fetch(`/302?to=${elsewhere}`, { redirect: "error" }))
          assert.strictEqual(httpErrors.kindOf(error), "ResponseError StatusCode")
          assert.property(error, "_tag")
          assert.include(String(error), "`redirect: \"error\"`")
          assert.strictEqual(others.length, 0)
        })
      }))

    it.scopedLive("a redirect of a call with a proof is followed with a new proof, and to another origin without one", () =>
      Effect.gen(function*() {
        const { elsewhere, fetch, others, requests } = yield* started(transport, true)
        yield* Effect.promise(async () => {
          assert.strictEqual(await (await fetch("/307?to=/v1/items")).text(), "from /v1/items")
          const [first, second] = requests().map(({ headers }) => headers["dpop"])
          assert.isString(first)
          assert.isString(second)
          assert.notStrictEqual(first, second)
          await fetch(`/307?to=${elsewhere}/file`)
          assert.notProperty(others[0]?.headers, "authorization")
          assert.notProperty(others[0]?.headers, "dpop")
        })
      }))
  })
}

describe("a request that follows a redirect to another origin", () => {
  const programs: ReadonlyArray<readonly [name: string, tracer: Layer.Layer<never>, isTraced: boolean]> = [
    ["has no trace headers in a program without a tracer", Layer.empty, false],
    ["has the trace headers of the program's tracer", spans.layer(spans.make().tracer), true]
  ]
  for (const [name, tracer, isTraced] of programs) {
    for (const [transport, httpClient] of transports) {
      it.scopedLive(`${name}, on ${transport}`, () =>
        Effect.gen(function*() {
          const { elsewhere, fetch, origin, others } = yield* started(httpClient)
          const { fetch: ofLayer } = yield* Effect.acquireRelease(
            Effect.sync(() =>
              PromiseClient.make(
                ClientCredentials.layer({
                  tokenUrl: `${origin}/token`,
                  clientId: "inventory-sync",
                  clientSecret: Redacted.make("s3cr3t"),
                  apiBaseUrl: `${origin}/v1`,
                  allowHttpLoopback: true
                }).pipe(Layer.provide(httpClient), Layer.provideMerge(tracer))
              )
            ),
            ({ close }) => Effect.promise(close)
          )
          yield* Effect.promise(async () => {
            for (const send of [fetch, ofLayer]) await send(`/302?to=${elsewhere}/file`)
          })
          const areSent = others.map(({ headers }) => "traceparent" in headers || "b3" in headers)
          assert.deepStrictEqual(areSent, [false, isTraced])
        }))
    }
  }
})
