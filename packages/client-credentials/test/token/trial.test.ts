import { assert, describe, it } from "@effect/vitest"

import { none, rejected, returned, type Trial } from "../../src/internal/token/trial.js"

const minute = 60_000

/** An event: a call starts with the token, or is rejected. */
type Step = readonly ["a" | "b", number] | "rejected"

/** Returns when a token was found to work. */
const worked = (steps: ReadonlyArray<Step>): ReadonlyArray<Step> => {
  let trial: Trial<string> = none
  return steps.filter((step) => {
    if (step === "rejected") {
      trial = rejected(trial)
      return false
    }
    const [next, works] = returned(trial, ...step)
    trial = next
    return works
  })
}

describe("a token whose rejections are reported", () => {
  it("works when none is reported for a minute", () => {
    assert.deepStrictEqual(worked([["a", 0], ["a", minute - 1], ["a", minute], ["a", minute + 1]]), [
      ["a", minute],
      ["a", minute + 1]
    ])
  })

  it("is another one after its replacement", () => {
    assert.deepStrictEqual(worked([["a", 0], ["b", minute], ["b", 2 * minute - 1], ["b", 2 * minute]]), [
      ["b", 2 * minute]
    ])
  })

  it("does not work because a repeated call is not reported as rejected", () => {
    assert.deepStrictEqual(worked([["a", 0], "rejected", ["b", 1], ["b", minute + 1]]), [])
  })

  it("works a minute after a call that is not a repeated one", () => {
    assert.deepStrictEqual(worked([["a", 0], "rejected", ["b", 1], ["b", 2], ["b", minute + 1], ["b", minute + 2]]), [
      ["b", minute + 2]
    ])
  })

  it("does not work while each call is rejected, however rare, and several at once", () => {
    const calls = [0, 1, 2, 3].flatMap((count): ReadonlyArray<Step> => [
      ["a", 2 * count * minute],
      ["a", 2 * count * minute],
      "rejected",
      "rejected",
      ["a", 2 * count * minute + 1],
      ["a", 2 * count * minute + 1]
    ])
    assert.deepStrictEqual(worked(calls), [])
  })

  it("is tried again after a rejection of a call that started with it", () => {
    assert.deepStrictEqual(worked([["a", 0], "rejected", ["a", 1], ["a", 2], "rejected", ["a", minute + 2]]), [])
  })
})
