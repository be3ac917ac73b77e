/**
 * A remote token store, which fails on demand: the store in memory, with a round trip, faults and a count.
 */
import { OAuthError, type TokenSeal, TokenStore } from "@effect-oauth/client-credentials"
import * as Clock from "effect/Clock"
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

/** Entries that a store loses: the counts of budgets, those and the tokens, or the last writes before a failover. */
export type Lost = "budgets" | "all" | "lastWrites"

/** Time in milliseconds before a failover whose writes are lost. */
export const replicaLag = 10_000

interface Write {
  readonly at: number
  readonly entry: { readonly value: string; readonly expiresAt: number }
  readonly generation: number
}

/** Returns the last write that a replica has, and those that it lacks. */
const onReplica = (writes: ReadonlyArray<Write>, now: number): ReadonlyArray<Write> => [
  ...writes.filter(({ at }) => at <= now - replicaLag).slice(-1),
  ...writes.filter(({ at }) => at > now - replicaLag)
]

/** Creates a store in memory that loses entries on demand. */
export const inMemory: Effect.Effect<{
  readonly store: TokenStore.TokenStore
  readonly lose: (lost: Lost) => Effect.Effect<void>
}> = Effect.map(Effect.provide(TokenStore.TokenStore, TokenStore.layerMemory), (memory) => {
  // An entry is lost when its key gets another name.
  const names = new Map<string, number>()
  const leased = new Set<string>()
  const written = new Map<string, ReadonlyArray<Write>>()
  const nameOf = (key: string) => {
    const losses = names.get(key) ?? 0
    names.set(key, losses)
    return `${losses} ${key}`
  }
  return {
    store: {
      load: (key) => Effect.suspend(() => memory.load(nameOf(key))),
      swap: (key, generation, entry, release) =>
        Effect.suspend(() => memory.swap(nameOf(key), generation, entry, release)).pipe(
          Effect.tap(({ done, now }) =>
            Effect.sync(() => {
              if (!done) return
              const write = { at: now, entry, generation: generation + 1 }
              written.set(key, onReplica([...written.get(key) ?? [], write], now))
            })
          )
        ),
      acquire: (key, ...rest) =>
        Effect.suspend(() => {
          // Only tokens have leases.
          leased.add(key)
          return memory.acquire(nameOf(key), ...rest)
        }),
      release: (key, owner) => Effect.suspend(() => memory.release(nameOf(key), owner))
    },
    lose: (lost) =>
      Effect.gen(function*() {
        const now = yield* Clock.currentTimeMillis
        for (const [key, losses] of [...names]) {
          if (lost === "budgets" && leased.has(key)) continue
          const [kept] = lost === "lastWrites"
            ? (written.get(key) ?? []).filter(({ at }) => at <= now - replicaLag).slice(-1)
            : []
          names.set(key, losses + 1)
          written.set(key, kept === undefined ? [] : [kept])
          // The replica has the generation of the entry.
          for (let generation = 0; generation < (kept?.generation ?? 0); generation += 1) {
            if (kept !== undefined) yield* Effect.orDie(memory.swap(nameOf(key), generation, kept.entry))
          }
        }
      })
  }
})
