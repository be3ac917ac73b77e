/**
 * A remote token store, which fails on demand: the store in memory, with a round trip, faults and a count.
 */
import { OAuthError, type TokenSeal, TokenStore } from "@effect-oauth/client-credentials"
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"

/** The condition of operations: none reaches the store, none gets a response, or each fails with this probability. */
export type Condition = "unreachable" | "silent" | number

export interface Options {
  /** The clock of the store, independent of that of the process. */
  readonly clock: Clock.Clock
  readonly roundTrip: Duration.Duration
  readonly condition: () => Condition
  /** Called for each operation that is sent. */
  readonly count: () => void
}

type Operation = OAuthError.TokenStoreError["operation"]

/** Creates the store as processes use it. */
export const make = (store: TokenStore.TokenStore, options: Options): TokenStore.TokenStore => {
  const way = Effect.sleep(Duration.times(options.roundTrip, 0.5))
  const fail = (operation: Operation, problem: string) => new OAuthError.TokenStoreError({ operation, problem })

  const travel = <A>(operation: Operation, effect: Effect.Effect<A, OAuthError.TokenStoreError>) =>
    Effect.gen(function*() {
      options.count()
      const condition = options.condition()
      if (condition === "silent") return yield* Effect.never
      yield* way
      if (condition === "unreachable") return yield* fail(operation, "ECONNREFUSED")
      // Half of the failures occur after the operation took effect.
      const random = yield* Random.next
      if (random < condition / 2) return yield* fail(operation, "ECONNRESET")
      const result = yield* effect
      yield* way
      return random < condition ? yield* fail(operation, "ECONNRESET") : result
    }).pipe(Effect.withClock(options.clock))

  return {
    load: (key) => travel("load", store.load(key)),
    swap: (key, generation, entry, release) => travel("swap", store.swap(key, generation, entry, release)),
    acquire: (key, owner, life) => travel("acquire", store.acquire(key, owner, life)),
    release: (key, owner) => travel("release", store.release(key, owner))
  }
}

/**
 * Creates a seal for simulations, which does not encrypt and costs no time. Equal strings result in different entries,
 * as required.
 */
export const seal = (): TokenSeal.TokenSeal => {
  let sealed = 0
  return {
    name: (text) => Effect.succeed(text),
    seal: (key, text) => Effect.sync(() => JSON.stringify([key, text, sealed++])),
    open: (key, entry) =>
      Effect.sync(() => {
        const [name, text] = JSON.parse(entry) as readonly [string, string]
        return name === key ? Option.some(text) : Option.none()
      })
  }
}

export const inMemory: Effect.Effect<TokenStore.TokenStore> = Effect.provide(
  TokenStore.TokenStore,
  TokenStore.layerMemory
)
