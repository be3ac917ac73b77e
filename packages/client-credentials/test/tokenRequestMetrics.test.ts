import { createServer } from "node:net"

import type { HttpClientError } from "@effect/platform"
import { HttpClientRequest } from "@effect/platform"
import { NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import {
  ApiClient,
  ClientCredentials,
  SharedClientCredentials,
  TokenCache,
  TokenRevocation,
  TokenSeal,
  TokenStore
} from "@effect-oauth/client-credentials"
import { Effect, Layer, Logger, Redacted } from "effect"

import * as fakeHttp from "./support/fakeHttp.js"
import * as httpErrors from "./support/httpErrors.js"
import { seriesOf } from "./support/metrics.js"
import * as scenario from "./support/scenario.js"
import { sealKey } from "./support/sealKey.js"

/** Returns the counts of a counter, by the values of its labels. */
const countsOf = (name: string) =>
  Effect.map(
    seriesOf(name),
    (all) => new Map(all.map(({ attributes, count = 0 }) => [Object.values(attributes).sort().join(" "), count]))
  )

/** Returns the increase of the metrics while an effect runs. */
const counted = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const names = ["oauth.token.requests", "oauth.token.failures"] as const
    const before = yield* Effect.all(names.map(countsOf))
    yield* Effect.exit(self)
    const after = yield* Effect.all(names.map(countsOf))
    const [requests, failures] = after.map((counts, index) =>
      Object.fromEntries(
        [...counts].map(([label, count]) => [label, count - (before[index]?.get(label) ?? 0)] as const)
          .filter(([, more]) => more !== 0)
      )
    )
    return { requests, failures }
  })

const rejection = (status: number, error: string, headers: Record<string, string> = {}) =>
  Response.json({ error }, { status, headers })

const invalidClient = () => rejection(401, "invalid_client")

const transport = (request: fakeHttp.Sent, code: string) =>
  httpErrors.ofRequest(HttpClientRequest.post(request.url), "Transport", {
    cause: Object.assign(new Error(code), { code })
  })

interface Case {
  readonly name: string
  readonly answer?: (sent: fakeHttp.Sent, count: number) => Response | HttpClientError.HttpClientError
  readonly options?: Partial<ClientCredentials.Options>
  /** Token requests, by reason and error. */
  readonly requests: Readonly<Record<string, number>>
  readonly failures: Readonly<Record<string, number>>
}

let reads = 0

const cases: ReadonlyArray<Case> = [
  { name: "one token", requests: { cold: 1 }, failures: {} },
  {
    name: "one rejection",
    answer: invalidClient,
    requests: { "TokenErrorResponse cold": 1 },
    failures: { "TokenErrorResponse cold": 1 }
  },
  {
    name: "a previous secret that is accepted",
    answer: (_, count) => count === 1 ? invalidClient() : scenario.tokenJson("t"),
    options: { previousClientSecret: Redacted.make("old-secret") },
    requests: { "TokenErrorResponse cold": 1, cold: 1 },
    failures: {}
  },
  {
    name: "a secret that is read again, and a previous one, all rejected",
    answer: invalidClient,
    options: {
      clientSecret: Effect.sync(() => Redacted.make(`secret-${reads++}`)),
      previousClientSecret: Redacted.make("old-secret")
    },
    requests: { "TokenErrorResponse cold": 3 },
    failures: { "TokenErrorResponse cold": 1 }
  },
  {
    name: "a DPoP nonce",
    answer: (_, count) =>
      count === 1
        ? rejection(400, "use_dpop_nonce", { "dpop-nonce": "n-1" })
        : scenario.tokenJson("t", { token_type: "DPoP" }),
    options: { dpop: true },
    requests: { "TokenErrorResponse cold": 1, cold: 1 },
    failures: {}
  },
  {
    name: "a page",
    answer: () => new Response("<html>", { status: 200 }),
    requests: { "InvalidTokenResponse cold": 1 },
    failures: { "InvalidTokenResponse cold": 1 }
  },
  {
    name: "a secret that cannot be read",
    options: { clientSecret: Effect.fail("the vault is unavailable") },
    requests: {},
    failures: { "CredentialUnavailable cold": 1 }
  },
  {
    name: "a failed discovery",
    answer: () => new Response("", { status: 404 }),
    options: { tokenUrl: undefined, issuer: "https://auth.example.com" },
    requests: {},
    failures: { "DiscoveryFailed cold": 1 }
  },
  {
    name: "a refused connection",
    answer: (sent) => transport(sent, "ECONNREFUSED"),
    requests: {},
    failures: { "TokenEndpointUnavailable cold": 1 }
  },
  {
    name: "a closed connection, twice",
    answer: (sent) => transport(sent, "EPIPE"),
    requests: { "TokenEndpointUnavailable cold": 2 },
    failures: { "TokenEndpointUnavailable cold": 1 }
  }
]

describe("oauth.token.requests and oauth.token.failures", () => {
  for (const { answer = () => scenario.tokenJson("t"), failures, name, options, requests } of cases) {
    it.scoped(`count requests and failures: ${name}`, () =>
      Effect.gen(function*() {
        let received = 0
        const http = fakeHttp.make((sent) =>
          Effect.suspend(() => {
            const response = answer(sent, received += 1)
            return response instanceof Response ? Effect.succeed(response) : Effect.fail(response)
          })
        )
        const api = ClientCredentials.layer({ ...scenario.options, tokenCache: { retryTimeout: 0 }, ...options }).pipe(
          Layer.provide(http.layer)
        )
        const counts = yield* counted(
          Effect.provide(Effect.flatMap(ApiClient.ApiClient, (client) => client.get("/items")), api).pipe(
            Effect.provide(Logger.remove(Logger.defaultLogger))
          )
        )
        assert.deepStrictEqual(counts, { requests, failures })
      }))
  }

  it.scoped("count neither requests blocked by the budget nor revocations", () =>
    Effect.gen(function*() {
      const http = fakeHttp.make((sent) =>
        Effect.sync(() => sent.url.endsWith("/revoke") ? new Response("") : scenario.tokenJson("t"))
      )
      const options = {
        ...scenario.options,
        revocationUrl: "https://auth.example.com/revoke",
        tokenCache: { retryTimeout: 0 }
      }
      const layer = SharedClientCredentials.layer({ ...options, issuanceBudget: { limit: 1 } }).pipe(
        Layer.provide([http.layer, TokenStore.layerMemory, TokenSeal.layer([sealKey(1)])])
      )
      const counts = yield* counted(
        Effect.gen(function*() {
          const cache = yield* TokenCache.TokenCache
          const token = yield* cache.get
          yield* Effect.flatMap(TokenRevocation.TokenRevocation, ({ revoke }) => revoke(token))
          yield* Effect.flip(cache.withOverrides({ scope: "other" }).get)
        }).pipe(Effect.provide([layer, Logger.remove(Logger.defaultLogger)]))
      )
      assert.deepStrictEqual(counts, { requests: { cold: 1 }, failures: { "IssuanceBudgetExhausted cold": 1 } })
      assert.deepStrictEqual(http.sent.map(({ url }) => url), [options.tokenUrl, options.revocationUrl])
    }))

  it.scopedLive("count both requests when a closed connection causes a retry", () =>
    Effect.gen(function*() {
      // Closes each connection when the request has arrived, without a byte of a response.
      let received = 0
      const server = yield* Effect.acquireRelease(
        Effect.async<ReturnType<typeof createServer>>((resume) => {
          const made = createServer((socket) => {
            socket.once("data", () => {
              received += 1
              socket.destroy()
            })
            socket.on("error", () => undefined)
          })
          made.listen(0, "127.0.0.1", () => resume(Effect.succeed(made)))
        }),
        (made) => Effect.async<void>((resume) => void made.close(() => resume(Effect.void)))
      )
      const address = server.address()
      const port = typeof address === "object" && address !== null ? address.port : assert.fail()
      const api = ClientCredentials.layer({
        ...scenario.options,
        tokenUrl: `http://127.0.0.1:${port}/token`,
        allowHttpLoopback: true,
        tokenCache: { retryTimeout: 0 }
      }).pipe(Layer.provide(NodeHttpClient.layerUndici))
      const counts = yield* counted(
        Effect.provide(Effect.flatMap(ApiClient.ApiClient, (client) => client.get("/items")), api)
      )
      assert.strictEqual(counts.requests?.["TokenEndpointUnavailable cold"], received)
      assert.strictEqual(received, 2)
    }))
})
