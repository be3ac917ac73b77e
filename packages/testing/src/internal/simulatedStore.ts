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

/** Entries that a store loses: the counts of budgets, or those and the tokens. */
export type Lost = "budgets" | "all"

/** Creates a store in memory that loses entries on demand. */
export const inMemory: Effect.Effect<{
  readonly store: TokenStore.TokenStore
  readonly lose: (lost: Lost) => Effect.Effect<void>
}> = Effect.map(Effect.provide(TokenStore.TokenStore, TokenStore.layerMemory), (memory) => {
  // An entry is lost when its key gets another name.
  const names = new Map<string, number>()
  const leased = new Set<string>()
  const nameOf = (key: string) => {
    const losses = names.get(key) ?? 0
    names.set(key, losses)
    return `${losses} ${key}`
  }
  return {
    store: {
      load: (key) => Effect.suspend(() => memory.load(nameOf(key))),
      swap: (key, ...rest) => Effect.suspend(() => memory.swap(nameOf(key), ...rest)),
      acquire: (key, ...rest) =>
        Effect.suspend(() => {
          // Only tokens have leases.
          leased.add(key)
          return memory.acquire(nameOf(key), ...rest)
        }),
      release: (key, owner) => Effect.suspend(() => memory.release(nameOf(key), owner))
    },
    lose: (lost) =>
      Effect.sync(() => {
        for (const [key, losses] of names) if (lost === "all" || !leased.has(key)) names.set(key, losses + 1)
      })
  }
})
