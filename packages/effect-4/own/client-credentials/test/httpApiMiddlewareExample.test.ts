// Specific to Effect 4: its example is of a middleware of clients.
import { assert, it } from "@effect/vitest"
import { Console, Effect } from "effect"

import { program } from "../../../examples/http-api-middleware.js"

it.live("the example calls an API before and after its token is revoked", () => {
  const printed: Array<unknown> = []
  return Effect.gen(function*() {
    yield* Effect.provideService(program, Console.Console, {
      ...globalThis.console,
      log: (line: unknown) => void printed.push(line)
    })
    assert.deepStrictEqual(printed, ["pong, tokens: 0", "1 item, tokens: 1", "1 item, tokens: 2"])
  })
})
