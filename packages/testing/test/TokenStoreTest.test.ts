/**
 * The suite of stores, on a store that fails on demand.
 */
import { TokenStore } from "@effect-oauth/client-credentials"
import * as TokenStoreTest from "@effect-oauth/testing/TokenStoreTest"
import { Context, Duration, Effect, Layer } from "effect"

import * as simulatedStore from "../src/internal/simulatedStore.js"

class Condition extends Context.Tag("Condition")<Condition, { current: simulatedStore.Condition }>() {}

const layer = Layer.effectContext(Effect.gen(function*() {
  const condition: { current: simulatedStore.Condition } = { current: 0 }
  const inMemory = yield* simulatedStore.inMemory
  const store = simulatedStore.make(inMemory.store, {
    clock: yield* Effect.clock,
    roundTrip: Duration.zero,
    condition: () => condition.current,
    count: () => undefined
  })
  return Context.make(TokenStore.TokenStore, store).pipe(Context.add(Condition, condition))
}))

const set = (current: simulatedStore.Condition) =>
  Effect.map(Condition, (condition) => {
    condition.current = current
  })

TokenStoreTest.suite("a store that fails on demand", layer, {
  outage: { begin: set("unreachable"), end: set(0) },
  faults: { begin: set(0.3), end: set(0) }
})
