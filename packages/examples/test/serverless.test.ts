/** The code of guides/serverless.md: each example once, with real servers and one token for all its calls. */
import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"

import { NodeContext, NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import * as Embedded from "../src/embedded/environment.js"

/** Sends two requests to an app on a separate port, and returns the responses. */
const served = async (listener: Parameters<typeof createServer>[1]) => {
  const server = createServer(listener).listen(0, "127.0.0.1")
  await once(server, "listening")
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/items`
  try {
    return [await fetch(url), await fetch(url)]
  } finally {
    server.close()
    server.closeAllConnections()
  }
}

const apps: Readonly<
  Record<string, (environment: Readonly<Record<string, string>>) => Promise<ReadonlyArray<Response>>>
> = {
  "AWS Lambda": async () => {
    const { handler } = await import("../src/guides/serverless/lambda.js")
    const responses = [await handler({ sku: "SKU-1" }), await handler({ sku: "SKU-2" })]
    return responses.map(({ body, statusCode }) => new Response(body, { status: statusCode }))
  },
  "Next.js": async () => {
    const { GET } = await import("../src/guides/serverless/next.js")
    return [await GET(), await GET()]
  },
  "Hono": async () => {
    const { app } = await import("../src/guides/serverless/hono.js")
    return [await app.request("/items"), await app.request("/items")]
  },
  "Express": async () => {
    const { app } = await import("../src/guides/serverless/express.js")
    return await served(app)
  },
  "Fastify": async () => {
    const { app } = await import("../src/guides/serverless/fastify.js")
    await app.ready()
    const responses = await served(app.routing)
    await app.close()
    return responses
  },
  "NestJS": async () => {
    const { inventory } = await import("../src/guides/serverless/nest.js")
    const api = inventory.useFactory()
    const responses = [await api.fetch("/items"), await api.fetch("/items")]
    await api.onApplicationShutdown()
    return responses
  },
  "Deno Deploy": async () => {
    const { handler } = await import("../src/guides/serverless/deno.js")
    const request = () => handler(new Request("https://app.test/items"))
    return [await request(), await request()]
  },
  "Cloudflare Workers": async (environment) => {
    const { default: worker } = await import("../src/guides/serverless/worker.js")
    const env = environment as unknown as Parameters<typeof worker.fetch>[1]
    const request = () => worker.fetch(new Request("https://app.test/"), env)
    return [await request(), await request()]
  }
}

describe("the guide about serverless and edge", () => {
  for (const [name, calls] of Object.entries(apps)) {
    it.scopedLive(`${name}: two requests cost one token`, () =>
      Effect.gen(function*() {
        const { authorizationServer, environment } = yield* Embedded.start
        yield* Effect.acquireRelease(
          Effect.sync(() => Object.assign(process.env, environment)),
          () =>
            Effect.sync(() => {
              for (const variable of Object.keys(environment)) Reflect.deleteProperty(process.env, variable)
            })
        )
        const responses = yield* Effect.promise(() => calls(environment))
        assert.deepStrictEqual(responses.map(({ status }) => status), [200, 200])
        for (const response of responses) assert.include(yield* Effect.promise(() => response.text()), "SKU-")
        assert.strictEqual(yield* authorizationServer.tokensIssued, 1)
      }).pipe(Effect.provide([NodeContext.layer, NodeHttpClient.layerUndici])))
  }

  it.scopedLive("Next.js: a module that is evaluated again has the same client", () =>
    Effect.gen(function*() {
      const first = yield* Effect.promise(() => import("../src/guides/serverless/next.js"))
      const client = Reflect.get(globalThis, "inventory")
      const path: string = "../src/guides/serverless/next.js?again"
      const again = yield* Effect.promise((): Promise<unknown> => import(path))
      assert.notStrictEqual(again, first)
      assert.strictEqual(Reflect.get(globalThis, "inventory"), client)
    }))
})
