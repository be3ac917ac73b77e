/**
 * The quotas that Auth0 announces in the headers of its responses, for a client without a budget.
 */
import { assert, describe, it } from "@effect/vitest"
import { ClientConfig, ServerMetadata, TokenEndpoint } from "@effect-oauth/client-credentials"
import { Effect, Layer, Logger, TestClock } from "effect"

import * as tokenRequests from "../../src/internal/models/tokenRequests.js"
import * as fakeHttp from "../support/fakeHttp.js"
import { seriesOf } from "../support/metrics.js"
import * as scenario from "../support/scenario.js"

/** A client with a unique name, and a control for the next announcement of the server. */
const started = (clientId: string) =>
  Effect.gen(function*() {
    const logged: Array<string> = []
    const next: { headers: Record<string, string>; status: number } = { headers: {}, status: 200 }
    const { layer } = fakeHttp.make(() =>
      Effect.sync(() =>
        Response.json(
          next.status === 200
            ? { access_token: "t", token_type: "Bearer", expires_in: 3600 }
            : { error: "too_many_requests" },
          next
        )
      )
    )
    const config = ClientConfig.layer({ ...scenario.options, clientId })
    const endpoint = yield* TokenEndpoint.make().pipe(
      Effect.provide(Layer.provideMerge(ServerMetadata.layer(), Layer.merge(config, layer)))
    )
    const request = (organization?: string) =>
      Effect.either(endpoint.requestToken(
        organization === undefined
          ? endpoint.request
          : tokenRequests.override(endpoint.request, { parameters: { organization } })
      )).pipe(Effect.provide(Logger.replace(
        Logger.defaultLogger,
        Logger.make(({ message }) => {
          logged.push(String(message))
        })
      )))
    const left = Effect.map(
      seriesOf("oauth.quota.left"),
      (all) =>
        Object.fromEntries(
          all.filter(({ attributes }) => attributes["oauth.client.id"] === clientId).map(({ attributes, value }) => [
            `${attributes["oauth.quota.name"]} ${attributes["oauth.quota.organization"] ?? ""}`.trim(),
            value
          ])
        )
    )
    return { left, logged, next, request }
  })

describe("quotas that the issuer announces", () => {
  it.scoped("are metrics, and are logged once when four fifths are used and once when all are", () =>
    Effect.gen(function*() {
      const { left, logged, next, request } = yield* started("quotas-of-a-client")
      const announce = (remaining: number, seconds: number) => {
        next.headers = { "Auth0-Client-Quota-Limit": `b=per_day;q=50;r=${remaining};t=${seconds}` }
        return request()
      }
      yield* announce(11, 43_200)
      assert.deepStrictEqual(yield* left, { "client per_day": 11 })
      assert.deepStrictEqual(logged, [])
      for (const remaining of [10, 9, 1]) yield* announce(remaining, 43_200)
      assert.lengthOf(logged, 1)
      assert.match(
        logged[0] ?? "",
        /^40 of 50 tokens of the client quotas-of-a-client are used, .*\(client per_day\), until 1970-01-01T12:00:00.000Z\./
      )
      next.status = 429
      for (const remaining of [0, 0]) yield* announce(remaining, 43_200)
      assert.lengthOf(logged, 2)
      assert.include(logged[1], "50 of 50 tokens")
      assert.deepStrictEqual(yield* left, { "client per_day": 0 })
      // The next window.
      next.status = 200
      yield* TestClock.adjust("12 hours")
      yield* announce(49, 86_400)
      assert.lengthOf(logged, 2)
      yield* announce(5, 86_400)
      assert.lengthOf(logged, 3)
      yield* TestClock.adjust("24 hours")
      for (const remaining of [5, 0, 0]) yield* announce(remaining, 0)
      assert.lengthOf(logged, 3)
    }))

  it.scoped("are recorded for each organization", () =>
    Effect.gen(function*() {
      const { left, logged, next, request } = yield* started("quotas-of-organizations")
      for (const [organization, remaining] of [["north", 0], ["south", 7], ["north", 0]] as const) {
        next.headers = {
          "Auth0-Client-Quota-Limit": "b=per_day;q=5000;r=4000;t=43200",
          "Auth0-Organization-Quota-Limit": `b=per_hour;q=10;r=${remaining};t=60`
        }
        yield* request(organization)
      }
      assert.deepStrictEqual(yield* left, {
        "client per_day": 4000,
        "organization per_hour north": 0,
        "organization per_hour south": 7
      })
      assert.lengthOf(logged, 1)
      assert.include(logged[0], "10 of 10 tokens of the organization north are used")
    }))

  it.scoped("set the time in an error after which tokens are issued again", () =>
    Effect.gen(function*() {
      const { next, request } = yield* started("rejected-by-quotas")
      next.status = 429
      next.headers = { "Auth0-Client-Quota-Limit": "b=per_hour;q=10;r=0;t=600,b=per_day;q=50;r=12;t=43200" }
      const rejected = yield* Effect.flip(Effect.flatten(request()))
      assert.include(rejected.message, "It issues tokens again from 1970-01-01T00:10:00.000Z.")
      next.headers = { "Retry-After": "90" }
      const later = yield* Effect.flip(Effect.flatten(request()))
      assert.include(later.message, "It issues tokens again in 90 s.")
    }))
})
