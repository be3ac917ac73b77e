import type * as Http from "node:http"
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib"

import { FetchHttpClient, type HttpClient } from "@effect/platform"
import { NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { type ApiClient, ClientCredentials, OAuthError, PromiseClient } from "@effect-oauth/client-credentials"
import { Deferred, Effect, Layer, Redacted } from "effect"

import * as httpErrors from "./support/httpErrors.js"
import * as servers from "./support/servers.js"

const transports: ReadonlyArray<readonly [string, Layer.Layer<HttpClient.HttpClient>]> = [
  ["fetch", FetchHttpClient.layer],
  ["Undici", NodeHttpClient.layerUndici],
  ["node:http", NodeHttpClient.layer]
]

const client = (layer: Layer.Layer<ApiClient.ApiClient, unknown>) =>
  Effect.acquireRelease(
    Effect.sync(() => PromiseClient.make(layer)),
    ({ close }) => Effect.promise(close)
  )

/** Resolves when `condition` holds; if it never does, the limit of the runner ends the test. */
const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5))
}

/** A token endpoint and an API on one server, and a client of them. */
const started = (transport: Layer.Layer<HttpClient.HttpClient>, api: Http.RequestListener) =>
  Effect.gen(function*() {
    const state = { tokens: 0, requests: [] as Array<Http.IncomingMessage>, open: 0 }
    const origin = yield* servers.http((request, response) => {
      if (request.url === "/token") {
        state.tokens++
        return servers.json(response, 200, { access_token: "t", token_type: "Bearer", expires_in: 60 })
      }
      state.requests.push(request)
      state.open++
      response.on("close", () => state.open--)
      return api(request, response)
    })
    const layer = Layer.provide(
      ClientCredentials.layer({
        tokenUrl: `${origin}/token`,
        clientId: "inventory-sync",
        clientSecret: Redacted.make("s3cr3t"),
        apiBaseUrl: `${origin}/v1`,
        allowHttpLoopback: true
      }),
      transport
    )
    const { fetch } = yield* client(layer)
    return { fetch, layer, origin, state }
  })

const events: Http.RequestListener = (_, response) => {
  response.writeHead(200, { "content-type": "text/event-stream" })
  response.write("data: leaf\n\n")
}

const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then((value) => assert.fail(`resolved with ${String(value)}`), (error: unknown) => error)

for (const [name, transport] of transports) {
  describe(`fetch, on ${name}`, () => {
    it.scopedLive("an abort while the body is read rejects with its reason and closes the connection", () =>
      Effect.gen(function*() {
        const { fetch, state } = yield* started(transport, events)
        yield* Effect.promise(async () => {
          const reason = new Error("not wanted any more")
          for (const [abort, expected] of [[undefined, "AbortError"], [reason, reason.name]] as const) {
            const controller = new AbortController()
            const response = await fetch("/events", { signal: controller.signal })
            const reader = response.body?.getReader()
            assert.isFalse((await reader?.read())?.done)
            controller.abort(abort)
            const error = await rejection(reader?.read() ?? Promise.resolve())
            assert.strictEqual((error as Error).name, expected)
            if (abort !== undefined) assert.strictEqual(error, abort)
            await until(() => state.open === 0)
          }
        })
      }))

    it.scopedLive("an abort before the body is read rejects and closes as well, also for a Request and its copy", () =>
      Effect.gen(function*() {
        const { fetch, origin, state } = yield* started(transport, events)
        yield* Effect.promise(async () => {
          const controller = new AbortController()
          const response = await fetch(new Request(`${origin}/v1/events`, { signal: controller.signal }))
          const copy = response.clone()
          controller.abort()
          for (const one of [response, copy]) {
            assert.strictEqual(((await rejection(one.text())) as Error).name, "AbortError")
          }
          await until(() => state.open === 0)
        })
      }))

    it.scopedLive("an abort before or during the call rejects with its reason", () =>
      Effect.gen(function*() {
        const { fetch, state } = yield* started(transport, () => undefined)
        yield* Effect.promise(async () => {
          const before = await rejection(fetch("/items", { signal: AbortSignal.abort("early") }))
          assert.strictEqual(before, "early")
          assert.deepStrictEqual([state.tokens, state.requests.length], [0, 0])
          const controller = new AbortController()
          const call = rejection(fetch("/items", { signal: controller.signal }))
          await until(() => state.requests.length === 1)
          controller.abort()
          assert.strictEqual(((await call) as Error).name, "AbortError")
          await until(() => state.open === 0)
          const timeout = await rejection(fetch("/items", { signal: AbortSignal.timeout(1) }))
          assert.strictEqual((timeout as Error).name, "TimeoutError")
        })
      }))

    it.scopedLive("a caller that cancels the body closes the connection", () =>
      Effect.gen(function*() {
        const { fetch, state } = yield* started(transport, events)
        yield* Effect.promise(async () => {
          await (await fetch("/events")).body?.cancel()
          await until(() => state.open === 0)
        })
      }))

    it.scopedLive("redirect: \"error\" rejects, \"manual\" returns the redirect; neither follows it", () =>
      Effect.gen(function*() {
        let elsewhere = 0
        const other = yield* servers.http((_, response) => {
          elsewhere++
          response.end("{}")
        })
        const { fetch, origin } = yield* started(transport, (request, response) => {
          if (request.url === "/v1/items") return response.end("[]")
          return response.writeHead(Number(request.url?.slice(4)), { location: `${other}/elsewhere` }).end()
        })
        yield* Effect.promise(async () => {
          for (const status of [301, 302, 303, 307, 308]) {
            const error = await rejection(fetch(`/${status}`, { redirect: "error" }))
            assert.strictEqual(httpErrors.kindOf(error), "ResponseError StatusCode")
            assert.include(String(error), "`redirect: \"error\"`")
            const manual = await fetch(new Request(`${origin}/v1/${status}`, { redirect: "manual" }))
            assert.strictEqual(manual.status, status)
            assert.strictEqual(manual.headers.get("location"), `${other}/elsewhere`)
          }
          assert.strictEqual(elsewhere, 0)
          assert.strictEqual((await fetch("/items", { redirect: "error" })).status, 200)
          assert.strictEqual((await fetch("/304", { redirect: "error" })).status, 304)
        })
      }))

    it.scopedLive("responses are those of fetch: url, cookies, statuses, bodies", () =>
      Effect.gen(function*() {
        const { fetch, origin } = yield* started(transport, (request, response) => {
          const status = Number(request.url?.slice(4, 7))
          response.setHeader("set-cookie", ["a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT", "b=2; Path=/"])
          return response.writeHead(status).end(request.method)
        })
        yield* Effect.promise(async () => {
          for (const status of [200, 204, 205, 304, 404, 503, 600, 999]) {
            const response = await fetch(`${origin}/v1/${status}?q=1#part`)
            assert.deepStrictEqual(
              [response.status, response.ok, response.url, response.redirected, response.clone().status],
              [status, status < 300, `${origin}/v1/${status}?q=1`, false, status]
            )
            assert.instanceOf(response, Response)
            assert.strictEqual(await response.text(), [204, 205, 304].includes(status) ? "" : "GET")
            assert.strictEqual(response.headers.getSetCookie().length, 2)
            assert.match(response.headers.getSetCookie()[0] ?? "", /^a=1; /)
          }
          assert.strictEqual((await fetch("/200", { method: "HEAD" })).body, null)
        })
      }))

    it.scopedLive("bodies are decoded, as fetch decodes them", () =>
      Effect.gen(function*() {
        const text = JSON.stringify({ items: Array(1000).fill("leaf") })
        const codings = {
          gzip: gzipSync,
          deflate: deflateSync,
          br: brotliCompressSync,
          identity: (bytes: Buffer) => bytes
        }
        const { fetch } = yield* started(transport, (request, response) => {
          const coding = (request.url ?? "").slice(4) as keyof typeof codings
          response.writeHead(200, { "content-encoding": coding }).end(codings[coding](Buffer.from(text)))
        })
        yield* Effect.promise(async () => {
          for (const coding of Object.keys(codings)) {
            const response = await fetch(`/${coding}`)
            assert.strictEqual(await response.text(), text)
            assert.strictEqual(response.headers.get("content-encoding"), coding)
          }
        })
      }))

    it.scopedLive("requests are those of fetch: URL objects, Requests, a query alone, headers, bodies", () =>
      Effect.gen(function*() {
        const { fetch, origin, state } = yield* started(transport, (request, response) => {
          const chunks: Array<Buffer> = []
          request.on("data", (chunk: Buffer) => chunks.push(chunk))
          request.on("end", () => response.end(Buffer.concat(chunks)))
        })
        const last = () => state.requests.at(-1)
        yield* Effect.promise(async () => {
          for (const input of [new URL(`${origin}/v1/items`), new Request(`${origin}/v1/items`), "items", "/items"]) {
            await fetch(input)
            assert.strictEqual(last()?.url, "/v1/items")
          }
          await fetch("?page=2")
          assert.strictEqual(last()?.url, "/v1?page=2")
          await fetch("/items", { headers: { "content-type": "application/vnd.items", "x-one": "1" } })
          assert.deepInclude(last()?.headers, { "content-type": "application/vnd.items", "x-one": "1" })
          const echoed = await fetch(
            new Request(`${origin}/v1/items`, {
              method: "POST",
              body: new Blob(["{}"]).stream(),
              headers: { "content-type": "application/json" },
              duplex: "half"
            } as RequestInit)
          )
          assert.strictEqual(await echoed.text(), "{}")
          assert.deepInclude(last()?.headers, { "content-type": "application/json", "content-length": "2" })
          assert.strictEqual(
            await (await fetch("/items", { method: "PUT", body: new URLSearchParams({ a: "b" }) })).text(),
            "a=b"
          )
        })
      }))
  })
}

it.scopedLive("options that cannot be applied and would weaken a guarantee reject before anything is sent", () =>
  Effect.gen(function*() {
    const { fetch, state } = yield* started(NodeHttpClient.layerUndici, (_, response) => response.end())
    yield* Effect.promise(async () => {
      for (
        const init of [
          { integrity: "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" },
          { mode: "same-origin" },
          { dispatcher: {} }
        ]
      ) {
        const error = await rejection(fetch("/items", init as RequestInit))
        assert.instanceOf(error, TypeError)
        assert.include(String(error), Object.keys(init).join())
      }
      assert.deepStrictEqual([state.tokens, state.requests.length], [0, 0])
      assert.strictEqual((await fetch("/items", { cache: "no-store", credentials: "omit" })).status, 200)
    })
  }))

describe("a body whose source cannot be cancelled", () => {
  /** A client of an API whose body never ends, or fails after its first piece, and whose cancellation is rejected. */
  const unhappy = (fails: boolean) => {
    let count = 0
    const body = () =>
      new ReadableStream<Uint8Array>({
        pull: (controller) => {
          count += 1
          if (count === 1) return controller.enqueue(new TextEncoder().encode("leaf"))
          if (fails) throw new Error("the connection was reset")
          return new Promise<void>(() => undefined)
        },
        cancel: () => Promise.reject(new Error("not cancelled"))
      }, { highWaterMark: 0 })
    const fetch = (input: unknown) =>
      Promise.resolve(
        String(input).endsWith("/token")
          ? Response.json({ access_token: "t", token_type: "Bearer", expires_in: 60 })
          : new Response(body(), { headers: { "content-type": "text/plain" } })
      )
    return PromiseClient.create({
      tokenUrl: "https://auth.example.com/token",
      clientId: "inventory-sync",
      clientSecret: "s3cr3t",
      apiBaseUrl: "https://api.example.com"
    }, { fetch })
  }

  const rejections: Array<unknown> = []
  const note = (reason: unknown) => void rejections.push(reason)

  const ends: Readonly<Record<string, (api: PromiseClient.PromiseClient) => Promise<void>>> = {
    "is left by its caller, unread": async (api) => void await (await api.fetch("/items")).body?.cancel(),
    "is left by its caller while it is read": async (api) => {
      const reader = (await api.fetch("/items")).body?.getReader() ?? assert.fail("a body")
      await reader.read()
      const next = reader.read()
      await reader.cancel()
      assert.isTrue((await next).done)
    },
    "is aborted": async (api) => {
      const controller = new AbortController()
      const reader = (await api.fetch("/items", { signal: controller.signal })).body?.getReader() ??
        assert.fail("a body")
      await reader.read()
      const next = rejection(reader.read())
      controller.abort("enough")
      assert.strictEqual(await next, "enough")
    },
    "ends with its client": async (api) => {
      const reader = (await api.fetch("/items")).body?.getReader() ?? assert.fail("a body")
      await reader.read()
      const next = rejection(reader.read())
      await api.close()
      assert.instanceOf(await next, OAuthError.ClientClosed)
    }
  }
  for (const [name, end] of Object.entries(ends)) {
    it(`${name}, without an unhandled rejection`, async () => {
      process.on("unhandledRejection", note)
      try {
        await end(unhappy(false))
        // Node reports those of a turn at its end.
        for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve))
      } finally {
        process.off("unhandledRejection", note)
      }
      assert.deepStrictEqual(rejections.splice(0), [])
    })
  }

  it("rejects with its own error when it fails", async () => {
    const error = await rejection((await unhappy(true).fetch("/items")).text())
    assert.include(String((error as Error).cause ?? error), "the connection was reset")
  })
})

describe("the layer", () => {
  /** A layer whose first builds fail, each with an open resource that must be closed. */
  const failing = (layer: Layer.Layer<ApiClient.ApiClient, unknown>, failures: number) => {
    const state = { builds: 0, open: 0 }
    const opened = Layer.scopedDiscard(Effect.acquireRelease(
      Effect.sync(() => state.open++),
      () => Effect.sync(() => state.open--)
    ))
    const built = Layer.unwrapEffect(Effect.suspend(() =>
      ++state.builds <= failures
        ? state.builds % 2 === 0 ? Effect.die(new Error("a defect")) : Effect.fail("the database is unavailable")
        : Effect.succeed(layer)
    ))
    return { state, layer: Layer.provide(built, opened) }
  }

  it.scopedLive("that failed is released, and built again by the next call", () =>
    Effect.gen(function*() {
      const { layer, state } = yield* started(NodeHttpClient.layerUndici, (_, response) => response.end("[]"))
      const builds = failing(layer, 2)
      const { fetch } = yield* client(builds.layer)
      yield* Effect.promise(async () => {
        const calls = () => Promise.all([1, 2, 3].map(() => rejection(fetch("/items"))))
        assert.deepStrictEqual((await calls()).map(String), Array(3).fill("Error: the database is unavailable"))
        assert.deepStrictEqual(builds.state, { builds: 1, open: 0 })
        assert.deepStrictEqual((await calls()).map(String), Array(3).fill("Error: a defect"))
        assert.deepStrictEqual(builds.state, { builds: 2, open: 0 })
        await Promise.all([1, 2, 3].map(() => fetch("/items")))
        await fetch("/items")
        assert.deepStrictEqual(builds.state, { builds: 3, open: 1 })
        assert.strictEqual(state.tokens, 1)
      })
    }))

  it.scopedLive("is released by close; later calls and calls that waited for the build reject", () =>
    Effect.gen(function*() {
      const { layer, state } = yield* started(NodeHttpClient.layerUndici, (_, response) => response.end("[]"))
      const builds = failing(layer, 0)
      const first = PromiseClient.make(builds.layer)
      const never = yield* Deferred.make<never>()
      let begin: () => void = () => assert.fail("the promise has no executor")
      const building = new Promise<void>((resolve) => {
        begin = resolve
      })
      const hanging = failing(
        Layer.unwrapEffect(Effect.zipRight(Effect.sync(() => begin()), Deferred.await(never))),
        0
      )
      const second = PromiseClient.make(hanging.layer)
      yield* Effect.promise(async () => {
        await first.fetch("/items")
        await Promise.all([first.close(), first.close()])
        assert.include(String(await rejection(first.fetch("/items"))), "The client is closed")
        assert.deepStrictEqual([builds.state, state.tokens], [{ builds: 1, open: 0 }, 1])

        const waiting = rejection(second.fetch("/items"))
        const aborted = new AbortController()
        const other = rejection(second.fetch("/items", { signal: aborted.signal }))
        await building
        aborted.abort()
        assert.strictEqual(((await other) as Error).name, "AbortError")
        await second.close()
        assert.include(String(await waiting), "The client is closed")
        assert.deepStrictEqual(hanging.state, { builds: 1, open: 0 })

        const unused = PromiseClient.make(failing(layer, 0).layer)
        await unused.close()
        assert.include(String(await rejection(unused.fetch("/items"))), "The client is closed")
      })
    }))

  for (const [name, transport] of transports) {
    it.scopedLive(`over ${name}, rejects calls in progress on close, with a message that they may have been sent`, () =>
      Effect.gen(function*() {
        const { layer, state } = yield* started(transport, () => undefined)
        const api = PromiseClient.make(layer)
        yield* Effect.promise(async () => {
          const calls = [1, 2].map(() => rejection(api.fetch("/orders", { method: "POST", body: "one" })))
          await until(() => state.open === 2)
          await api.close()
          for (const error of await Promise.all(calls)) {
            assert.instanceOf(error, OAuthError.ClientClosed)
            assert.include(String(error), "may have reached the API")
          }
          await until(() => state.open === 0)
        })
      }))
  }
})
