/**
 * The contract of `TokenStore` as a test suite, which every store of this project runs, and a store of your own can run.
 *
 * It needs `@effect/vitest` and is not part of the index: import it from `@effect-oauth/testing/TokenStoreTest`.
 *
 * @since 0.1.0
 */
import { assert, describe, it } from "@effect/vitest"
import { type OAuthError, TokenStore } from "@effect-oauth/client-credentials"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"

/** What the suite must know of a store. */
interface Options<R = never> {
  /**
   * Lets the leases of the store age by a duration, for a store whose leases go by the time of a server; then the suite runs
   * with the live clock. Default: `TestClock.adjust`, for a store that reads Effect's `Clock`.
   */
  readonly advance?: ((duration: Duration.Duration) => Effect.Effect<unknown, unknown, R>) | undefined
  /** Connects to the same data once more, as another process does. Default: the store of the layer. */
  readonly connect?: Effect.Effect<TokenStore.TokenStore, unknown, R | Scope.Scope> | undefined
  /** Makes the store unavailable and available again. Default: that is not tested. */
  readonly outage?: {
    readonly begin: Effect.Effect<unknown, unknown, R>
    readonly end: Effect.Effect<unknown, unknown, R>
  } | undefined
  /** Whether the suite is skipped, where a server is not installed for example. Default: false. */
  readonly skip?: boolean | undefined
}

const minute = Duration.minutes(1)

const entry = (value: string) => Effect.map(Clock.currentTimeMillis, (now) => ({ value, expiresAt: now + 3_600_000 }))

const swap = (store: TokenStore.TokenStore, key: string, generation: number, value: string) =>
  Effect.flatMap(entry(value), (next) => store.swap(key, generation, next))

const found = (store: TokenStore.TokenStore, key: string) =>
  Effect.map(store.load(key), (one) => Option.getOrElse(one, () => ({ value: "", generation: 0, expiresAt: 0 })))

interface Stores {
  readonly store: TokenStore.TokenStore
  /** As many stores on the same data, each of its own process where the store can be opened again. */
  readonly processes: (count: number) => Effect.Effect<ReadonlyArray<TokenStore.TokenStore>, unknown, Scope.Scope>
  readonly advance: (duration: Duration.Duration) => Effect.Effect<unknown, unknown>
}

type Case = (stores: Stores) => Effect.Effect<void, unknown, Scope.Scope>

const keepsEntries: Case = ({ store }) =>
  Effect.gen(function*() {
    assert.isTrue(Option.isNone(yield* store.load("a")))
    const [one, other] = [yield* entry("one"), yield* entry("v1.id.".padEnd(8000, "A-_"))]
    assert.isTrue(yield* store.swap("a", 0, one))
    assert.isTrue(yield* store.swap("b", 0, other))
    assert.deepStrictEqual(Option.getOrThrow(yield* store.load("a")), { ...one, generation: 1 })
    assert.deepStrictEqual(Option.getOrThrow(yield* store.load("b")), { ...other, generation: 1 })
  })

const replacesByGeneration: Case = ({ store }) =>
  Effect.gen(function*() {
    assert.isFalse(yield* swap(store, "a", 1, "early"))
    assert.isTrue(yield* swap(store, "a", 0, "one"))
    assert.isFalse(yield* swap(store, "a", 0, "late"))
    const two = yield* entry("two")
    assert.isTrue(yield* store.swap("a", 1, two))
    assert.isFalse(yield* swap(store, "a", 1, "late"))
    assert.isFalse(yield* swap(store, "a", 7, "early"))
    assert.deepStrictEqual(Option.getOrThrow(yield* store.load("a")), { ...two, generation: 2 })
  })

const countsAfterExpiry: Case = ({ store }) =>
  Effect.gen(function*() {
    const now = yield* Clock.currentTimeMillis
    assert.isTrue(yield* store.swap("a", 0, { value: "one", expiresAt: now }))
    assert.isFalse(yield* swap(store, "a", 0, "late"))
    assert.isTrue(yield* swap(store, "a", 1, "two"))
    assert.strictEqual((yield* found(store, "a")).generation, 2)
  })

const leasesToOneOwner: Case = ({ advance, store }) =>
  Effect.gen(function*() {
    assert.isTrue(yield* store.acquire("a", "one", minute))
    assert.isTrue(yield* store.acquire("a", "one", minute))
    assert.isFalse(yield* store.acquire("a", "two", minute))
    assert.isTrue(yield* store.acquire("b", "two", minute))
    yield* store.release("a", "two")
    assert.isFalse(yield* store.acquire("a", "two", minute))
    yield* store.release("a", "one")
    assert.isTrue(yield* store.acquire("a", "two", minute))
    yield* advance(minute)
    assert.isTrue(yield* store.acquire("a", "three", minute))
    // The lease of the second owner has ended, so that owner gives back nothing.
    yield* store.release("a", "two")
    assert.isFalse(yield* store.acquire("a", "two", minute))
  })

const leavesEntriesAndLeasesApart: Case = ({ store }) =>
  Effect.gen(function*() {
    assert.isTrue(yield* store.acquire("a", "one", minute))
    assert.isTrue(Option.isNone(yield* store.load("a")))
    assert.isTrue(yield* swap(store, "a", 0, "one"))
    assert.isFalse(yield* store.acquire("a", "two", minute))
    yield* store.release("a", "one")
    assert.strictEqual((yield* found(store, "a")).value, "one")
  })

const hasOneWinner: Case = ({ advance, processes }) =>
  Effect.gen(function*() {
    const racing = (yield* processes(3)).flatMap((store) => Array.from({ length: 7 }, () => store))
    const race = (run: (store: TokenStore.TokenStore, index: number) => Effect.Effect<boolean, unknown>) =>
      Effect.map(
        Effect.forEach(racing, run, { concurrency: "unbounded" }),
        (outcomes) => outcomes.filter(Boolean).length
      )
    for (let generation = 0; generation < 5; generation += 1) {
      assert.strictEqual(yield* race((store, index) => swap(store, "a", generation, String(index))), 1)
      assert.strictEqual(yield* race((store, index) => store.acquire("a", `${generation}-${index}`, minute)), 1)
      yield* advance(minute)
    }
  })

const losesNoChange: Case = ({ processes }) =>
  Effect.gen(function*() {
    const count = (store: TokenStore.TokenStore) =>
      Effect.gen(function*() {
        for (let changes = 0; changes < 10;) {
          const { generation, value } = yield* found(store, "a")
          if (yield* swap(store, "a", generation, String(Number(value) + 1))) changes += 1
        }
      })
    const [first = assert.fail(), ...more] = yield* processes(4)
    yield* Effect.forEach([first, ...more], count, { concurrency: "unbounded" })
    const { generation, value } = yield* found(first, "a")
    assert.deepStrictEqual([generation, value], [40, "40"])
  })

const reportsChanges: Case = ({ processes }) =>
  Effect.gen(function*() {
    const [one = assert.fail(), other = one] = yield* processes(2)
    if (one.changes === undefined) return
    const changed = yield* Effect.fork(Stream.runDrain(Stream.take(one.changes("a"), 1)))
    // What happens before the store listens may be missed.
    for (let generation = 0; changed.unsafePoll() === null; generation += 1) {
      assert.isTrue(yield* swap(other, "a", generation, "changed"))
      yield* other.release("a", "one")
    }
    yield* Fiber.join(changed)
  })

const cases: ReadonlyArray<readonly [string, Case]> = [
  ["keeps an entry under its key", keepsEntries],
  ["replaces an entry only at its generation", replacesByGeneration],
  ["counts generations past the expiry of an entry", countsAfterExpiry],
  ["leases a key to one owner at a time, until the lease ends", leasesToOneOwner],
  ["keeps the entry and the lease of a key apart", leavesEntriesAndLeasesApart],
  ["has one winner of many swaps and leases at the same moment", hasOneWinner],
  ["loses no change of several processes", losesNoChange],
  ["reports changes, where it can", reportsChanges]
]

const fails = (store: TokenStore.TokenStore) =>
  Effect.gen(function*() {
    const operations: ReadonlyArray<Effect.Effect<unknown, OAuthError.TokenStoreError>> = [
      store.load("b"),
      swap(store, "b", 0, "one"),
      store.acquire("b", "one", minute)
    ]
    for (const operation of operations) {
      assert.strictEqual((yield* Effect.flip(operation))._tag, "TokenStoreError")
    }
  })

/** Lets the connections of the process make progress, which a loop of promises alone would not. */
const tick = Effect.async<void>((resume) => {
  setTimeout(() => resume(Effect.void), 10)
})

/** A store may need several attempts to connect again. */
const recovers = (store: TokenStore.TokenStore) =>
  Effect.gen(function*() {
    assert.isTrue(yield* swap(store, "b", 0, "one"))
    assert.strictEqual((yield* found(store, "b")).value, "one")
  }).pipe(Effect.retry({ while: (error) => Effect.as(tick, error._tag === "TokenStoreError") }))

/**
 * Declares the tests of a store, in a `describe` of this name. The layer is built for each test, and must then be empty.
 *
 * @example
 * import { type OAuthError, TokenStore } from "@effect-oauth/client-credentials"
 * import * as TokenStoreTest from "@effect-oauth/testing/TokenStoreTest"
 * import { Layer } from "effect"
 *
 * declare const layerMine: Layer.Layer<TokenStore.TokenStore>
 *
 * TokenStoreTest.suite("a store of mine", layerMine)
 *
 * @since 0.1.0
 * @category tests
 */
export const suite = <R = never>(
  name: string,
  layer: Layer.Layer<TokenStore.TokenStore | R, unknown>,
  { advance, connect, outage, skip = false }: Options<R> = {}
): void => {
  // A store with its own timeout returns within it.
  const test = advance === undefined ? it.scoped : it.scopedLive
  const withStores = (run: (stores: Stores, services: Layer.Layer<R>) => Effect.Effect<void, unknown, Scope.Scope>) =>
    Effect.gen(function*() {
      const context = yield* Layer.build(Layer.fresh(layer))
      const services = Layer.succeedContext(context)
      const store = yield* Effect.provide(TokenStore.TokenStore, context)
      yield* run({
        store,
        processes: (count) =>
          connect === undefined
            ? Effect.succeed(Array.from({ length: count }, () => store))
            : Effect.replicateEffect(Effect.provide(connect, context), count),
        advance: (duration) =>
          advance === undefined ? TestClock.adjust(duration) : Effect.provide(advance(duration), context)
      }, services)
    })

  describe.skipIf(skip)(name, () => {
    for (const [promise, run] of cases) test(promise, () => withStores(run))

    if (outage !== undefined) {
      test("fails with a TokenStoreError while it is unavailable, and recovers", () =>
        withStores(({ store }, services) =>
          Effect.gen(function*() {
            assert.isTrue(yield* swap(store, "a", 0, "one"))
            yield* Effect.provide(outage.begin, services)
            yield* fails(store)
            yield* Effect.provide(outage.end, services)
            yield* recovers(store)
          })
        ))
    }
  })
}
