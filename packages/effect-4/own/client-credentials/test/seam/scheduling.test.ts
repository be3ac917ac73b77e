/** Requests are observed whatever scheduler a program has: in Effect 4, a scheduler is what observes them. */
import { assert, describe, it } from "@effect/vitest"
import { ApiClient, ClientCredentials } from "@effect-oauth/client-credentials"
import { Effect, Layer, Schedule, Scheduler } from "effect"
import { HttpClient } from "effect/http"

import * as fakeHttp from "../support/fakeHttp.js"
import * as scenario from "../support/scenario.js"

const retrying = (client: HttpClient.HttpClient) =>
  HttpClient.transformResponse(
    HttpClient.retryTransient(client, { schedule: Schedule.spaced(1), times: 3 }),
    Effect.provideService(HttpClient.TracerDisabledWhen, () => true)
  )

describe("a token request is sent once", () => {
  for (
    const [name, program] of Object.entries({
      "in a program whose fibers do not yield": Effect.provideService(Scheduler.PreventSchedulerYield, true),
      "in a program with a separate scheduler": Effect.provideService(
        Scheduler.Scheduler,
        new Scheduler.MixedScheduler("sync")
      )
    })
  ) {
    it.live(name, () =>
      Effect.gen(function*() {
        const { layer, sent } = fakeHttp.make(() => Effect.sync(() => new Response("busy", { status: 503 })))
        const http = Layer.provide(
          Layer.effect(HttpClient.HttpClient, Effect.map(HttpClient.HttpClient, retrying)),
          layer
        )
        const client = Layer.provide(
          ClientCredentials.layer({ ...scenario.options, tokenCache: { retryTimeout: 0 } }),
          http
        )
        const error = yield* Effect.flip(Effect.flatMap(ApiClient.ApiClient, (api) => api.get("/items"))).pipe(
          Effect.provide(client),
          program
        )
        assert.strictEqual(error._tag, "TokenEndpointUnavailable")
        assert.lengthOf(sent, 1)
      }))
  }
})
