import { assert, describe, it } from "@effect/vitest"
import { OAuthError } from "@effect-oauth/client-credentials"
import { Duration, Effect } from "effect"

import * as coolDown from "../../src/internal/fleet/coolDown.js"

const second = 1000

const unavailable = (retryAfter?: number) =>
  new OAuthError.TokenEndpointUnavailable({
    endpoint: "https://auth.example.com/oauth/token",
    reason: "status",
    detail: "503",
    ...(retryAfter === undefined ? {} : { retryAfter: Duration.millis(retryAfter) })
  })

/** Returns the end of the pause after a failure at 100 s, given the end of use of the token. */
const end = (pause: number, usableUntil: number, retryAfter?: number) =>
  Effect.gen(function*() {
    const failure = yield* coolDown.after(unavailable(retryAfter), undefined, 100 * second, () => Effect.succeed(pause))
    if (failure === undefined) return assert.fail()
    const ends = [101, 110, 130, 160, 170].filter((at) =>
      coolDown.failureAt(failure, at * second, usableUntil) !== undefined
    )
    return ends.at(-1)
  })

describe("the pause of a fleet after a failed token request", () => {
  it.effect("lasts as long as the back-off", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* end(61 * second, -Infinity), 160)
      assert.strictEqual(yield* end(61 * second, 500 * second), 160)
    }))

  it.effect("ends with the token that could not be refreshed, but not with one that had ended before", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* end(61 * second, 131 * second), 130)
      assert.strictEqual(yield* end(61 * second, 100 * second), 160)
      assert.strictEqual(yield* end(61 * second, 90 * second), 160)
    }))

  it.effect("lasts as long as the server requires, within the limit of the back-off", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* end(61 * second, 102 * second, 31 * second), 130)
      assert.strictEqual(yield* end(61 * second, 102 * second, 3600 * second), 160)
    }))
})
