/**
 * Calls by `fetch` of the runtime and by a client, on each transport: the caller sees the same result and the server
 * receives the same request. The cases are those of web-platform-tests for the Fetch standard (`fetch/api`) that do not
 * need a browser: abort, basic, body, headers, redirect, request, response.
 */
import type * as Http from "node:http"

import { FetchHttpClient, type HttpClient } from "@effect/platform"
import { NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { PromiseClient } from "@effect-oauth/client-credentials"
import { Effect, type Layer } from "effect"

import * as servers from "./support/servers.js"

const transports: ReadonlyArray<readonly [string, Layer.Layer<HttpClient.HttpClient>]> = [
  ["fetch", FetchHttpClient.layer],
  ["Undici", NodeHttpClient.layerUndici],
  ["node:http", NodeHttpClient.layer]
]

type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

interface Received {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>
  readonly body: string
}

/** Headers that a transport adds or that name the connection. */
const ofTransport = [
  "accept",
  "accept-encoding",
  "accept-language",
  "connection",
  "host",
  "keep-alive",
  "sec-fetch-mode",
  "transfer-encoding",
  "user-agent"
]

/** Headers that differ between two calls of the same kind. */
const settled = (text: string): string => text.replaceAll(/formdata-undici-\d+/g, "boundary")

const answer = ({ body, method, url }: Received, response: Http.ServerResponse): void => {
  const { pathname, searchParams } = new URL(url, "http://api")
  const [, , kind = "", detail = ""] = pathname.split("/")
  switch (kind) {
    case "status":
      return void response.writeHead(Number(detail), searchParams.get("text") ?? undefined).end("body")
    case "redirect": {
      const location = searchParams.get("to")
      return void response.writeHead(Number(detail), location === null ? {} : { location }).end("a redirect")
    }
    case "headers":
      response.setHeader("set-cookie", ["a=1; Path=/; HttpOnly", "b=2; Expires=Wed, 21 Oct 2026 07:28:00 GMT"])
      response.setHeader("x-list", ["one", "two"])
      response.setHeader("x-blank", "")
      return void response.end("headers")
    case "chunks":
      response.write("one,")
      setImmediate(() => response.end("two"))
      return
    case "cut":
      response.writeHead(200, { "content-length": "100" })
      response.write("part")
      setImmediate(() => response.destroy())
      return
    case "never":
      return
    case "endless":
      response.write("first")
      return
    case "json":
      return void response.writeHead(200, { "content-type": "application/json" }).end("{\"a\":[1]}")
    default:
      return void response.end(`${method} ${body}`)
  }
}

const started = Effect.gen(function*() {
  const received: Array<Received> = []
  const listener: Http.RequestListener = (request, response) => {
    const chunks: Array<Buffer> = []
    request.on("data", (chunk: Buffer) => chunks.push(chunk))
    request.on("end", () => {
      const { method = "", url = "" } = request
      if (url === "/token") {
        return servers.json(response, 200, { access_token: "t", token_type: "Bearer", expires_in: 60 })
      }
      const headers = Object.fromEntries(
        Object.entries(request.headers)
          .filter(([name]) => !ofTransport.includes(name))
          .map(([name, value]) => [name, settled(String(value))])
      )
      const one = { method, url, headers, body: settled(Buffer.concat(chunks).toString()) }
      received.push(one)
      answer(one, response)
    })
  }
  const origin = yield* servers.http(listener)
  return { origin, received }
})

/** The observable outcome of a call. */
const outcome = async (origin: string, run: (origin: string) => Promise<unknown>) => {
  try {
    return { value: await run(origin) }
  } catch (error) {
    // The messages belong to the transport; the kinds that callers distinguish, to the standard.
    const name = error instanceof Error ? error.name : String(error)
    return { failure: /^(Abort|Timeout)Error$/.test(name) || !(error instanceof Error) ? name : "an error" }
  }
}

const shown = async (response: Response) => ({
  status: response.status,
  statusText: response.statusText,
  ok: response.ok,
  url: response.url.replace(/^http:\/\/[^/]+/, ""),
  redirected: response.redirected,
  type: response.type,
  headers: [...response.headers].filter(([name]) =>
    !["connection", "date", "keep-alive", "transfer-encoding"].includes(name)
  ),
  hasBody: response.body !== null,
  usedBefore: response.bodyUsed,
  text: await response.text(),
  usedAfter: response.bodyUsed
})

type Case = (fetch: Fetch, url: (path: string) => string) => Promise<unknown>

const shows = (path: string, init?: RequestInit): Case => async (fetch, url) => shown(await fetch(url(path), init))

const json = { "content-type": "application/json" }

const form = () => {
  const data = new FormData()
  data.append("name", "value")
  data.append("file", new Blob(["content"], { type: "text/plain" }), "file.txt")
  return data
}

/** Aborts when the response has begun. */
const abortedWhileRead: Case = async (fetch, url) => {
  const controller = new AbortController()
  const response = await fetch(url("/v1/endless"), { signal: controller.signal })
  const reader = response.body?.getReader()
  const first = await reader?.read()
  controller.abort()
  const next = await outcome("", async () => reader?.read())
  return { first: first?.value?.length, next }
}

const cases: Readonly<Record<string, Case>> = {
  // basic, request
  "a GET": shows("/v1/items?a=b%20c&d=%C3%A9"),
  "a fragment, which is not sent": shows("/v1/items#part"),
  ...Object.fromEntries(
    ["DELETE", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "delete", "put"].map((method) => [
      `the method ${method}`,
      shows("/v1/items", { method })
    ])
  ),
  "a GET with a body": shows("/v1/items", { body: "x" }),
  "an unknown method": shows("/v1/items", { method: "FETCH" }),
  "a forbidden method": shows("/v1/items", { method: "TRACE" }),
  "a method that is not a token": shows("/v1/items", { method: "G ET" }),
  // headers
  "headers as an object": shows("/v1/items", { headers: { "X-One": "1", "x-two": "  padded  " } }),
  "headers as a list, repeated": shows("/v1/items", { headers: [["x-one", "1"], ["X-One", "2"]] }),
  "headers of a Headers": shows("/v1/items", { headers: new Headers({ "x-one": "1" }) }),
  "a header name that is not a token": shows("/v1/items", { headers: { "x one": "1" } }),
  "a header value with a line break": shows("/v1/items", { headers: { "x-one": "1\r\nx-two: 2" } }),
  "headers of a response": shows("/v1/headers"),
  // request bodies
  "a string": shows("/v1/items", { method: "POST", body: "text é" }),
  "JSON": shows("/v1/items", { method: "POST", body: "{}", headers: json }),
  "an empty string": shows("/v1/items", { method: "POST", body: "" }),
  "bytes": shows("/v1/items", { method: "POST", body: new TextEncoder().encode("bytes") }),
  "an ArrayBuffer": shows("/v1/items", { method: "POST", body: new TextEncoder().encode("bytes").buffer }),
  "a part of an ArrayBuffer": shows("/v1/items", {
    method: "POST",
    body: new TextEncoder().encode("bytes").subarray(1, 3)
  }),
  "a Blob with a type": shows("/v1/items", { method: "POST", body: new Blob(["blob"], { type: "text/html" }) }),
  "a Blob without a type": shows("/v1/items", { method: "POST", body: new Blob(["blob"]) }),
  "URLSearchParams": shows("/v1/items", { method: "POST", body: new URLSearchParams({ a: "b c", d: "é" }) }),
  "FormData": async (fetch, url) => shown(await fetch(url("/v1/items"), { method: "POST", body: form() })),
  "a content type set by the caller": shows("/v1/items", {
    method: "POST",
    body: new URLSearchParams({ a: "b" }),
    headers: { "content-type": "application/x-own" }
  }),
  // Request
  "a Request": async (fetch, url) =>
    shown(await fetch(new Request(url("/v1/items"), { method: "PUT", body: "x", headers: { "x-one": "1" } }))),
  "a Request whose options are replaced": async (fetch, url) =>
    shown(await fetch(new Request(url("/v1/items"), { headers: { "x-one": "1" } }), { headers: { "x-two": "2" } })),
  "a Request that was used": async (fetch, url) => {
    const request = new Request(url("/v1/items"), { method: "POST", body: "x" })
    await request.text()
    return shown(await fetch(request))
  },
  "a Request is used by the call": async (fetch, url) => {
    const request = new Request(url("/v1/items"), { method: "POST", body: "x" })
    const call = fetch(request)
    await call
    return request.bodyUsed
  },
  "a URL": async (fetch, url) => shown(await fetch(new URL(url("/v1/items")))),
  // responses
  ...Object.fromEntries(
    [200, 201, 202, 203, 204, 205, 206, 300, 304, 400, 403, 404, 410, 422, 429, 500, 503, 599].map((status) => [
      `status ${status}`,
      shows(`/v1/status/${status}`)
    ])
  ),
  "a reason phrase": shows("/v1/status/200?text=Very%20good"),
  "a body in chunks": shows("/v1/chunks"),
  "a body that is cut": shows("/v1/cut"),
  "a body as JSON": async (fetch, url) => (await fetch(url("/v1/json"))).json(),
  "a body as bytes": async (fetch, url) => [...new Uint8Array(await (await fetch(url("/v1/json"))).arrayBuffer())],
  "a body as a Blob": async (fetch, url) => {
    const blob = await (await fetch(url("/v1/json"))).blob()
    return [blob.type, await blob.text()]
  },
  "a body is read once": async (fetch, url) => {
    const response = await fetch(url("/v1/json"))
    await response.text()
    return response.text()
  },
  "a copy has its own body": async (fetch, url) => {
    const response = await fetch(url("/v1/json"))
    const copy = response.clone()
    return [await response.text(), copy.bodyUsed, await copy.text(), copy.url.endsWith("/v1/json"), copy.type]
  },
  "a body that was read has no copy": async (fetch, url) => {
    const response = await fetch(url("/v1/json"))
    await response.text()
    return response.clone().status
  },
  "a body by its reader": async (fetch, url) => {
    const { body } = await fetch(url("/v1/chunks"))
    let text = ""
    for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) text += new TextDecoder().decode(chunk)
    return text
  },
  // redirects
  ...Object.fromEntries(
    [301, 302, 303, 307, 308].flatMap((status) =>
      ["GET", "HEAD", "POST", "PUT", "DELETE"].map((method) => [
        `${status} of ${method}`,
        shows(`/v1/redirect/${status}?to=/v1/items`, { method })
      ])
    )
  ),
  ...Object.fromEntries(
    [301, 302, 303].map((status) => [
      `${status} of a POST with a body, which is left behind`,
      shows(`/v1/redirect/${status}?to=/v1/items`, { method: "POST", body: "{}", headers: json })
    ])
  ),
  "a relative location": shows("/v1/redirect/302?to=..%2Fitems%3Fa%3Db"),
  "a fragment of the location": shows("/v1/redirect/302?to=%2Fv1%2Fitems%23part"),
  "two redirects": shows("/v1/redirect/302?to=%2Fv1%2Fredirect%2F307%3Fto%3D%2Fv1%2Fitems"),
  "a redirect without location": shows("/v1/redirect/302"),
  "a location that is not a URL": shows("/v1/redirect/302?to=https%3A%2F%2F"),
  "a location that is not HTTP": shows("/v1/redirect/302?to=data%3Atext%2Fplain%2Cx"),
  "redirect: error": shows("/v1/redirect/302?to=/v1/items", { redirect: "error" }),
  "redirect: manual": shows("/v1/redirect/302?to=/v1/items", { redirect: "manual" }),
  "redirect: manual, without a redirect": shows("/v1/items", { redirect: "manual" }),
  // abort
  "an abort before the call": shows("/v1/items", { signal: AbortSignal.abort() }),
  "an abort before the call with a reason": shows("/v1/items", { signal: AbortSignal.abort("enough") }),
  "an abort during the call": async (fetch, url) => {
    const controller = new AbortController()
    const call = fetch(url("/v1/never"), { signal: controller.signal })
    setTimeout(() => controller.abort(), 1)
    return (await call).status
  },
  "an abort during the call with a reason": async (fetch, url) => {
    const controller = new AbortController()
    const call = fetch(url("/v1/never"), { signal: controller.signal })
    setTimeout(() => controller.abort("enough"), 1)
    return (await call).status
  },
  "an abort while the body is read": abortedWhileRead,
  "an abort of the signal of a Request": async (fetch, url) =>
    (await fetch(new Request(url("/v1/items"), { signal: AbortSignal.abort() }))).status,
  "a signal of the options replaces that of a Request": async (fetch, url) => {
    const request = new Request(url("/v1/items"), { signal: AbortSignal.abort() })
    return (await fetch(request, { signal: new AbortController().signal })).status
  },
  "no signal in place of that of a Request": async (fetch, url) =>
    (await fetch(new Request(url("/v1/items"), { signal: AbortSignal.abort() }), { signal: null })).status,
  "a time limit": async (fetch, url) => (await fetch(url("/v1/never"), { signal: AbortSignal.timeout(5) })).status,
  "an abort after the body was read": async (fetch, url) => {
    const controller = new AbortController()
    const response = await fetch(url("/v1/json"), { signal: controller.signal })
    const text = await response.text()
    controller.abort()
    return text
  }
}

for (const [name, httpClient] of transports) {
  describe(`on ${name}`, () => {
    for (const [title, run] of Object.entries(cases)) {
      it.scopedLive(title, () =>
        Effect.gen(function*() {
          const one = yield* started
          const other = yield* started
          const authorized: Fetch = (input, init) => {
            const headers = new Headers(
              input instanceof Request && init?.headers === undefined ? input.headers : init?.headers
            )
            headers.set("authorization", "Bearer t")
            return fetch(input, { ...init, headers })
          }
          const client = yield* Effect.acquireRelease(
            Effect.sync(() =>
              PromiseClient.create({
                tokenUrl: `${other.origin}/token`,
                clientId: "inventory-sync",
                clientSecret: "s3cr3t",
                apiBaseUrl: `${other.origin}/v1`,
                allowHttpLoopback: true
              }, { httpClient })
            ),
            ({ close }) => Effect.promise(close)
          )
          yield* Effect.promise(async () => {
            const expected = await outcome(one.origin, (origin) => run(authorized, (path) => origin + path))
            const found = await outcome(other.origin, (origin) => run(client.fetch, (path) => origin + path))
            assert.deepStrictEqual(found, expected)
            // The progress of an aborted call depends on timing.
            if ("value" in expected) assert.deepStrictEqual(other.received, one.received)
          })
        }))
    }
  })
}
