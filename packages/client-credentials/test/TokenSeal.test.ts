import { assert, describe, it } from "@effect/vitest"
import { TokenSeal } from "@effect-oauth/client-credentials"
import { Effect, FastCheck as fc, Option, Redacted } from "effect"

import { printed } from "./support/printed.js"

const key = (byte: number) => Redacted.make(Buffer.alloc(32, byte).toString("base64"))

describe("the seal", () => {
  it.effect("opens what it sealed, for the same place only", () =>
    Effect.gen(function*() {
      const { open, seal } = yield* TokenSeal.make([key(1)])
      const sealed = yield* seal("here", "t0k3n ü")
      assert.notInclude(sealed, "t0k3n")
      assert.deepStrictEqual(Option.getOrThrow(yield* open("here", sealed)), "t0k3n ü")
      assert.isTrue(Option.isNone(yield* open("there", sealed)))
      assert.notStrictEqual(yield* seal("here", "t0k3n ü"), sealed)
    }))

  it.effect("opens a text of a mebibyte, the longest token response there is", () =>
    Effect.gen(function*() {
      const { open, seal } = yield* TokenSeal.make([key(1)])
      const text = "t".repeat(1_048_576)
      assert.isTrue(Option.contains(yield* open("here", yield* seal("here", text)), text))
    }))

  it.effect("opens nothing that was changed, cut short or sealed by another key", () =>
    Effect.gen(function*() {
      const { open, seal } = yield* TokenSeal.make([key(1)])
      const other = yield* TokenSeal.make([key(2)])
      const sealed = yield* seal("here", "t0k3n")
      for (let at = 0; at < sealed.length; at += 1) {
        const changed = sealed.slice(0, at) + (sealed[at] === "A" ? "B" : "A") + sealed.slice(at + 1)
        // The last character of base64 has bits that mean nothing.
        if (at < sealed.length - 1) assert.isTrue(Option.isNone(yield* open("here", changed)), `at ${at}`)
        assert.isTrue(Option.isNone(yield* open("here", sealed.slice(0, at))), `up to ${at}`)
      }
      assert.isTrue(Option.isNone(yield* other.open("here", sealed)))
    }))

  it("opens nothing else, whatever it is, and never fails", async () => {
    const { open } = await Effect.runPromise(TokenSeal.make([key(1)]))
    const almost = fc.stringMatching(/^v1\.[0-9a-f]{16}\.[A-Za-z0-9_-]{16}\..*$/)
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.string(), almost),
        async (text) => Option.isNone(await Effect.runPromise(open("here", text)))
      )
    )
  })

  it.effect("goes on with old keys while they are replaced", () =>
    Effect.gen(function*() {
      const before = yield* TokenSeal.make([key(1)])
      const between = yield* TokenSeal.make([key(2), key(1)])
      const after = yield* TokenSeal.make([key(2)])
      const [old, new_] = [yield* before.seal("here", "old"), yield* between.seal("here", "new")]
      assert.deepStrictEqual(Option.getOrThrow(yield* between.open("here", old)), "old")
      assert.deepStrictEqual(Option.getOrThrow(yield* after.open("here", new_)), "new")
      assert.isTrue(Option.isNone(yield* after.open("here", old)))
      assert.strictEqual(yield* between.name("a"), yield* before.name("a"))
      assert.notStrictEqual(yield* after.name("a"), yield* before.name("a"))
    }))

  it.effect("wants keys of 32 bytes, and shows none", () =>
    Effect.gen(function*() {
      for (
        const keys of [[], [Redacted.make("c4n4ry")], [key(1), Redacted.make(btoa("c4n4ry"))], [
          Redacted.make("not base64!")
        ]]
      ) {
        const error = yield* Effect.flip(TokenSeal.make(keys))
        assert.include(error.message, "openssl rand -base64 32")
        assert.notInclude(printed(error), "c4n4ry")
      }
      assert.notInclude(printed(yield* TokenSeal.make([key(65)])), "AAAA")
    }))
})
