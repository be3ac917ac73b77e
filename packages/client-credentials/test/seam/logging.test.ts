/** The log of a program without Effect. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import * as logging from "../../src/internal/seam/logging.js"

describe("a function that receives the log", () => {
  it.effect("receives each line with its level, in capital letters", () =>
    Effect.gen(function*() {
      const lines: Array<readonly [level: string, message: string]> = []
      yield* Effect.all([
        Effect.logInfo("a token", "was stored"),
        Effect.logWarning("not stored", 3),
        Effect.logError("lost")
      ]).pipe(Effect.provide(logging.layer((level, message) => lines.push([level, message]))))
      assert.deepStrictEqual(lines, [["INFO", "a token was stored"], ["WARN", "not stored 3"], ["ERROR", "lost"]])
    }))
})
