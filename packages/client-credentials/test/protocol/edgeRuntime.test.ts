import { assert, describe, it } from "@effect/vitest"

import { extend, isRequestBound } from "../../src/internal/protocol/edgeRuntime.js"

/** Runs with other globals, and restores the original ones. */
const within = <A>(globals: Readonly<Record<PropertyKey, unknown>>, run: () => A): A => {
  const keys = Reflect.ownKeys(globals)
  const before = keys.map((key) => Object.getOwnPropertyDescriptor(globalThis, key))
  try {
    for (const key of keys) {
      Object.defineProperty(globalThis, key, { value: Reflect.get(globals, key), configurable: true })
    }
    return run()
  } finally {
    keys.forEach((key, index) => {
      const descriptor = before[index]
      if (descriptor === undefined) Reflect.deleteProperty(globalThis, key)
      else Object.defineProperty(globalThis, key, descriptor)
    })
  }
}

const vercel = Symbol.for("@vercel/request-context")

describe("a runtime with I/O bound to requests", () => {
  it("is Cloudflare or Vercel, and not this one", () => {
    assert.isFalse(isRequestBound())
    assert.isFalse(within({ navigator: { userAgent: "Deno/2" } }, isRequestBound))
    assert.isTrue(within({ navigator: { userAgent: "Cloudflare-Workers" } }, isRequestBound))
    assert.isTrue(within({ EdgeRuntime: "vercel" }, isRequestBound))
    // An older Worker has no `navigator`.
    assert.isTrue(within({ navigator: undefined, WebSocketPair: class {} }, isRequestBound))
  })

  it("keeps a request alive by waitUntil, until it is released", async () => {
    const kept: Array<Promise<void>> = []
    const waitUntil = (promise: Promise<void>) => void kept.push(promise)
    const builtin = (name: string) => name === "cloudflare:workers" ? { waitUntil } : undefined
    for (
      const globals of [
        { process: { getBuiltinModule: builtin } },
        { [vercel]: { get: () => ({ waitUntil }) } }
      ]
    ) {
      const release = within(globals, extend)
      assert(release !== undefined)
      release()
      await kept.at(-1)
    }
    assert.lengthOf(kept, 2)
  })

  it("keeps none alive without waitUntil, or outside of a request", () => {
    assert.isUndefined(within({ process: undefined }, extend))
    assert.isUndefined(within({ [vercel]: {} }, extend))
    assert.isUndefined(within({ process: {} }, extend))
    assert.isUndefined(within({ process: { getBuiltinModule: () => undefined } }, extend))
    assert.isUndefined(within({ process: { getBuiltinModule: () => ({}) } }, extend))
    const waitUntil = () => {
      throw new Error("outside of a request")
    }
    assert.isUndefined(within({ process: { getBuiltinModule: () => ({ waitUntil }) } }, extend))
  })
})
