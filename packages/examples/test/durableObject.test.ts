/** The store on Durable Objects of the guide, in workerd, with the contract tests of token stores. */
import { TokenStore } from "@effect-oauth/client-credentials"
import * as TokenStoreTest from "@effect-oauth/testing/TokenStoreTest"
import { Context, Duration, Effect, Layer } from "effect"
import { Miniflare } from "miniflare"

import * as durableObject from "../src/guides/serverless/durableObject.js"
import { bundled } from "./workers/bundled.js"

const started = Effect.gen(function*() {
  const script = yield* Effect.promise(() => bundled("store.ts"))
  const miniflare = yield* Effect.acquireRelease(
    Effect.sync(() =>
      new Miniflare({
        modules: true,
        script,
        compatibilityDate: "2026-07-01",
        durableObjects: { TOKENS: "TokenStoreObject" },
        cf: false
      })
    ),
    (miniflare) => Effect.promise(() => miniflare.dispose())
  )
  const namespace = yield* Effect.promise(() => miniflare.getDurableObjectNamespace("TOKENS"))
  return { miniflare, namespace: namespace as unknown as Parameters<typeof durableObject.layer<unknown>>[0] }
})

type Started = Effect.Effect.Success<typeof started>

class Worker extends Context.Tag("Worker")<Worker, Started>() {}

const connect = Effect.flatMap(
  Worker,
  ({ namespace }) =>
    Effect.map(Layer.build(Layer.fresh(durableObject.layer(namespace))), Context.get(TokenStore.TokenStore))
)

TokenStoreTest.suite(
  "the token store on Durable Objects",
  Layer.provideMerge(Layer.scoped(TokenStore.TokenStore, connect), Layer.scoped(Worker, started)),
  {
    connect,
    advance: (duration: Duration.Duration) =>
      Effect.flatMap(
        Worker,
        ({ miniflare }) =>
          Effect.promise(() => miniflare.dispatchFetch(`http://worker.test/?millis=${Duration.toMillis(duration)}`))
      )
  }
)
