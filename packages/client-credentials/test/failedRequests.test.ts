/**
 * Requirements, from guides/requirements.md:
 * - T4: Secrets go over TLS only, to a server whose certificate is valid.
 * - R7: Error responses are typed, whatever their format; messages show no raw body.
 * - R10: Tokens and secrets appear in no error, log, span or metric.
 * - B2: Tokens are sent by https only, and not to another origin after a redirect.
 */
import type * as Http from "node:http"

import { FetchHttpClient, type HttpClient } from "@effect/platform"
import { NodeHttpClient, Undici } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { ApiClient, ClientConfig, ClientCredentials, TokenCache } from "@effect-oauth/client-credentials"
import { Effect, Layer, Redacted } from "effect"

import * as httpErrors from "./support/httpErrors.js"
import { printed } from "./support/printed.js"
import * as servers from "./support/servers.js"

const secret = "s3cr3t/+ %:x"
const token = "t0k3n-of-the-test"

const secrets = [
  secret,
  encodeURIComponent(secret),
  new URLSearchParams({ "": secret }).toString().slice(1),
  Buffer.from(`inventory-sync:${secret}`).toString("base64"),
  token
]

const revealsNothing = (value: unknown) => {
  const text = printed(value)
  for (const one of secrets) assert.notInclude(text, one)
}

const transports: ReadonlyArray<readonly [string, Layer.Layer<HttpClient.HttpClient>]> = [
  ["fetch", FetchHttpClient.layer],
  ["Undici", NodeHttpClient.layerUndici],
  ["node:http", NodeHttpClient.layer]
]

const options = (more: Partial<ClientConfig.Options>): ClientConfig.Options => ({
  tokenUrl: "https://127.0.0.1:1/token",
  clientId: "inventory-sync",
  clientSecret: Redacted.make(secret),
  apiBaseUrl: "https://127.0.0.1:1",
  allowHttpLoopback: true,
  ...more
})

/** Returns the error of one call, by a client with this token URL. */
const failure = (tokenUrl: string, more: Partial<ClientConfig.Options> = {}) =>
  Effect.flatMap(ApiClient.ApiClient, (api) => api.get("/items")).pipe(
    // No retries: the test is about the failure.
    Effect.provide(ClientCredentials.layer({ ...options({ tokenUrl, ...more }), tokenCache: { retryTimeout: 0 } })),
    Effect.flip
  )

const tokens: Http.RequestListener = (_, response) =>
  servers.json(response, 200, { access_token: token, token_type: "Bearer", expires_in: 60 })

describe("failures show no secret and state what to do", () => {
  for (const [name, transport] of transports) {
    describe(`over ${name}`, () => {
      for (const clientAuthentication of ["client_secret_post", "client_secret_basic"] as const) {
        it.scopedLive(`R7 R10 a wrong secret, echoed by the server (${clientAuthentication})`, () =>
          Effect.gen(function*() {
            const origin = yield* servers.http((request, response) => {
              const chunks: Array<Buffer> = []
              request.on("data", (chunk: Buffer) => chunks.push(chunk)).on("end", () =>
                servers.json(response, 401, {
                  error: "invalid_client",
                  error_description: `${Buffer.concat(chunks).toString()} ${request.headers.authorization} ${secret}`
                }))
            })
            const error = yield* failure(`${origin}/token`, { clientAuthentication })
            assert(error._tag === "TokenErrorResponse")
            assert.strictEqual(error.error, "invalid_client")
            assert.include(error.message, "Check the client id and the client secret")
            assert.include(error.message, `${origin}/token`)
            revealsNothing(error)
          }).pipe(Effect.provide(transport)))
      }

      it.scopedLive("a token endpoint that cannot be reached", () =>
        Effect.gen(function*() {
          const origin = yield* servers.closed
          const error = yield* failure(`${origin}/token`)
          assert(error._tag === "TokenEndpointUnavailable")
          assert.strictEqual(error.reason, "connection")
          assert.strictEqual(error.detail, "ECONNREFUSED")
          assert.include(error.message, "Check the token URL")
          revealsNothing(error)
        }).pipe(Effect.provide(transport)))

      it.scopedLive("a connection that closes in the middle of the response", () =>
        Effect.gen(function*() {
          const origin = yield* servers.http((_, response) => {
            response.writeHead(200, { "content-type": "application/json", "content-length": "1000" })
            response.write(`{"access_token":"${token}",`, () => response.destroy())
          })
          const error = yield* failure(`${origin}/token`)
          assert(error._tag === "TokenEndpointUnavailable")
          assert.strictEqual(error.reason, "connection")
          revealsNothing(error)
        }).pipe(Effect.provide(transport)))

      it.scopedLive("T4 a certificate of an unknown authority", () =>
        Effect.gen(function*() {
          let requests = 0
          const origin = yield* servers.https(yield* servers.selfSigned, (request, response) => {
            requests += 1
            tokens(request, response)
          })
          const error = yield* failure(`${origin}/token`)
          assert(error._tag === "TokenEndpointUnavailable")
          assert.strictEqual(error.reason, "certificate")
          assert.include(error.message, "NODE_EXTRA_CA_CERTS")
          assert.isFalse(error.retryable)
          assert.strictEqual(requests, 0)
          revealsNothing(error)
        }).pipe(Effect.provide(transport)))

      it.scopedLive("an HTML page in place of a token", () =>
        Effect.gen(function*() {
          const origin = yield* servers.http((_, response) => {
            response.writeHead(200, { "content-type": "text/html" }).end(`<h1>Sign in</h1>${secret}`)
          })
          const error = yield* failure(`${origin}/token`)
          assert(error._tag === "InvalidTokenResponse")
          assert.include(error.message, "text/html")
          assert.include(error.message, "Check that the token URL")
          revealsNothing(error)
        }).pipe(Effect.provide(transport)))

      for (const status of [301, 302, 303, 307, 308]) {
        it.scopedLive(`B2 T4 a ${status} to another origin, which receives nothing`, () =>
          Effect.gen(function*() {
            let stolen = 0
            const thief = yield* servers.http((request, response) => {
              stolen += 1
              tokens(request, response)
            })
            const origin = yield* servers.http((_, response) => {
              response.writeHead(status, { location: `${thief}/token?secret=${encodeURIComponent(secret)}` }).end()
            })
            const error = yield* failure(`${origin}/token`)
            assert(error._tag === "InvalidTokenResponse")
            assert.strictEqual(error.status, status)
            assert.include(error.message, `a redirect to ${thief},`)
            assert.include(error.message, "Set the token URL")
            assert.strictEqual(stolen, 0)
            revealsNothing(error)
          }).pipe(Effect.provide(transport)))
      }

      it.scopedLive("a response without an end", () =>
        Effect.gen(function*() {
          const origin = yield* servers.http((_, response) => {
            const write = () => {
              while (!response.destroyed && response.write(token.repeat(1000)));
            }
            response.writeHead(200, { "content-type": "application/json" }).on("drain", write)
            write()
          })
          const error = yield* failure(`${origin}/token`)
          assert(error._tag === "InvalidTokenResponse")
          assert.include(error.message, "1048576 bytes")
          revealsNothing(error)
        }).pipe(Effect.provide(transport)))

      it.scopedLive("an API that drops the connection", () =>
        Effect.gen(function*() {
          const origin = yield* servers.http((request, response) => {
            if (request.url === "/token") tokens(request, response)
            else request.socket.destroy()
          })
          const error = yield* failure(`${origin}/token`, { apiBaseUrl: origin })
          assert.strictEqual(httpErrors.kindOf(error), "RequestError Transport")
          revealsNothing(error)
        }).pipe(Effect.provide(transport)))

      it.scopedLive("an API whose response cannot be decoded", () =>
        Effect.gen(function*() {
          const origin = yield* servers.http((request, response) => {
            if (request.url === "/token") tokens(request, response)
            else response.writeHead(200, { "content-type": "application/json" }).end("{")
          })
          const response = yield* Effect.flatMap(ApiClient.ApiClient, (api) => api.get("/items")).pipe(
            Effect.provide(ClientCredentials.layer(options({ tokenUrl: `${origin}/token`, apiBaseUrl: origin })))
          )
          revealsNothing(response)
          const error = yield* Effect.flip(response.json)
          assert.strictEqual(httpErrors.kindOf(error), "ResponseError Decode")
          revealsNothing(error)
          revealsNothing(error.response)
          revealsNothing(error.request)
        }).pipe(Effect.provide(transport)))
    })
  }

  it("an http: URL", () => {
    const error = Effect.runSync(
      Effect.flip(ClientConfig.make(options({ tokenUrl: "http://auth.example.com/token", allowHttpLoopback: false })))
    )
    assert.strictEqual(error._tag, "InvalidConfig")
    assert.match(error.message, /^tokenUrl: expected an absolute URL, https:/)
    revealsNothing(error)
  })

  it.scopedLive("successful calls show none either", () =>
    Effect.gen(function*() {
      const origin = yield* servers.http(tokens)
      const cache = yield* TokenCache.TokenCache.pipe(
        Effect.provide(ClientCredentials.layer(options({ tokenUrl: `${origin}/token` })))
      )
      const config = yield* ClientConfig.make(options({ tokenUrl: `${origin}/token` }))
      revealsNothing(config)
      revealsNothing(cache)
    }).pipe(Effect.provide(FetchHttpClient.layer)))
})

describe("a private certificate authority that the HTTP client trusts", () => {
  const trusting = (ca: string): ReadonlyArray<readonly [string, Layer.Layer<HttpClient.HttpClient>]> => {
    const agent = Layer.scoped(
      NodeHttpClient.Dispatcher,
      Effect.acquireRelease(
        Effect.sync(() => new Undici.Agent({ connect: { ca } })),
        (dispatcher) => Effect.promise(() => dispatcher.destroy())
      )
    )
    return [
      ["Undici", Layer.provide(NodeHttpClient.layerUndiciWithoutDispatcher, agent)],
      ["node:http", Layer.provide(NodeHttpClient.layerWithoutAgent, NodeHttpClient.makeAgentLayer({ ca }))],
      [
        "fetch",
        FetchHttpClient.layer.pipe(
          // The agent of Node.js accepts the dispatchers of one version of Undici only.
          Layer.provide(Layer.succeed(FetchHttpClient.Fetch, Undici.fetch as unknown as typeof globalThis.fetch)),
          Layer.provide(Layer.effect(
            FetchHttpClient.RequestInit,
            // The types of fetch do not include the dispatcher.
            Effect.map(NodeHttpClient.Dispatcher, (dispatcher): RequestInit => ({ dispatcher }) as object)
          )),
          Layer.provide(agent)
        )
      ]
    ]
  }

  for (const index of [0, 1, 2]) {
    it.scopedLive(`serves token and API: client ${index}`, () =>
      Effect.gen(function*() {
        const pems = yield* servers.selfSigned
        const origin = yield* servers.https(pems, (request, response) => {
          if (request.url === "/token") tokens(request, response)
          else servers.json(response, request.headers.authorization === `Bearer ${token}` ? 200 : 401, {})
        })
        const [, transport] = trusting(pems.cert)[index] ?? assert.fail()
        const response = yield* Effect.flatMap(ApiClient.ApiClient, (api) => api.get("/items")).pipe(
          Effect.provide(Layer.provide(
            ClientCredentials.layer(
              options({ tokenUrl: `${origin}/token`, apiBaseUrl: origin, allowHttpLoopback: false })
            ),
            transport
          ))
        )
        assert.strictEqual(response.status, 200)
      }))
  }
})
