/**
 * The contract of `TokenStore` as a test suite, for every store of this project and for custom stores.
 *
 * Requires `@effect/vitest` and is not part of the index: import it from `@effect-oauth/testing/TokenStoreTest`.
 *
 * @since 3.0.0
 */
import { assert, describe, it } from "@effect/vitest"
import { type OAuthError, TokenStore } from "@effect-oauth/client-credentials"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"

type Snapshot = Effect.Effect.Success<ReturnType<TokenStore.TokenStore["load"]>>
type Attempt = Effect.Effect.Success<ReturnType<TokenStore.TokenStore["swap"]>>

/** A condition of the store, with its beginning and its end. */
interface Period<R> {
  readonly begin: Effect.Effect<unknown, unknown, R>
  readonly end: Effect.Effect<unknown, unknown, R>
}

/** Options of the suite for a store. */
interface Options<R = never> {
  /**
   * Advances the time of the leases by a duration, for a store whose leases use the time of a server; the suite then runs
   * with the live clock. Default: `TestClock.adjust`, for a store that reads Effect's `Clock`.
   */
  readonly advance?: ((duration: Duration.Duration) => Effect.Effect<unknown, unknown, R>) | undefined
  /** Opens another connection to the same data, as another process does. Default: the store of the layer. */
  readonly connect?: Effect.Effect<TokenStore.TokenStore, unknown, R | Scope.Scope> | undefined
  /** Makes the store unavailable and available again. Default: outages are not tested. */
  readonly outage?: Period<R> | undefined
  /**
   * Makes operations fail at random, before or after they take effect, or respond too late: a proxy that resets connections,
   * for example. Some must succeed. Default: faults are not tested.
   */
  readonly faults?: Period<R> | undefined
  /** True to skip the suite, for example where a server is not installed. Default: false. */
  readonly skip?: boolean | undefined
}

/** A duration within which no lease expires by itself, however busy the machine is. */
const hour = Duration.hours(1)
const hourMillis = 3_600_000

const entry = (value: string) => Effect.map(Clock.currentTimeMillis, (now) => ({ value, expiresAt: now + hourMillis }))

const swap = (store: TokenStore.TokenStore, key: string, generation: number, value: string, release?: string) =>
  Effect.flatMap(entry(value), (next) => store.swap(key, generation, next, release))

const acquire = (store: TokenStore.TokenStore, key: string, owner: string) => store.acquire(key, owner, hour)

/** Returns the value and the generation of a snapshot; a missing entry counts as generation 0. */
const stored = ({ entry }: Snapshot): readonly [value: string, generation: number] =>
  Option.match(entry, { onNone: () => ["", 0], onSome: ({ generation, value }) => [value, generation] })

const isDone = ({ done }: Attempt): boolean => done

/** Lets the connections of the process make progress, which a loop of promises alone would not do. */
const tick = Effect.async<void>((resume) => {
  setTimeout(() => resume(Effect.void), 10)
})

/** Repeats an operation until its outcome is known. A store may need several attempts to reconnect. */
const persist = <A>(operation: Effect.Effect<A, OAuthError.TokenStoreError>) =>
  Effect.retry(operation, { while: (error) => Effect.as(tick, error._tag === "TokenStoreError") })

interface Stores {
  readonly store: TokenStore.TokenStore
  /** Returns a number of stores on the same data, each as a separate process if the store can be opened again. */
  readonly processes: (count: number) => Effect.Effect<ReadonlyArray<TokenStore.TokenStore>, unknown, Scope.Scope>
  readonly advance: (duration: Duration.Duration) => Effect.Effect<unknown, unknown>
}

type Case = (stores: Stores) => Effect.Effect<void, unknown, Scope.Scope>

const keepsEntries: Case = ({ store }) =>
  Effect.gen(function*() {
    assert.isTrue(Option.isNone((yield* store.load("a")).entry))
    const [one, other] = [yield* entry("one"), yield* entry("v1.id.".padEnd(8000, "A-_"))]
    for (const [key, value] of [["a", one], ["b", other]] as const) {
      const swapped = yield* store.swap(key, 0, value)
      assert.isTrue(swapped.done)
      assert.deepStrictEqual(Option.getOrThrow(swapped.entry), { ...value, generation: 1 })
    }
    assert.deepStrictEqual(Option.getOrThrow((yield* store.load("a")).entry), { ...one, generation: 1 })
    assert.deepStrictEqual(Option.getOrThrow((yield* store.load("b")).entry), { ...other, generation: 1 })
  })

const replacesByGeneration: Case = ({ store }) =>
  Effect.gen(function*() {
    const early = yield* swap(store, "a", 1, "early")
    assert.isFalse(early.done)
    assert.isTrue(Option.isNone(early.entry))
    assert.isTrue((yield* swap(store, "a", 0, "one")).done)
    const two = yield* entry("two")
    assert.isTrue((yield* store.swap("a", 1, two)).done)
    for (const generation of [0, 1, 7]) {
      const lost = yield* swap(store, "a", generation, "lost")
      assert.isFalse(lost.done)
      assert.deepStrictEqual(Option.getOrThrow(lost.entry), { ...two, generation: 2 })
    }
    assert.deepStrictEqual(Option.getOrThrow((yield* store.load("a")).entry), { ...two, generation: 2 })
  })

const countsAfterExpiry: Case = ({ store }) =>
  Effect.gen(function*() {
    const now = yield* Clock.currentTimeMillis
    assert.isTrue((yield* store.swap("a", 0, { value: "one", expiresAt: now })).done)
    assert.isFalse((yield* swap(store, "a", 0, "late")).done)
    assert.isTrue((yield* swap(store, "a", 1, "two")).done)
    assert.deepStrictEqual(stored(yield* store.load("a")), ["two", 2])
  })

// A process without a response retries: it must recognize its own write, and change nothing else.
const mayBeRepeated: Case = ({ store }) =>
  Effect.gen(function*() {
    for (let tries = 0; tries < 3; tries += 1) {
      assert.isTrue((yield* acquire(store, "a", "one")).done)
      assert.deepStrictEqual(stored(yield* swap(store, "b", 0, "one")), ["one", 1])
    }
    assert.isFalse((yield* acquire(store, "a", "two")).done)
    for (let tries = 0; tries < 3; tries += 1) {
      assert.deepStrictEqual(stored(yield* swap(store, "a", 0, "one", "one")), ["one", 1])
      yield* store.release("a", "one")
    }
    assert.isTrue((yield* acquire(store, "a", "two")).done)
  })

const leasesToOneOwner: Case = ({ advance, store }) =>
  Effect.gen(function*() {
    const isOwner = (key: string, owner: string) => Effect.map(acquire(store, key, owner), isDone)
    assert.isTrue(yield* isOwner("a", "one"))
    assert.isFalse(yield* isOwner("a", "two"))
    assert.isTrue(yield* isOwner("b", "two"))
    yield* store.release("a", "two")
    assert.isFalse(yield* isOwner("a", "two"))
    yield* store.release("a", "one")
    assert.isTrue(yield* isOwner("a", "two"))
    yield* advance(hour)
    assert.isTrue(yield* isOwner("a", "three"))
    // The lease of the second owner has expired, so that owner releases nothing.
    yield* store.release("a", "two")
    assert.isFalse(yield* isOwner("a", "two"))
  })

const returnsWhatItHolds: Case = ({ store }) =>
  Effect.gen(function*() {
    assert.isTrue((yield* swap(store, "a", 0, "one")).done)
    const won = yield* acquire(store, "a", "one")
    const lost = yield* acquire(store, "a", "two")
    assert.deepStrictEqual([won.done, lost.done], [true, false])
    assert.deepStrictEqual(stored(won), ["one", 1])
    assert.deepStrictEqual(stored(lost), ["one", 1])
    const swapped = yield* swap(store, "a", 1, "two")
    const behind = yield* swap(store, "a", 1, "late")
    const loaded = yield* store.load("a")
    assert.deepStrictEqual([swapped, behind, loaded].map(stored), [["two", 2], ["two", 2], ["two", 2]])
    for (const { leasedFor } of [won, lost, swapped, behind, loaded]) {
      assert.isAbove(leasedFor, 0)
      assert.isAtMost(leasedFor, hourMillis)
    }
    assert.strictEqual((yield* store.load("b")).leasedFor, 0)
  })

const renewsLeases: Case = ({ advance, store }) =>
  Effect.gen(function*() {
    const half = Duration.minutes(30)
    yield* acquire(store, "a", "one")
    yield* advance(half)
    assert.isAtMost((yield* store.load("a")).leasedFor, hourMillis / 2)
    const renewed = yield* acquire(store, "a", "one")
    assert.isTrue(renewed.done)
    assert.isAbove(renewed.leasedFor, hourMillis / 2)
    yield* advance(half)
    assert.isFalse((yield* acquire(store, "a", "two")).done)
    yield* advance(half)
    assert.strictEqual((yield* store.load("a")).leasedFor, 0)
  })

const releasesWithSwap: Case = ({ store }) =>
  Effect.gen(function*() {
    yield* acquire(store, "a", "one")
    const foreign = yield* swap(store, "a", 0, "one", "two")
    assert.isTrue(foreign.done)
    assert.isAbove(foreign.leasedFor, 0)
    const own = yield* swap(store, "a", 1, "two", "one")
    assert.isTrue(own.done)
    assert.strictEqual(own.leasedFor, 0)
    assert.isTrue((yield* acquire(store, "a", "two")).done)
    // The lease ends also when the entry is not replaced.
    const lost = yield* swap(store, "a", 1, "late", "two")
    assert.isFalse(lost.done)
    assert.strictEqual(lost.leasedFor, 0)
    assert.deepStrictEqual(stored(lost), ["two", 2])
    assert.isTrue((yield* acquire(store, "a", "three")).done)
  })

const leavesEntriesAndLeasesApart: Case = ({ store }) =>
  Effect.gen(function*() {
    const acquired = yield* acquire(store, "a", "one")
    assert.isTrue(Option.isNone(acquired.entry))
    assert.isTrue(Option.isNone((yield* store.load("a")).entry))
    // A process that lost its lease, or never had one, may still swap by the generation.
    assert.isTrue((yield* swap(store, "a", 0, "one")).done)
    assert.isFalse((yield* acquire(store, "a", "two")).done)
    yield* store.release("a", "one")
    assert.deepStrictEqual(stored(yield* store.load("a")), ["one", 1])
  })

const hasOneTime: Case = ({ processes }) =>
  Effect.gen(function*() {
    let latest = 0
    for (const store of [...(yield* processes(3)), ...(yield* processes(2))]) {
      const times = [
        (yield* store.load("a")).now,
        (yield* acquire(store, "a", "one")).now,
        (yield* swap(store, "a", 0, "one")).now
      ]
      for (const now of times) {
        assert.isAtLeast(now, latest)
        latest = now
      }
    }
    // In milliseconds since the epoch, whether a little ahead or behind.
    assert.approximately(latest, yield* Clock.currentTimeMillis, 24 * hourMillis)
  })

const hasOneWinner: Case = ({ advance, processes }) =>
  Effect.gen(function*() {
    const racing = (yield* processes(3)).flatMap((store) => Array.from({ length: 7 }, () => store))
    const race = (run: (store: TokenStore.TokenStore, index: number) => Effect.Effect<Attempt, unknown>) =>
      Effect.forEach(racing, run, { concurrency: "unbounded" })
    for (let generation = 0; generation < 5; generation += 1) {
      const swaps = yield* race((store, index) => swap(store, "a", generation, String(index)))
      assert.lengthOf(swaps.filter(isDone), 1)
      // All return the value of the winner.
      const winner = String(swaps.findIndex(isDone))
      for (const attempt of swaps) assert.deepStrictEqual(stored(attempt), [winner, generation + 1])
      const leases = yield* race((store, index) => acquire(store, "a", `${generation}-${index}`))
      assert.lengthOf(leases.filter(isDone), 1)
      assert.isTrue(leases.every(({ leasedFor }) => leasedFor > 0))
      yield* advance(hour)
    }
  })

/** Appends marks to the entry, each once, and repeats operations with an unknown outcome. */
const append = (store: TokenStore.TokenStore, marks: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    let [value, generation] = stored(yield* persist(store.load("a")))
    for (const mark of marks) {
      while (!value.includes(mark)) {
        ;[value, generation] = stored(yield* persist(swap(store, "a", generation, value + mark)))
      }
    }
  })

const marksOf = (process: number) => Array.from({ length: 10 }, (_, index) => `${process}-${index} `)

const appendAll = (processes: ReadonlyArray<TokenStore.TokenStore>) =>
  Effect.forEach(processes, (store, index) => append(store, marksOf(index)), { concurrency: "unbounded" })

const losesNoChange: Case = ({ processes }) =>
  Effect.gen(function*() {
    const [first = assert.fail(), ...more] = yield* processes(4)
    yield* appendAll([first, ...more])
    const [value, generation] = stored(yield* first.load("a"))
    assert.strictEqual(generation, 40)
    assert.sameMembers(value.trim().split(" "), [0, 1, 2, 3].flatMap(marksOf).map((mark) => mark.trim()))
  })

const cases: ReadonlyArray<readonly [string, Case]> = [
  ["keeps an entry under its key", keepsEntries],
  ["replaces an entry only at its generation, and returns the one that is there", replacesByGeneration],
  ["counts generations past the expiry of an entry", countsAfterExpiry],
  ["recognizes a repeated operation", mayBeRepeated],
  ["leases a key to one owner at a time, until the lease ends", leasesToOneOwner],
  ["returns the entry and the lease with each operation", returnsWhatItHolds],
  ["renews the lease for its owner, and expires it by its own clock", renewsLeases],
  ["ends the lease of its owner with a swap", releasesWithSwap],
  ["keeps the entry and the lease of a key apart", leavesEntriesAndLeasesApart],
  ["has one time for all processes", hasOneTime],
  ["has one winner of many concurrent swaps and leases", hasOneWinner],
  ["loses no change of several processes", losesNoChange]
]

const fails = (store: TokenStore.TokenStore) =>
  Effect.gen(function*() {
    const operations: ReadonlyArray<Effect.Effect<unknown, OAuthError.TokenStoreError>> = [
      store.load("b"),
      swap(store, "b", 0, "one"),
      acquire(store, "b", "one")
    ]
    for (const operation of operations) {
      assert.strictEqual((yield* Effect.flip(operation))._tag, "TokenStoreError")
    }
  })

const recovers = (store: TokenStore.TokenStore) =>
  Effect.gen(function*() {
    assert.deepStrictEqual(stored(yield* persist(swap(store, "b", 0, "one"))), ["one", 1])
    assert.deepStrictEqual(stored(yield* persist(store.load("b"))), ["one", 1])
  })

/**
 * Asserts that a failed operation took effect or did not: repeating it changes each entry once, and finds one owner of
 * each lease.
 */
const outcomesAreExplained = ({ advance, processes }: Stores, { begin, end }: Period<never>) =>
  Effect.gen(function*() {
    const all = yield* processes(4)
    yield* begin
    yield* appendAll(all)
    const leases = yield* Effect.forEach(all, (store, index) => persist(acquire(store, "b", String(index))), {
      concurrency: "unbounded"
    })
    yield* Effect.forEach(all, (store) => persist(store.release("c", "one")), { concurrency: "unbounded" })
    yield* end
    assert.lengthOf(leases.filter(isDone), 1)
    const [store = assert.fail()] = all
    const [value, generation] = stored(yield* persist(store.load("a")))
    assert.strictEqual(generation, 40)
    assert.sameMembers(value.trim().split(" "), [0, 1, 2, 3].flatMap(marksOf).map((mark) => mark.trim()))
    yield* advance(hour)
    assert.isTrue((yield* persist(acquire(store, "b", "another"))).done)
  })

/**
 * Declares the tests of a store, in a `describe` with this name. The layer is built for each test, and must be empty then.
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
 * @since 3.0.0
 * @category tests
 */
export const suite = <R = never>(
  name: string,
  layer: Layer.Layer<TokenStore.TokenStore | R, unknown>,
  { advance, connect, faults, outage, skip = false }: Options<R> = {}
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
            assert.isTrue((yield* swap(store, "a", 0, "one")).done)
            yield* Effect.provide(outage.begin, services)
            yield* fails(store)
            yield* Effect.provide(outage.end, services)
            yield* recovers(store)
          })
        ))
    }

    if (faults !== undefined) {
      test("fails with a TokenStoreError, and a failed operation took effect or did not", () =>
        withStores((stores, services) =>
          outcomesAreExplained(stores, {
            begin: Effect.provide(faults.begin, services),
            end: Effect.provide(faults.end, services)
          })
        ))
    }
  })
}
