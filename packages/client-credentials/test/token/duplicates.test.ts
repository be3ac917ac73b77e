import { assert, describe, it } from "@effect/vitest"

import * as duplicates from "../../src/internal/token/duplicates.js"
import { token } from "./support.js"

const make = () => duplicates.make<ReturnType<typeof token>>((one, other) => one.value === other.value)

const [one, other] = [{}, {}]

describe("tokens issued to clients of one process", () => {
  const first = { owner: one, key: "a", token: token(1, 0, 1000), isFirst: true, now: 0 }
  for (
    const [name, second, expected] of [
      ["another client, while the token is valid", { owner: other }, 1000],
      ["another client, in its last millisecond", { owner: other, now: 999 }, 1000],
      ["another client, when it has expired", { owner: other, now: 1000 }, undefined],
      ["the same client", {}, undefined],
      ["another client, for another request", { owner: other, key: "b" }, undefined],
      ["another client, which had a token before", { owner: other, isFirst: false }, undefined]
    ] as const
  ) {
    it(`are reported with the expiry of the first, or not: ${name}`, () => {
      const { note } = make()
      const clock = {}
      assert.isUndefined(note(clock, first))
      assert.strictEqual(note(clock, { ...first, token: token(2, 0, 5000), ...second }), expected)
    })
  }

  it("are reported once in the lifetime of a token", () => {
    const { note } = make()
    const clock = {}
    const at = (now: number) => note(clock, { ...first, owner: {}, now, token: token(now, now, 1000) })
    assert.deepStrictEqual([0, 100, 200, 1099, 1100, 1101].map(at), [
      undefined,
      1000,
      undefined,
      undefined,
      2099,
      undefined
    ])
  })

  it("are not reported after a revocation, which removes nothing else", () => {
    const { forget, note, size } = make()
    const clock = {}
    note(clock, first)
    note(clock, { ...first, key: "b", token: token(2, 0, 1000) })
    forget(clock, token(1, 5, 5))
    assert.strictEqual(size(clock), 1)
    assert.isUndefined(note(clock, { ...first, owner: other }))
    assert.strictEqual(note(clock, { ...first, owner: other, key: "b" }), 1000)
  })

  it("are counted by clock, and the oldest beyond a thousand requests are removed", () => {
    const { note, size } = make()
    const [clock, another] = [{}, {}]
    for (let index = 0; index < 1001; index += 1) note(clock, { ...first, key: String(index) })
    assert.deepStrictEqual([size(clock), size(another)], [1000, 0])
    assert.isUndefined(note(clock, { ...first, owner: other, key: "0" }))
    assert.strictEqual(note(clock, { ...first, owner: other, key: "1000" }), 1000)
    assert.strictEqual(size(clock), 1000)
  })

  it("are kept for the request that was recorded last, so that its age counts from there", () => {
    const { note } = make()
    const clock = {}
    for (let index = 0; index < 1000; index += 1) note(clock, { ...first, key: String(index) })
    note(clock, { ...first, key: "0" })
    note(clock, { ...first, key: "new" })
    assert.strictEqual(note(clock, { ...first, owner: other, key: "0" }), 1000)
    assert.isUndefined(note(clock, { ...first, owner: other, key: "1" }))
  })

  it("are not detected in a runtime without weak references", () => {
    const { note, size } = make()
    const { WeakRef } = globalThis
    try {
      Reflect.deleteProperty(globalThis, "WeakRef")
      assert.isUndefined(note({}, first))
      assert.strictEqual(size({}), 0)
    } finally {
      Object.defineProperty(globalThis, "WeakRef", { value: WeakRef, configurable: true, writable: true })
    }
  })
})
