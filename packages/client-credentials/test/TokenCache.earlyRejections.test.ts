/**
 * The cost of two instances that revoke each other's tokens, at servers that keep one token per client.
 */
import { assert, describe, it } from "@effect/vitest"
import { ApiClient, ClientCredentials, type TokenCache } from "@effect-oauth/client-credentials"
import { Context, Effect, Layer, Logger, LogLevel, TestClock } from "effect"

import * as fakeHttp from "./support/fakeHttp.js"
import { countOf } from "./support/metrics.js"
import { runs } from "./support/runs.js"
import * as scenario from "./support/scenario.js"

/** Issues `token-1`, `token-2` and so on, and accepts the newest one only. */
const onePerClient = (life = 86_400) => {
  const state = { issued: 0, accepted: "" }
  const http = fakeHttp.make((sent) =>
    Effect.sync(() => {
      if (sent.url === scenario.options.tokenUrl) {
        state.accepted = `Bearer token-${state.issued += 1}`
        return scenario.tokenJson(`token-${state.issued}`, { expires_in: life })
      }
      return sent.headers["authorization"] === state.accepted ? Response.json({}) : scenario.reject()
    })
  )
  const instance = (tokenCache: TokenCache.Options = {}) =>
    Effect.map(
      Layer.build(Layer.provide(ClientCredentials.layer({ ...scenario.options, tokenCache }), http.layer)),
      Context.get(ApiClient.ApiClient)
    )
  return { instance, state }
}

const status = (api: ApiClient.Client) => Effect.map(api.get("/items"), (response) => response.status)

const logged = () => {
  const lines: Array<string> = []
  const logger = Logger.make(({ logLevel, message }) => {
    lines.push(`${logLevel === LogLevel.Warning ? "WARN" : ""} ${String(message)}`)
  })
  return { lines, layer: Logger.replace(Logger.defaultLogger, logger) }
}

describe("two instances at a server that keeps one token per client", () => {
  for (
    const [name, duration, every, atMost] of [
      ["an hour", 3600, 10, 14],
      ["a day", 86_400, 86_400 / runs("calls of a day", { quick: 144, full: 1440 }), 18]
    ] as const
  ) {
    it.scoped(`cost at most ${atMost} tokens in ${name}`, () => {
      const { instance, state } = onePerClient()
      return Effect.gen(function*() {
        const instances = [yield* instance(), yield* instance()]
        for (let seconds = 0; seconds < duration; seconds += every) {
          for (const api of instances) yield* status(api)
          yield* TestClock.adjust(`${every} seconds`)
        }
        console.log(`${name}: ${state.issued} tokens`)
        assert.isAtMost(state.issued, atMost)
        // Otherwise the bound would prove nothing.
        assert.isAbove(state.issued, 8)
      }).pipe(Effect.provide(logged().layer))
    })
  }

  it.scoped("log a warning that names the remedy, and update a metric", () => {
    const { instance } = onePerClient()
    const { layer, lines } = logged()
    return Effect.gen(function*() {
      const count = countOf("oauth.token.early_rejections")
      const before = yield* count
      const [one, other] = [yield* instance(), yield* instance()]
      for (let times = 0; times < 20; times += 1) {
        yield* status(one)
        yield* status(other)
      }
      assert.strictEqual((yield* count) - before, 6)
      const warnings = lines.filter((line) => line.startsWith("WARN") && line.includes("rejected"))
      // One token of each instance.
      assert.lengthOf(warnings, 2)
      assert.include(warnings[0], "Access token rejected 3 times in a row long before its expiry")
      assert.include(warnings[0], "SharedClientCredentials.layer")
      assert.include(warnings[0], "requested in 1m")
      assert.notInclude(warnings.join(""), "token-")
    }).pipe(Effect.provide(layer))
  })
})

describe("tokens that are revoked repeatedly", () => {
  /** An instance whose token is revoked repeatedly, with a call every 10 minutes. */
  const revoked = (everyMinutes: number, days: number, life: number) => {
    const { instance, state } = onePerClient(life)
    const { layer, lines } = logged()
    return Effect.gen(function*() {
      const api = yield* instance()
      const statuses = new Set<number>()
      for (let minutes = 10; minutes <= days * 1440; minutes += 10) {
        statuses.add(yield* status(api))
        if (minutes % everyMinutes === 0) state.accepted = "revoked"
        yield* TestClock.adjust("10 minutes")
      }
      return { statuses, tokens: state.issued, warnings: lines.filter((line) => line.startsWith("WARN")) }
    }).pipe(Effect.provide(layer))
  }

  it.scoped("are replaced at once when revoked once a day, with a lifetime of a day", () =>
    Effect.gen(function*() {
      const { statuses, tokens, warnings } = yield* revoked(1440, 5, 86_400)
      assert.deepStrictEqual([...statuses], [200])
      assert.isAtMost(tokens, 10)
      assert.deepStrictEqual(warnings, [])
    }))

  it.scoped("are replaced at once and reported when revoked every 3 hours, with a lifetime of a day", () =>
    Effect.gen(function*() {
      const { statuses, tokens, warnings } = yield* revoked(180, 2, 86_400)
      assert.deepStrictEqual([...statuses], [200])
      assert.isAtMost(tokens, 17)
      assert.isAbove(warnings.length, 1)
    }))

  it.scoped("are replaced at once when revoked three times in a moment, once a day", () => {
    const { instance, state } = onePerClient()
    const { layer, lines } = logged()
    return Effect.gen(function*() {
      const api = yield* instance()
      for (let round = 0; round < 4; round += 1) {
        for (let times = 0; times < 3; times += 1) {
          assert.strictEqual(yield* status(api), 200)
          state.accepted = "revoked"
        }
        for (let hours = 0; hours < 24; hours += 1) {
          assert.strictEqual(yield* status(api), 200)
          yield* TestClock.adjust("1 hour")
        }
      }
      assert.deepStrictEqual(lines.filter((line) => line.startsWith("WARN")).length, 0)
    }).pipe(Effect.provide(layer))
  })
})
