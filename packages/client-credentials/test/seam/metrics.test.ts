import { assert, describe, it } from "@effect/vitest"
import { ClientCredentials, TokenCache } from "@effect-oauth/client-credentials"
import { Effect, Layer } from "effect"

import * as metrics from "../../src/internal/seam/metrics.js"
import * as fakeHttp from "../support/fakeHttp.js"
import { countOf, seriesOf, withAttribute } from "../support/metrics.js"
import * as scenario from "../support/scenario.js"

describe("the label of a client in metrics", () => {
  it.effect("creates a bounded number of series, however many clients a process has", () =>
    Effect.gen(function*() {
      const { layer } = fakeHttp.make(() => Effect.sync(() => scenario.tokenJson("t")))
      for (let index = 0; index < metrics.maxLabels + 20; index += 1) {
        yield* Effect.flatMap(TokenCache.TokenCache, ({ get }) => get).pipe(
          Effect.provide(
            Layer.provide(ClientCredentials.layer({ ...scenario.options, clientId: `tenant-${index}` }), layer)
          )
        )
      }
      const labels = (yield* seriesOf("oauth.token.expires_at")).map(({ attributes }) => attributes["oauth.client.id"])
      // The registry has the series of other files of this process too.
      assert.strictEqual(labels.filter((label) => label?.startsWith("tenant-")).length, metrics.maxLabels)
      assert.include(labels, "other")
    }), 60_000)
})

describe("metrics", () => {
  it.effect("count a cached token that was served once", () =>
    Effect.gen(function*() {
      const hits = countOf("oauth.token.cache", { "oauth.cache.outcome": "hit" })
      const before = yield* hits
      yield* Effect.sync(metrics.unsafeCountHit)
      assert.strictEqual(yield* hits, before + 1)
    }))

  it.effect("add amounts, and have the attributes that the program sets for all its metrics", () =>
    Effect.gen(function*() {
      yield* Effect.sync(metrics.unsafeCountHit).pipe(withAttribute("test.amounts", "yes"))
      yield* metrics.count(metrics.renewalFailing, {}, 2.5).pipe(withAttribute("test.amounts", "yes"))
      yield* metrics.count(metrics.renewalFailing, {}, 4).pipe(withAttribute("test.amounts", "yes"))
      assert.strictEqual(yield* countOf(metrics.cacheOutcomes.name, { "test.amounts": "yes" }), 1)
      assert.strictEqual(yield* countOf(metrics.renewalFailing.name, { "test.amounts": "yes" }), 6.5)
    }))

  it.effect("have one series for equal attributes, however often they are updated", () =>
    Effect.gen(function*() {
      const update = Effect.gen(function*() {
        yield* metrics.count(metrics.storeFailures, { "oauth.store.operation": "load" })
        yield* metrics.set(metrics.certificateExpiry, 0)
        yield* metrics.record(metrics.renewedAhead, 0)
        yield* metrics.record(metrics.leaseWaits, 0)
      })
      const updated = [metrics.storeFailures, metrics.certificateExpiry, metrics.renewedAhead, metrics.leaseWaits]
      const series = Effect.forEach(updated, ({ name }) => Effect.map(seriesOf(name), ({ length }) => [name, length]))
      yield* update
      // Other files of this process may have their own.
      const first = yield* series
      yield* update
      yield* update
      assert.deepStrictEqual(yield* series, first)
    }))

  it.effect("have the name, the kind, the unit and the boundaries of their description", () =>
    Effect.gen(function*() {
      for (const one of Object.values(metrics)) {
        if (typeof one !== "object") continue
        if (one.kind === "counter") yield* metrics.count(one, {}, 0)
        else if (one.kind === "gauge") yield* metrics.set(one, 0)
        else yield* metrics.record(one, 0)
        const [found] = yield* seriesOf(one.name)
        assert(found !== undefined, one.name)
        assert.strictEqual(found.kind, one.kind, one.name)
        assert.strictEqual(found.unit, one.unit, one.name)
        if (one.kind !== "histogram") continue
        assert.deepStrictEqual(found.boundaries?.slice(0, one.boundaries.length), [...one.boundaries], one.name)
      }
    }))
})
