import { assert, it } from "@effect/vitest"
import { Fleet } from "@effect-oauth/testing"
import { Console, Effect } from "effect"

it.effect("ten instances that restart three times a day stay within fifty tokens a day", () =>
  Effect.gen(function*() {
    const report = yield* Fleet.simulate({
      instances: 10,
      days: 3,
      restartEvery: "8 hours",
      dailyLimit: 50
    })
    yield* Console.log(report)
    assert.isUndefined(report.limitReachedAt)
    assert.strictEqual(report.failedCalls, 0)
  }))
