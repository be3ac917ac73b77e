/**
 * HTTP clients with the `fetch` of a `PromiseClient`, each at a server on a socket: one token for all calls, a rejected
 * one replaced once, aborted calls, and no token for another origin.
 */
import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import { inspect } from "node:util"

import { gql } from "@apollo/client"
import { createClient } from "@connectrpc/connect"
import { assert, describe, it } from "@effect/vitest"
import { PromiseClient } from "@effect-oauth/client-credentials"
import * as Loopback from "@effect-oauth/testing/Loopback"
import { createTRPCClient } from "@trpc/client"
import { fetchRequestHandler } from "@trpc/server/adapters/fetch"
import { Data, Deferred, Effect, Exit, Fiber } from "effect"

import * as apollo from "../src/guides/works-with/apollo.js"
import * as axios from "../src/guides/works-with/axios.js"
import * as connect from "../src/guides/works-with/connect.js"
import * as eventSource from "../src/guides/works-with/event-source.js"
import * as graphqlRequest from "../src/guides/works-with/graphql-request.js"
import * as ky from "../src/guides/works-with/ky.js"
import * as ofetch from "../src/guides/works-with/ofetch.js"
import * as openapiFetch from "../src/guides/works-with/openapi-fetch.js"
import * as trpc from "../src/guides/works-with/trpc.js"
import * as definitions from "./works-with/definitions.js"

const sku = "SKU-1"

/** A client for an origin, or for none with relative URLs; each created item has a number. */
interface Subject {
  /** True if it accepts relative URLs on Node.js. */
  readonly takesRelative: boolean
  /** Default: true. */
  readonly followsRedirects?: boolean
  readonly create: (fetch: typeof globalThis.fetch, origin: string, signal: AbortSignal) => Promise<unknown>
}

const subjects: Readonly<Record<string, Subject>> = {
  "openapi-fetch": {
    takesRelative: false,
    create: async (fetch, origin, signal) => {
      const { data } = await openapiFetch.inventory(fetch, origin).POST("/items", { body: { sku }, signal })
      return data?.id
    }
  },
  ky: {
    takesRelative: false,
    create: async (fetch, origin, signal) => {
      const { id } = await ky.inventory(fetch, origin).post<{ id: number }>("items", { json: { sku }, signal }).json()
      return id
    }
  },
  axios: {
    takesRelative: false,
    create: async (fetch, origin, signal) => {
      const { data } = await axios.inventory(fetch, origin).post<{ id: number }>("/items", { sku }, { signal })
      return data.id
    }
  },
  ofetch: {
    takesRelative: true,
    create: async (fetch, origin, signal) => {
      const call = ofetch.inventory(fetch, origin)
      return (await call<{ id: number }>("/items", { method: "POST", body: { sku }, signal })).id
    }
  },
  "graphql-request": {
    takesRelative: false,
    create: async (fetch, origin, signal) => {
      const { item } = await graphqlRequest.inventory(fetch, `${origin}/graphql`).request<{ item: { id: number } }>({
        document: "mutation Create($sku: ID!) { item(sku: $sku) { id } }",
        variables: { sku },
        signal
      })
      return item.id
    }
  },
  Apollo: {
    takesRelative: true,
    create: async (fetch, origin, signal) => {
      const { data } = await apollo.inventory(fetch, `${origin}/graphql`).mutate<{ item: { id: number } }>({
        mutation: gql`mutation Create($sku: ID!) { item(sku: $sku) { id } }`,
        variables: { sku },
        context: { fetchOptions: { signal } }
      })
      return data?.item.id
    }
  },
  tRPC: {
    takesRelative: true,
    create: async (fetch, origin, signal) => {
      const client = createTRPCClient<typeof definitions.router>({ links: [trpc.link(fetch, `${origin}/trpc`)] })
      return (await client.create.mutate({ sku }, { signal })).id
    }
  },
  "EventSource of eventsource": {
    takesRelative: false,
    create: (fetch, origin, signal) =>
      new Promise((resolve, reject) => {
        const source = eventSource.deliveries(fetch, `${origin}/deliveries`)
        const end = (settle: () => void) => {
          source.close()
          settle()
        }
        signal.addEventListener("abort", () => end(() => reject(signal.reason)))
        source.addEventListener("error", (error) => end(() => reject(error)))
        source.addEventListener("message", ({ data }) => end(() => resolve(Number(data))))
      })
  },
  Connect: {
    takesRelative: true,
    followsRedirects: false,
    create: async (fetch, origin, signal) => {
      const client = createClient(definitions.service, connect.transport(fetch, origin))
      return (await client.create({ value: sku }, { signal })).value
    }
  }
}

/** Returns the response of the API to a valid call, in the form of the client's protocol. */
const answer = async (request: Request): Promise<Response> => {
  const { pathname } = new URL(request.url)
  if (pathname.startsWith("/trpc")) {
    return fetchRequestHandler({ endpoint: "/trpc", req: request, router: definitions.router })
  }
  if (pathname === "/deliveries") {
    return new Response("data: 1\n\n", { headers: { "content-type": "text/event-stream" } })
  }
  const body = await request.text()
  if (!body.includes(`"${sku}"`)) return new Response("The body is missing", { status: 400 })
  if (pathname === "/graphql") return Response.json({ data: { item: { __typename: "Item", id: 1 } } })
  return Response.json(pathname === "/items" ? { id: 1 } : 1)
}

/** Another origin than that of the API, which records its requests. */
const other = Effect.acquireRelease(
  Effect.async<{ readonly origin: string; readonly received: Array<Http.IncomingHttpHeaders>; close: () => void }>(
    (resume) => {
      const received: Array<Http.IncomingHttpHeaders> = []
      const server = Http.createServer(({ headers }, response) => {
        received.push(headers)
        response.writeHead(204, { connection: "close" }).end()
      })
      server.listen(0, "127.0.0.1", () => {
        const { port } = server.address() as AddressInfo
        resume(Effect.succeed({ origin: `http://127.0.0.1:${port}`, received, close: () => server.close() }))
      })
    }
  ),
  ({ close }) => Effect.sync(close)
)

const graphql: Partial<PromiseClient.Options> = {
  rejectedWhen: { response: ({ body }) => body.includes("UNAUTHENTICATED") }
}

class Rejected extends Data.TaggedError("Rejected")<{ readonly reason: unknown }> {}

/** A client at an API that responds, redirects each call, or never responds. */
const started = (
  { create }: Subject,
  behavior: "answers" | "redirects" | "waits" = "answers",
  rejection: "bearer" | "graphql" = "bearer"
) =>
  Effect.gen(function*() {
    const [arrived, closed] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
    const { origin: elsewhere, received } = yield* other
    const { api, environment, server } = yield* Loopback.start({
      api: {
        rejection,
        handler: (request) => {
          if (behavior === "redirects") return Effect.succeed(Response.redirect(`${elsewhere}/items`, 302))
          if (behavior === "answers") return Effect.promise(() => answer(request))
          return Effect.zipRight(Deferred.succeed(arrived, undefined), Effect.never).pipe(
            Effect.onInterrupt(() => Deferred.succeed(closed, undefined))
          )
        }
      }
    })
    const { fetch } = yield* Effect.acquireRelease(
      Effect.sync(() => PromiseClient.fromEnv({ env: environment, overrides: rejection === "graphql" ? graphql : {} })),
      ({ close }) => Effect.promise(close)
    )
    const call = (origin = api.baseUrl) =>
      Effect.tryPromise({
        try: (signal) => create(fetch, origin, signal),
        catch: (reason) => new Rejected({ reason })
      })
    const statuses = Effect.map(api.calls, (calls) => calls.map(({ status }) => status))
    return { arrived, call, closed, elsewhere, received, server, statuses }
  })

for (const [name, subject] of Object.entries(subjects)) {
  describe(name, () => {
    it.scopedLive("all calls use one token, and a rejected one is replaced once", () =>
      Effect.gen(function*() {
        const { call, server, statuses } = yield* started(subject)
        const calls = Effect.all([call(), call(), call()], { concurrency: "unbounded" })
        assert.deepStrictEqual(yield* calls, [1, 1, 1])
        assert.lengthOf(yield* server.issued, 1)

        yield* server.revoke()
        assert.strictEqual(yield* call(), 1)
        assert.deepStrictEqual(yield* calls, [1, 1, 1])
        assert.lengthOf(yield* server.issued, 2)
        assert.deepStrictEqual(yield* statuses, [200, 200, 200, 401, 200, 200, 200, 200])
      }))

    it.scopedLive("an aborted call closes its connection", () =>
      Effect.gen(function*() {
        const { arrived, call, closed } = yield* started(subject, "waits")
        const fiber = yield* Effect.fork(call())
        yield* Deferred.await(arrived)
        yield* Fiber.interrupt(fiber)
        yield* Deferred.await(closed)
      }))

    it.scopedLive("no token is sent to another origin, by its URL or by a redirect", () =>
      Effect.gen(function*() {
        const { call, elsewhere, received, statuses } = yield* started(subject, "redirects")
        const { reason } = yield* Effect.flip(call(elsewhere))
        assert.match(inspect(reason, { depth: 10 }), /OriginNotAllowed|The token may go to/)
        assert.deepStrictEqual(received, [])

        yield* Effect.exit(call())
        assert.deepStrictEqual(yield* statuses, [302])
        assert.lengthOf(received, subject.followsRedirects === false ? 0 : 1)
        for (const headers of received) assert.notProperty(headers, "authorization")
      }))

    it.scopedLive(`relative URLs ${subject.takesRelative ? "start at the base URL of the API" : "fail"}`, () =>
      Effect.gen(function*() {
        const { call, statuses } = yield* started(subject)
        const exit = yield* Effect.exit(call(""))
        assert.deepStrictEqual(
          [Exit.isSuccess(exit), yield* statuses],
          subject.takesRelative ? [true, [200]] : [false, []]
        )
      }))
  })
}

for (const [name, subject] of Object.entries(subjects).filter(([name]) => /graphql|Apollo/.test(name))) {
  it.scopedLive(`${name}: a token that is rejected with status 200 is replaced once`, () =>
    Effect.gen(function*() {
      const { call, server, statuses } = yield* started(subject, "answers", "graphql")
      assert.strictEqual(yield* call(), 1)
      yield* server.revoke()
      assert.deepStrictEqual([yield* call(), yield* call()], [1, 1])
      assert.lengthOf(yield* server.issued, 2)
      assert.deepStrictEqual(yield* statuses, [200, 200, 200, 200])
    }))
}
