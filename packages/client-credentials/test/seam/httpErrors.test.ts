/** Errors of the platform's HTTP client keep their kind when they are created, inspected and rebuilt. */
import { HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"

import * as seam from "../../src/internal/seam/httpErrors.js"
import { causeOf, descriptionOf, kindOf, responseOf } from "../support/httpErrors.js"

const request = HttpClientRequest.get("https://api.example.com/items")
const response = HttpClientResponse.fromWeb(request, new Response(null, { status: 418 }))
const other = {
  request: HttpClientRequest.get("https://api.example.com/other"),
  response: HttpClientResponse.fromWeb(HttpClientRequest.get("https://api.example.com/third"), new Response(null))
}
const details = { cause: new Error("the cause"), description: "the description" }

const requestErrors = (["Encode", "InvalidUrl", "Transport"] as const).map((reason) =>
  [`RequestError ${reason}`, seam.ofRequest(request, reason, details)] as const
)

/** Returns an error of each kind, by that kind. Those without details are the platform's own. */
const errors = Effect.gen(function*() {
  return [
    ...requestErrors,
    ["ResponseError Decode", seam.ofResponse(response, "Decode", details)],
    ["ResponseError StatusCode", yield* Effect.flip(HttpClientResponse.filterStatusOk(response))],
    ["ResponseError EmptyBody", yield* Effect.flip(Stream.runDrain(response.stream))]
  ] as const
})

describe("an error of the HTTP client", () => {
  it.effect("is distinguished by its kind", () =>
    Effect.gen(function*() {
      for (const [kind, error] of yield* errors) {
        assert.isTrue(seam.isHttpError(error), kind)
        assert.strictEqual(kindOf(error), kind)
        assert.strictEqual(seam.filteredResponse(error), kind === "ResponseError StatusCode" ? response : undefined)
        assert.strictEqual(seam.isResponseError(error), kind.startsWith("ResponseError"), kind)
        if (seam.isResponseError(error)) assert.strictEqual(seam.isEmptyBody(error), kind.endsWith("EmptyBody"))
      }
      for (const error of [details.cause, "Transport", undefined]) {
        assert.isFalse(seam.isHttpError(error))
        assert.isFalse(seam.isResponseError(error))
        assert.isUndefined(seam.filteredResponse(error))
      }
    }))

  it.effect("of a transport has the cause of the transport, others have none", () =>
    Effect.gen(function*() {
      for (const [kind, error] of yield* errors) {
        assert.strictEqual(seam.transportCause(error), kind.startsWith("RequestError") ? details.cause : error)
      }
      assert.strictEqual(seam.transportCause(details.cause), details.cause)
    }))

  it.effect("is rebuilt with another request and response, and with the details that may be shown", () =>
    Effect.gen(function*() {
      for (const [kind, error] of yield* errors) {
        for (const isShown of [true, false]) {
          const rebuilt = seam.rebuild(error, {
            request: other.request,
            response: (given) => {
              assert.strictEqual(given, response)
              return other.response
            },
            shown: (detail) => isShown ? detail : undefined
          })
          assert.strictEqual(kindOf(rebuilt), kind)
          assert.strictEqual(rebuilt.request, other.request)
          assert.strictEqual(responseOf(rebuilt), kind.startsWith("ResponseError") ? other.response : undefined)
          assert.strictEqual(causeOf(rebuilt), isShown ? causeOf(error) : undefined)
          assert.strictEqual(descriptionOf(rebuilt), isShown ? descriptionOf(error) : undefined)
        }
      }
    }))

  it.effect("about a response is the same for another form of the response", () =>
    Effect.gen(function*() {
      for (const [kind, error] of yield* errors) {
        if (!seam.isResponseError(error)) continue
        const moved = seam.withResponse(error, other.response)
        assert.strictEqual(kindOf(moved), kind)
        assert.strictEqual(responseOf(moved), other.response)
        assert.strictEqual(moved.request, other.response.request)
        assert.deepStrictEqual([causeOf(moved), descriptionOf(moved)], [causeOf(error), descriptionOf(error)])
      }
    }))
})
