/** Requests as programs write them by mistake: what servers reject is rejected here, on sockets too. */
import * as Http from "node:http"

import { assert, describe, it } from "@effect/vitest"
import { PromiseClient } from "@effect-oauth/client-credentials"
import * as Loopback from "@effect-oauth/testing/Loopback"
import { Effect } from "effect"

interface Sent {
  readonly method?: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string | ReadonlyArray<string>>>
  readonly body?: string
}

/** Sends the target of the request as it is written, which `fetch` does not. */
const send = (origin: string, { body, headers = {}, method = "GET", path }: Sent) =>
  Effect.async<{ readonly status: number; readonly body: string }>((resume) => {
    const { hostname, port } = new URL(origin)
    Http.request({
      hostname,
      port,
      method,
      path,
      headers: { ...headers as Http.OutgoingHttpHeaders, connection: "close" }
    }, async (response) => {
      let text = ""
      for await (const chunk of response) text += chunk
      resume(Effect.succeed({ status: response.statusCode ?? 0, body: text }))
    }).end(body)
  })

const form = { "content-type": "application/x-www-form-urlencoded" }

const credentials = "client_id=test-client&client_secret=test-secret"

const valid = `grant_type=client_credentials&${credentials}`

const started = Loopback.start({
  server: { secretMethods: ["client_secret_post", "client_secret_basic"], scopes: ["items:read"] },
  api: { handler: (request) => Effect.succeed(Response.json(new URL(request.url).pathname)) }
})

describe("a request on a socket", () => {
  it.scopedLive("keeps its path, also with two slashes", () =>
    Effect.gen(function*() {
      const { api, server } = yield* started
      const issued = yield* send(server.tokenUrl, { method: "POST", path: "/token", headers: form, body: valid })
      const authorization = `Bearer ${JSON.parse(issued.body).access_token}`
      for (const path of ["//v1/items", "//items", "//"]) {
        const { body, status } = yield* send(api.baseUrl, { path, headers: { authorization } })
        assert.deepStrictEqual([status, JSON.parse(body)], [200, path])
      }
      assert.deepStrictEqual((yield* api.calls).map(({ url }) => new URL(url).origin), Array(3).fill(api.baseUrl))
      const elsewhere = { method: "POST", headers: form, body: valid }
      for (const path of ["//token", "//x/token"]) {
        assert.strictEqual((yield* send(server.tokenUrl, { ...elsewhere, path })).status, 404, path)
      }
      for (const path of ["*", "http://[", "token"]) {
        assert.strictEqual((yield* send(server.tokenUrl, { ...elsewhere, path })).status, 400, path)
      }
    }))

  it.scopedLive("authorizes by the whole of its credentials", () =>
    Effect.gen(function*() {
      const { api, server } = yield* started
      const issued = yield* send(server.tokenUrl, { method: "POST", path: "/token", headers: form, body: valid })
      const token: string = JSON.parse(issued.body).access_token
      for (
        const [authorization, status] of [[`Bearer ${token}`, 200], [`Bearer ${token} more`, 401], [
          "Bearer",
          401
        ], [[`Bearer ${token}`, `Bearer ${token}`], 401]] as const
      ) {
        assert.strictEqual((yield* send(api.baseUrl, { path: "/", headers: { authorization } })).status, status)
      }
    }))
})

describe("a token request", () => {
  it.scopedLive("with a parameter twice, or with basic auth that is not base64, is rejected", () =>
    Effect.gen(function*() {
      const { server } = yield* started
      const request = (body: string, headers: Sent["headers"] = {}) =>
        send(server.tokenUrl, { method: "POST", path: "/token", headers: { ...form, ...headers }, body })
      const basic = Buffer.from("test-client:test-secret").toString("base64")
      assert.strictEqual(
        (yield* request("grant_type=client_credentials", { authorization: `Basic ${basic}` })).status,
        200
      )
      for (const more of ["&scope=&scope=items:read", "&grant_type="]) {
        const { body, status } = yield* request(valid + more)
        assert.deepInclude({ status, ...JSON.parse(body) }, { status: 400, error: "invalid_request" })
      }
      for (
        const authorization of [
          `Basic  ${basic}`,
          `Basic ${basic} more`,
          `Basic !${basic}`,
          "Basic ",
          [`Basic ${basic}`, `Basic ${basic}`],
          [`Basic ${basic}`, "Bearer token"]
        ]
      ) {
        const { body, status } = yield* request("grant_type=client_credentials", { authorization })
        assert.deepInclude({ status, ...JSON.parse(body) }, { status: 400, error: "invalid_request" })
      }
    }))

  it.scopedLive("is validated also where the same token is issued again", () =>
    Effect.gen(function*() {
      const { server } = yield* started
      const request = (body: string) => send(server.tokenUrl, { method: "POST", path: "/token", headers: form, body })
      yield* request(valid)
      yield* server.faults.next("sameToken")
      assert.strictEqual((yield* request(`grant_type=password&${credentials}`)).status, 400)
      yield* server.faults.next("sameToken")
      assert.match(JSON.parse((yield* request(valid)).body).access_token, /^token-1-/)
    }))
})

it.scopedLive("the environment names a resource where the server takes no audience", () =>
  Effect.gen(function*() {
    const audience = "https://api.example.com"
    const { environment } = yield* Loopback.start({
      server: { target: "resource", missingTarget: "rejected", audiences: [audience] },
      api: { audience }
    })
    assert.deepInclude(environment, { OAUTH_RESOURCE: audience })
    const { status } = yield* Effect.acquireUseRelease(
      Effect.sync(() => PromiseClient.fromEnv({ env: environment })),
      ({ fetch }) => Effect.promise(() => fetch("/items")),
      ({ close }) => Effect.promise(close)
    )
    assert.strictEqual(status, 200)
  }))
