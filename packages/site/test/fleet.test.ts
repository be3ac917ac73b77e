import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import { type Answer, answer, initial, sentences } from "../src/fleet.js"

const ask = (question: Partial<typeof initial>) => Effect.promise(() => answer({ ...initial, ...question }))

const tokens = (found: Answer) => typeof found === "string" ? found : found.tokensPerDay

describe("the simulator of the site", () => {
  it.effect("has the tokens of each day; shared, they are one a day", () =>
    Effect.gen(function*() {
      const alone = yield* ask({ instances: 3, days: 2, restarts: 0 })
      assert.deepStrictEqual(tokens(alone), [3, 3])
      const shared = yield* ask({ instances: 3, days: 2, restarts: 4, isShared: true })
      // The first day ends after the refresh of the first token.
      assert.deepStrictEqual(tokens(shared), [2, 1])
    }))

  it.effect("states the limit that is reached, and the calls that fail", () =>
    Effect.gen(function*() {
      const question = { ...initial, instances: 10, days: 2, restarts: 4, dailyLimit: 20 }
      const found = yield* ask(question)
      if (typeof found === "string") return assert.fail(found)
      const [first, second, third] = sentences(question, found)
      assert.match(first ?? "", /^20 tokens on the first day, at most \d+ tokens on a day after it\.$/)
      assert.match(second ?? "", /^The server rejects a token request for the first time after \d+\.\d hours\.$/)
      assert.match(third ?? "", /^[\d,]+ calls of [\d,]+ fail without a token\.$/)
    }))

  it.effect("states what is wrong with a question", () =>
    Effect.map(
      ask({ isShared: true, dailyLimit: 0.5 }),
      (found) => assert.match(String(tokens(found)), /^dailyLimit: expected /)
    ))
})
