import { readFileSync } from "node:fs"

import { assert, describe, it } from "@effect/vitest"

import * as metrics from "../../src/internal/token/metrics.js"
import { fromRoot } from "../support/repository.js"

describe("the label of a client in metrics", () => {
  it("is its id for the first ones, which keep it, and the same for all further ones", () => {
    const label = metrics.labels(2)
    assert.deepStrictEqual(["a", "b", "a", "c", "d", "b"].map(label), ["a", "b", "a", "other", "other", "b"])
  })
})

describe("the attributes of a metric", () => {
  it("are those with a value, in the order of its description", () => {
    assert.deepStrictEqual(
      metrics.valuesOf(metrics.tokenRequests, { "error.type": "interrupted", "oauth.token.reason": "cold" }),
      [["oauth.token.reason", "cold"], ["error.type", "interrupted"]]
    )
    assert.deepStrictEqual(metrics.valuesOf(metrics.tokenRequests, { "error.type": undefined }), [])
    assert.deepStrictEqual(metrics.valuesOf(metrics.earlyRejections, {}), [])
  })
})

/** The rows of the table of metrics in the guide: name, kind, unit, attributes. */
const guide = [
  ...readFileSync(fromRoot("guides/observability.md"), "utf8").matchAll(
    /^\| `(oauth\.[\w.]+)` \| (counter|gauge|histogram) \| (\w*) *\| ([^|]*)\|/gm
  )
].map(([, name = "", kind = "", unit = "", attributes = ""]) => ({
  name,
  kind,
  unit,
  attributes: [...attributes.matchAll(/`((?:oauth|error)\.[\w.]+)`/g)].map(([, attribute = ""]) => attribute)
}))

describe("the guide to observability", () => {
  it("lists every metric with its kind, its unit and its attributes", () => {
    const listed = Object.values(metrics).flatMap((one) =>
      typeof one === "object"
        ? [{ name: one.name, kind: one.kind, unit: one.unit ?? "", attributes: [...one.attributes ?? []] }]
        : []
    )
    assert.sameDeepMembers(guide, listed)
  })
})
