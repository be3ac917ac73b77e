/**
 * The rules hold for every `HttpClient` of a program beneath the client: one request for each token request, no
 * redirect with credentials, no token at another origin, and middleware receives the requests that servers receive.
 */
import { FetchHttpClient, HttpClient, HttpClientRequest } from "@effect/platform"
import { NodeHttpClient, Undici } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { ApiClient, ClientAuthentication, type ClientConfig, ClientCredentials } from "@effect-oauth/client-credentials"
import { Deferred, Effect, Fiber, Layer, Queue, Redacted, Schedule } from "effect"
import { exportPKCS8, generateKeyPair } from "jose"

import { changes as ofMajor } from "../support/changes.js"
import * as httpErrors from "../support/httpErrors.js"
import { runs } from "../support/runs.js"
import * as servers from "../support/servers.js"

type Transport = Layer.Layer<HttpClient.HttpClient>
type Change = (client: HttpClient.HttpClient) => HttpClient.HttpClient

const secret = "current-secret-of-the-test"

const above = (change: Change) => (transport: Transport): Transport =>
  Layer.provide(Layer.effect(HttpClient.HttpClient, Effect.map(HttpClient.HttpClient, change)), transport)

const dispatcher = (make: () => Undici.Dispatcher) =>
  Layer.scoped(
    NodeHttpClient.Dispatcher,
    Effect.acquireRelease(Effect.sync(make), (agent) => Effect.promise(() => agent.destroy()))
  )

const redirecting = dispatcher(() => new Undici.Agent().compose(Undici.interceptors.redirect({ maxRedirections: 5 })))

/** Follows redirects and repeats requests. */
const repeating = dispatcher(() =>
  new Undici.Agent().compose(
    Undici.interceptors.redirect({ maxRedirections: 5 }),
    Undici.interceptors.retry({
      retry: (error, { state }, done) => done(state.counter > 3 ? error : null),
      statusCodes: [429, 500, 503]
    })
  )
)

/** The agent of Node.js accepts the dispatchers of one version of Undici only. */
const undiciFetch = Undici.fetch as unknown as typeof globalThis.fetch

const follow: RequestInit = { redirect: "follow", cache: "no-store" }

const transports: Readonly<Record<string, Transport>> = {
  fetch: FetchHttpClient.layer,
  Undici: NodeHttpClient.layerUndici,
  "node:http": NodeHttpClient.layer,
  "Undici with interceptors": Layer.provide(NodeHttpClient.layerUndiciWithoutDispatcher, repeating),
  "fetch with a RequestInit": Layer.provide(FetchHttpClient.layer, Layer.succeed(FetchHttpClient.RequestInit, follow)),
  "fetch with a dispatcher": FetchHttpClient.layer.pipe(
    Layer.provide(Layer.succeed(FetchHttpClient.Fetch, undiciFetch)),
    Layer.provide(Layer.effect(
      FetchHttpClient.RequestInit,
      Effect.map(NodeHttpClient.Dispatcher, (dispatcher): RequestInit => ({ dispatcher, ...follow }) as object)
    )),
    Layer.provide(redirecting)
  ),
  "a fetch of the program": Layer.provide(
    FetchHttpClient.layer,
    Layer.succeed(FetchHttpClient.Fetch, (input, init) => globalThis.fetch(input, init))
  )
}

const retry: Change = (client) => HttpClient.retryTransient(client, { schedule: Schedule.spaced(1), times: 3 })
const untraced = HttpClient.withTracerDisabledWhen(() => true)
const traced = HttpClient.withTracerDisabledWhen(() => false)
const init = HttpClient.transformResponse(Effect.provideService(FetchHttpClient.RequestInit, follow))

/** Sends all requests on one fiber, which the first of them starts. */
const queued: Change = (client) => {
  let queue: Queue.Queue<Effect.Effect<unknown>> | undefined
  return HttpClient.transformResponse(client, (response) =>
    Effect.gen(function*() {
      if (queue === undefined) {
        queue = yield* Queue.unbounded<Effect.Effect<unknown>>()
        yield* Effect.forkDaemon(Effect.forever(Effect.flatten(Queue.take(queue))))
      }
      const done = yield* Deferred.make<Effect.Effect.Success<typeof response>, Effect.Effect.Error<typeof response>>()
      yield* Queue.offer(queue, Effect.intoDeferred(response, done))
      return yield* Deferred.await(done)
    }))
}

const changes: Readonly<Record<string, Change>> = {
  nothing: (client) => client,
  filterStatusOk: HttpClient.filterStatusOk,
  retryTransient: retry,
  "retry after filterStatusOk": (client) => retry(HttpClient.filterStatusOk(client)),
  followRedirects: HttpClient.followRedirects(5),
  "RequestInit by transformResponse": init,
  "Fetch by transformResponse": HttpClient.transformResponse(
    Effect.provideService(FetchHttpClient.Fetch, (input, init) => undiciFetch(input, init))
  ),
  "Undici's options by transformResponse": HttpClient.transformResponse(
    Effect.provideService(NodeHttpClient.UndiciRequestOptions, { path: "/", method: "GET", blocking: false })
  ),
  "a predicate of traces, then followRedirects and retryTransient": (client) =>
    retry(HttpClient.followRedirects(untraced(init(client)), 5)),
  "followRedirects and retryTransient, then a predicate of traces": (client) =>
    traced(retry(HttpClient.followRedirects(init(client), 5))),
  "no traces at all": (client) =>
    HttpClient.transformResponse(
      retry(HttpClient.followRedirects(init(client), 5)),
      Effect.withTracerEnabled(false)
    ),
  "a queue that the first request starts": queued,
  "a timeout on a separate fiber": (client) =>
    HttpClient.transformResponse(
      retry(HttpClient.followRedirects(init(client), 5)),
      (response) =>
        Effect.flatten(Effect.fork(response).pipe(Effect.map((fiber) => Effect.flatten(Fiber.await(fiber)))))
    ),
  ...ofMajor
}

/** Counts the requests nearest to the transport, and adds a header, as middleware does. */
const counted = (seen: Array<string>): Change => (client) =>
  client.pipe(
    HttpClient.mapRequest(HttpClientRequest.setHeader("x-middleware", "seen")),
    HttpClient.tapRequest(({ method, url }) => Effect.sync(() => seen.push(`${method} ${url}`)))
  )

interface Asked {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly authorization: string | undefined
  readonly text: string
}

type Respond = (status: number, body: unknown, headers?: Readonly<Record<string, string>>) => void

/** Records the requests that arrive. */
const server = (answer: (asked: Asked, respond: Respond) => void) =>
  Effect.gen(function*() {
    const asked: Array<Asked> = []
    const origin = yield* servers.http((request, response) => {
      const chunks: Array<Buffer> = []
      request.on("data", (chunk: Buffer) => chunks.push(chunk)).on("end", () => {
        const { headers: { authorization }, method, url } = request
        const one = { method, url, authorization, text: Buffer.concat(chunks).toString() }
        asked.push(one)
        answer(one, (status, body, headers = {}) => {
          response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body))
        })
      })
    })
    return { asked, origin }
  })

const grant = { access_token: "t0k3n-of-the-test", token_type: "Bearer", expires_in: 3600 }

/**
 * Every pair of a transport and a change beneath, with the requests nearest to the transport. Servers receive the same
 * requests, unless the change repeats requests: then it counts the repetition too, which is not sent.
 */
const beneath = (
  test: (transport: Transport, seen: Array<string>, isWhole: boolean, pair: number) => Effect.Effect<void, unknown>
) => {
  for (const [row, [name, transport]] of Object.entries(transports).entries()) {
    describe(`over ${name}`, () => {
      for (const [column, [what, change]] of Object.entries(changes).entries()) {
        it.live(what, () =>
          Effect.suspend(() => {
            const seen: Array<string> = []
            return test(
              above((client) => change(counted(seen)(client)))(transport),
              seen,
              !/retry|redirect|fiber|traces/i.test(what),
              row + column
            )
          }))
      }
    })
  }
}

const client = (tokenUrl: string, apiBaseUrl: string, transport: Transport, more: Partial<ClientConfig.Options> = {}) =>
  Layer.provide(
    ClientCredentials.layer({
      tokenUrl,
      clientId: "inventory-sync",
      clientSecret: Redacted.make(secret),
      apiBaseUrl,
      allowHttpLoopback: true,
      ...more,
      tokenCache: { retryTimeout: 0 }
    }),
    transport
  )

const get = (path: string) => Effect.flatMap(ApiClient.ApiClient, (api) => api.get(path))

const key = await exportPKCS8((await generateKeyPair("ES256", { extractable: true })).privateKey)

const methods: ReadonlyArray<Partial<ClientConfig.Options>> = [
  { clientAuthentication: "client_secret_post" },
  { clientAuthentication: "client_secret_basic" },
  {
    clientSecret: undefined,
    clientAuthentication: ClientAuthentication.privateKeyJwt({ key: Redacted.make(key), algorithm: "ES256" })
  },
  { clientAuthentication: "client_secret_basic", dpop: true }
]

const codes = [301, 302, 303, 307, 308]

/** Pairs of methods and codes; any five consecutive pairs contain all codes and all methods. */
const redirects = Array.from({ length: methods.length * codes.length }, (_, index) => ({
  method: methods[index % methods.length] ?? {},
  code: codes[index % codes.length] ?? 0
}))

const redirectsOfPair = runs("redirects of the token endpoint for each transport and change", {
  quick: 1,
  full: redirects.length
})

describe("a redirect of the token endpoint is not followed", () => {
  beneath((transport, seen, isWhole, pair) =>
    Effect.scoped(Effect.gen(function*() {
      const other = yield* server((_, respond) => respond(200, grant))
      let code = 0
      const token = yield* server((_, respond) => respond(code, {}, { location: `${other.origin}/elsewhere?a=b` }))
      for (let done = 0; done < redirectsOfPair; done += 1) {
        const redirect = redirects[(redirectsOfPair * pair + done) % redirects.length]
        assert(redirect !== undefined)
        code = redirect.code
        const sent = token.asked.length
        const error = yield* Effect.flip(
          Effect.provide(get("/"), client(`${token.origin}/token`, token.origin, transport, redirect.method))
        )
        assert(error._tag === "InvalidTokenResponse", error.message)
        assert.strictEqual(error.status, code)
        assert.include(error.message, `a redirect to ${other.origin}`)
        assert.strictEqual(token.asked.length, sent + 1)
      }
      assert.deepStrictEqual(other.asked, [])
      if (isWhole) assert.strictEqual(seen.length, token.asked.length)
    }))
  )
})

describe("a token request whose connection closes is sent again by the client, once", () => {
  for (const [name, transport] of Object.entries(transports)) {
    it.live(`over ${name}`, () =>
      Effect.scoped(Effect.gen(function*() {
        let count = 0
        const origin = yield* servers.http((request) => {
          count += 1
          request.resume().on("end", () => request.socket.destroy())
        })
        const error = yield* Effect.flip(Effect.provide(get("/"), client(`${origin}/token`, origin, transport)))
        assert.strictEqual(error._tag, "TokenEndpointUnavailable")
        assert.strictEqual(count, 2)
      })))
  }
})

describe("a token request is sent once", () => {
  beneath((transport, seen, isWhole) =>
    Effect.scoped(Effect.gen(function*() {
      let status = 0
      const token = yield* server((_, respond) => respond(status, status === 200 ? grant : {}))
      for (status of [408, 429, 500, 503]) {
        token.asked.length = seen.length = 0
        const error = yield* Effect.flip(
          Effect.provide(get("/"), client(`${token.origin}/token`, token.origin, transport))
        )
        assert(error._tag === "TokenEndpointUnavailable", error.message)
        assert.deepStrictEqual([error.reason, error.detail], ["status", String(status)])
        assert.lengthOf(token.asked, 1)
        if (isWhole) assert.deepStrictEqual(seen, [`POST ${token.origin}/token`])
      }
    }))
  )
})

const codesOfPair = runs("redirects of the API for each transport and change", { quick: 1, full: codes.length })

describe("an API's redirect carries no token to another origin", () => {
  beneath((transport, _seen, _isWhole, pair) =>
    Effect.scoped(Effect.gen(function*() {
      const token = yield* server((_, respond) => respond(200, grant))
      const other = yield* server((_, respond) => respond(200, {}))
      const api = yield* server(({ url = "" }, respond) => {
        const [, code = "", ...to] = url.split("/")
        respond(Number(code), {}, { location: `${to.includes("other") ? other.origin : ""}/200/found` })
      })
      for (const more of [{}, { dpop: true }]) {
        const layer = client(`${token.origin}/token`, api.origin, transport, more)
        yield* Effect.gen(function*() {
          for (let done = 0; done < codesOfPair; done += 1) {
            const code = codes[(codesOfPair * pair + done) % codes.length] ?? assert.fail()
            // The program decides whether redirects are followed, except with a proof.
            yield* Effect.either(get(`/${code}/other`))
            yield* Effect.either(get(`/${code}/same`))
          }
        }).pipe(Effect.provide(layer))
        for (const { authorization } of other.asked) assert.isUndefined(authorization)
      }
    }))
  )
})

describe("a status that means a rejected token is recognized beneath a filter of statuses too", () => {
  beneath((transport) =>
    Effect.scoped(Effect.gen(function*() {
      let tokens = 0
      const token = yield* server((_, respond) => respond(200, { ...grant, access_token: `t0k3n-${tokens += 1}` }))
      const api = yield* server(({ authorization, url }, respond) =>
        url === "/gone" ? respond(404, {}) : respond(authorization === "Bearer t0k3n-1" ? 401 : 200, {})
      )
      yield* Effect.gen(function*() {
        assert.strictEqual((yield* get("/items")).status, 200)
        assert.strictEqual(tokens, 2)
        const status = yield* Effect.match(get("/gone"), {
          onFailure: (error) => httpErrors.responseOf(error)?.status ?? error._tag,
          onSuccess: ({ status }) => status
        })
        assert.strictEqual(status, 404)
      }).pipe(Effect.provide(client(`${token.origin}/token`, api.origin, transport)))
    }))
  )
})

describe("other requests that the program sends during a call are unchanged", () => {
  const made: Readonly<Record<string, Transport>> = {
    ...transports,
    "Undici without a layer of the platform": Layer.effect(
      HttpClient.HttpClient,
      Effect.map(NodeHttpClient.Dispatcher, (dispatcher) => NodeHttpClient.makeUndici(dispatcher))
    ).pipe(Layer.provide(redirecting))
  }
  for (const [name, transport] of Object.entries(made)) {
    for (const dpop of [false, true]) {
      it.live(`over ${name}${dpop ? ", with proofs" : ""}`, () =>
        Effect.scoped(Effect.gen(function*() {
          const token = yield* server((_, respond) => respond(200, { ...grant, token_type: dpop ? "DPoP" : "Bearer" }))
          const own = yield* server(({ url }, respond) =>
            url === "/moved" ? respond(302, {}, { location: "/found" }) : respond(200, {})
          )
          const expected = yield* Effect.provide(
            Effect.flatMap(HttpClient.HttpClient, (client) => client.get(`${own.origin}/moved`)),
            transport
          )
          const statuses: Array<number> = []
          const audit: Change = (client) =>
            HttpClient.tap(client, () =>
              Effect.map(client.get(`${own.origin}/moved`), ({ status }) => statuses.push(status)))
          yield* Effect.provide(get("/"), client(token.origin, token.origin, above(audit)(transport), { dpop }))
          assert.deepStrictEqual(statuses, [expected.status, expected.status])
        })))
    }
  }
})
