/** Errors of the platform's HTTP client. */
import { HttpClient, HttpClientRequest } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import * as httpErrors from "../../src/internal/seam/httpErrors.js"

describe("the error of a request that got no response", () => {
  it.effect("is transient for the platform, and has the request and the cause", () =>
    Effect.gen(function*() {
      const cause = new Error("ECONNREFUSED")
      const sent: Array<HttpClientRequest.HttpClientRequest> = []
      const failing = HttpClient.make((request) =>
        Effect.suspend(() => {
          sent.push(request)
          return Effect.fail(httpErrors.ofTransport(request, cause))
        })
      )
      const request = HttpClientRequest.get("https://api.example.com/items")
      const error = yield* Effect.flip(HttpClient.retryTransient(failing, { times: 2 }).execute(request))
      assert.lengthOf(sent, 3)
      assert.strictEqual(error.request, sent[2])
      assert.strictEqual(error.cause, cause)
    }))
})
