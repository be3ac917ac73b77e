import { assert, describe, it } from "@effect/vitest"
import { ClientCredentials, TokenCache } from "@effect-oauth/client-credentials"
import { Effect, Layer, Metric } from "effect"

import * as clientLabel from "../src/internal/seam/clientLabel.js"
import * as fakeHttp from "./support/fakeHttp.js"
import * as scenario from "./support/scenario.js"

describe("the label of a client in metrics", () => {
  it("is its id for the first ones, which keep it, and the same for all further ones", () => {
    const label = clientLabel.make(2)
    assert.deepStrictEqual(["a", "b", "a", "c", "d", "b"].map(label), ["a", "b", "a", "other", "other", "b"])
  })

  it.effect("makes a bounded number of series, however many clients a process has", () =>
    Effect.gen(function*() {
      const { layer } = fakeHttp.make(() => Effect.sync(() => scenario.tokenJson("t")))
      for (let index = 0; index < clientLabel.maxLabels + 20; index += 1) {
        yield* Effect.flatMap(TokenCache.TokenCache, ({ get }) => get).pipe(
          Effect.provide(
            Layer.provide(ClientCredentials.layer({ ...scenario.options, clientId: `tenant-${index}` }), layer)
          )
        )
      }
      const series = (yield* Metric.snapshot).filter(({ metricKey }) => metricKey.name === "oauth.token.expires_at")
      const labels = series.flatMap(({ metricKey }) =>
        metricKey.tags.filter(({ key }) => key === "oauth.client.id").map(({ value }) => value)
      )
      assert.strictEqual(labels.length, clientLabel.maxLabels + 1)
      assert.include(labels, "other")
    }), 60_000)
})
