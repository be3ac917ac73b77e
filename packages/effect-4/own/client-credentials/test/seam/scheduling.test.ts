/** Requests are observed whatever scheduler a program has: in Effect 4, a scheduler is what observes them. */
import { assert, describe, it } from "@effect/vitest"
import { ApiClient, ClientCredentials } from "@effect-oauth/client-credentials"
import { Effect, type Fiber, Layer, Schedule, Scheduler } from "effect"
import { HttpClient } from "effect/http"

import * as fakeHttp from "../support/fakeHttp.js"
import * as scenario from "../support/scenario.js"

/** Counts the decisions whether a fiber yields. */
class Counting extends Scheduler.MixedScheduler {
  count = 0
  override shouldYield(fiber: Fiber.Fiber<unknown, unknown>) {
    this.count += 1
    return super.shouldYield(fiber)
  }
}

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

describe("the scheduler of a program", () => {
  it.live("decides about the steps of a token request and of a call", () =>
    Effect.gen(function*() {
      const scheduler = new Counting()
      const steps: Array<number> = []
      const { layer } = fakeHttp.make(({ url }) =>
        Effect.gen(function*() {
          const before = scheduler.count
          yield* Effect.yieldNow
          steps.push(scheduler.count - before)
          return url === scenario.options.tokenUrl
            ? scenario.tokenJson("token-1", { token_type: "DPoP" })
            : Response.json({})
        })
      )
      yield* Effect.flatMap(ApiClient.ApiClient, (api) => api.get("/items")).pipe(
        Effect.provide(Layer.provide(ClientCredentials.layer({ ...scenario.options, dpop: true }), layer)),
        Effect.provideService(Scheduler.Scheduler, scheduler)
      )
      assert.lengthOf(steps, 2)
      for (const count of steps) assert.isAbove(count, 0)
    }))
})
