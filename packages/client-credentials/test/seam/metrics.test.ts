import { readFileSync } from "node:fs"

import { assert, describe, it } from "@effect/vitest"
import { ClientCredentials, TokenCache } from "@effect-oauth/client-credentials"
import { Effect, Layer, Metric, MetricState } from "effect"

import * as metrics from "../../src/internal/seam/metrics.js"
import * as fakeHttp from "../support/fakeHttp.js"
import * as scenario from "../support/scenario.js"

describe("the label of a client in metrics", () => {
  it("is its id for the first ones, which keep it, and the same for all further ones", () => {
    const label = metrics.labels(2)
    assert.deepStrictEqual(["a", "b", "a", "c", "d", "b"].map(label), ["a", "b", "a", "other", "other", "b"])
  })

  it.effect("makes a bounded number of series, however many clients a process has", () =>
    Effect.gen(function*() {
      const { layer } = fakeHttp.make(() => Effect.sync(() => scenario.tokenJson("t")))
      for (let index = 0; index < metrics.maxLabels + 20; index += 1) {
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
      assert.strictEqual(labels.length, metrics.maxLabels + 1)
      assert.include(labels, "other")
    }), 60_000)
})

/** The rows of the table of metrics in the guide: name, kind, unit, attributes. */
const guide = [
  ...readFileSync(new URL("../../../../guides/operating.md", import.meta.url), "utf8").matchAll(
    /^\| `(oauth\.[\w.]+)` \| (counter|gauge|histogram) \| (\w*) *\| ([^|]*)\|/gm
  )
].map(([, name = "", kind = "", unit = "", attributes = ""]) => ({
  name,
  kind,
  unit,
  attributes: [...attributes.matchAll(/`((?:oauth|error)\.[\w.]+)`/g)].map(([, attribute = ""]) => attribute)
}))

describe("the guide to operating", () => {
  it("lists every metric with its kind, its unit and its attributes", () => {
    const listed = Object.values(metrics).flatMap((one) =>
      typeof one === "object"
        ? [{ name: one.name, kind: one.kind, unit: one.unit ?? "", attributes: [...one.attributes ?? []] }]
        : []
    )
    assert.sameDeepMembers(guide, listed)
  })
})

describe("metrics", () => {
  it("have the name, the kind and the unit of their description", () => {
    for (const one of Object.values(metrics)) {
      if (typeof one !== "object") continue
      one.metric.unsafeUpdate(0, [])
      const found = Metric.unsafeSnapshot().find(({ metricKey }) => metricKey.name === one.name)
      assert(found !== undefined, one.name)
      const kind = MetricState.isCounterState(found.metricState)
        ? "counter"
        : MetricState.isGaugeState(found.metricState)
        ? "gauge"
        : "histogram"
      assert.strictEqual(kind, one.kind, one.name)
      assert.strictEqual(found.metricKey.tags.find(({ key }) => key === "unit")?.value, one.unit, one.name)
    }
  })
})
