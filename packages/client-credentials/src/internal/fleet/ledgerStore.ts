/**
 * Ledger of a budget in the store. A decision is based on the cached copy of the ledger, and is valid if no process has
 * changed the ledger meanwhile. It costs one operation of the store, as do all decisions that wait at the same time.
 * While the store is unavailable, a process decides by its copy if `withoutStore` allows it, and writes its changes when the
 * store is available again.
 */
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import * as Random from "effect/Random"

import { ClientClosed, TokenStoreError } from "../../OAuthError.js"
import type { Entry, Snapshot, TokenStore } from "../../TokenStore/contract.js"
import type { Lifetime } from "../process/lifetime.js"
import * as timeText from "../protocol/timeText.js"
import * as metrics from "../seam/metrics.js"
import { now as moment } from "../seam/moments.js"
import { maxSkew } from "../token/instant.js"
import * as ledgers from "../token/ledger.js"
import * as lostCounts from "../token/lostCounts.js"
import * as own from "../token/ownChanges.js"
import * as storeTime from "../token/storeTime.js"
import * as batches from "./batches.js"
import { retried } from "./retried.js"
import type { Seal } from "./seal.js"
import * as storedLedger from "./storedLedger.js"

/** Maximum number of attempts to write. Each failed attempt means that another process succeeded. */
const maxAttempts = 100

/** Decides by a ledger and the time in milliseconds since the epoch. Returns the changes, and the answer for the caller. */
export type Decision<A> = (ledger: ledgers.Ledger, now: number) => {
  readonly changes: ReadonlyArray<ledgers.Change>
  readonly answer: A
}

/**
 * Handling of a decision while the store is unavailable. `fails`: it fails. `isMade`: it is made, and its changes are written
 * later. A recipient: it is made if this process may request tokens without the store.
 */
export type Alone = "fails" | "isMade" | ledgers.Recipient

export type Decide = <A>(decision: Decision<A>, alone: Alone) => Effect.Effect<A, ClientClosed | TokenStoreError>

/** A pending decision. */
interface Waiting {
  readonly alone: Alone
  readonly decide: (ledger: ledgers.Ledger, now: number) => {
    readonly changes: ReadonlyArray<ledgers.Change>
    readonly complete: Effect.Effect<unknown>
  }
  readonly fail: (error: ClientClosed | TokenStoreError) => Effect.Effect<unknown>
  isInterrupted: boolean
}

/** Cached copy of a ledger in the store, at a generation of its entry; 0 for no entry. */
interface Known extends Omit<storedLedger.Stored, "writer"> {
  readonly generation: number
  /** Sealed value; undefined for no entry. */
  readonly value: string | undefined
  /** Time of the copy by the clock of the store. */
  readonly at: number
  /** True if the copy has changes that are not in the store. */
  readonly isOwed: boolean
}

/** State of a budget in one process. One fiber at a time changes it. */
interface Copy {
  readonly key: string
  readonly seal: Seal
  readonly store: TokenStore
  readonly budget: ledgers.Budget
  /** Number of tokens that this process may request while the store is unavailable. */
  readonly withoutStore: own.Allowance
  /** Total time limit for failed operations of one decision, in milliseconds. */
  readonly storeTimeout: number
  readonly writer: string
  writes: number
  known: Known | undefined
  /** Changes of this process while the store was unavailable. */
  owed: ReadonlyArray<ledgers.Change>
  /** Requests of this process that the store must have. */
  readonly own: { ledger: ledgers.Ledger }
  /** Those at the start of the present decision, so that an older response of the store is not mistaken for a loss. */
  expected: ledgers.Ledger
  /** Last response with the time of the store. */
  answered: storeTime.Answer | undefined
  /** Last response time of the store in milliseconds. */
  answeredIn: number
}

/** Counts that the store lacks counted requests. */
const countLoss = metrics.count(metrics.lostCounts)

/** Counts and logs that the count of the store cannot be opened. */
const warnOfUnreadable = (expiresAt: number) =>
  Effect.logWarning(
    "The token count in the store could not be opened. Counting again from the copy of this process. Tokens that other " +
      `processes requested may be missing from it until ${
        timeText.show(expiresAt)
      }, so the issuer's limit may be exceeded. ` +
      "Configure the same keys (TOKEN_STORE_KEY), the new one first, in all processes that share the store."
  ).pipe(Effect.zipRight(countLoss))

/** Counts and logs a loss of counted requests; `kept` states where they were found, `until` the end of the last window. */
const lost = (kept: string, until: number) =>
  Effect.logWarning(
    `The store lost the token count of an issuance budget. Writing the ${kept}. Tokens that other processes requested may be ` +
      `missing from it until ${
        timeText.show(until)
      }, so the issuer's limit may be exceeded. Configure the store to keep its ` +
      "entries until they expire (Redis: maxmemory-policy noeviction), also in a failover (Redis: min-replicas-to-write 1)."
  ).pipe(Effect.zipRight(countLoss))

const copyOfProcess = "copy of this process"

/** Returns the present time of the store. */
const present = (copy: Copy): Effect.Effect<storeTime.Estimate> =>
  Effect.map(moment, (now) => storeTime.estimate(copy.answered, now))

/** Runs an operation, and records the time and the response time of the store. */
const timed = <A extends Snapshot>(copy: Copy, operation: Effect.Effect<A, TokenStoreError>) =>
  Effect.gen(function*() {
    const from = yield* moment
    const result = yield* operation
    const to = yield* moment
    copy.answeredIn = Math.max(0, to.steady - from.steady)
    copy.answered = { now: result.now, at: to }
    return result
  })

const hasContent = ({ quotas, spent }: ledgers.Ledger): boolean => spent.length + quotas.length > 0

/**
 * Reads an entry if it differs from the copy. After a loss, the copy is merged into it: the store has no entry, an older one, or
 * one that lacks requests of this process.
 */
const read = ({ budget, expected, key, known, seal, writer }: Copy, entry: Option.Option<Entry>, at: number) =>
  Effect.gen(function*() {
    const before = known === undefined ? undefined : { ...known, ledger: ledgers.current(budget, known.ledger, at) }
    const mine = lostCounts.expected(budget, expected, [], at)
    const { expiresAt, generation, value } = Option.getOrElse(
      entry,
      () => ({ expiresAt: at, generation: 0, value: undefined })
    )
    if (generation === before?.generation && value === before.value) return { ...before, at }
    const ledger = lostCounts.merged(mine, before?.ledger ?? ledgers.empty)
    const knew = hasContent(ledger)
    const kept: Known = { id: before?.id ?? crypto.randomUUID(), ledger, generation, value, at, isOwed: knew }
    if (value === undefined) {
      if (knew) yield* lost(copyOfProcess, ledgers.expiresAt(budget, ledger, at))
      return kept
    }
    const stored = Option.flatMapNullable(yield* seal.open(key, value), storedLedger.decode)
    if (Option.isNone(stored)) {
      yield* warnOfUnreadable(expiresAt)
      return kept
    }
    const { id, ledger: found } = stored.value
    // An earlier attempt of this process that seemed to fail. Its decisions were made again, and replace it.
    if (stored.value.writer === writer) return { ...kept, id, isOwed: true }
    const isNext = id === before?.id && generation > before.generation
    if (!knew || (isNext && lostCounts.missing(mine, found).length === 0)) {
      return { ...kept, id, ledger: found, isOwed: false }
    }
    yield* lost(copyOfProcess, ledgers.expiresAt(budget, ledger, at))
    return { ...kept, id, ledger: lostCounts.merged(ledger, found) }
  })

/** Decisions, and the ledger after them. */
interface Decided {
  readonly after: ledgers.Ledger
  readonly changes: ReadonlyArray<ledgers.Change>
  readonly complete: Effect.Effect<void>
}

/** Writes the ledger at the generation of the copy. Without `won`, the decisions must be made again. */
const write = (
  copy: Copy,
  store: TokenStore,
  base: Known,
  { after, changes }: Pick<Decided, "after" | "changes">,
  now: number
) =>
  Effect.gen(function*() {
    const ledger = ledgers.stated(copy.budget, after, now)
    copy.writes += 1
    const text = storedLedger.encode({ id: base.id, writer: copy.writer, ledger }, copy.writes)
    const value = yield* copy.seal.seal(copy.key, text)
    const expiresAt = ledgers.expiresAt(copy.budget, ledger, now)
    const attempt = yield* timed(copy, store.swap(copy.key, base.generation, { value, expiresAt }))
    if (!attempt.done) {
      copy.known = yield* read(copy, attempt.entry, attempt.now)
      return "lost" as const
    }
    const written = { ...base, value, generation: base.generation + 1, at: attempt.now }
    if (Math.abs(attempt.now - now) > maxSkew) {
      // Decisions that were based on a wrong time are made again by the previous ledger, and replaced.
      copy.known = { ...written, isOwed: true }
      return "wrongTime" as const
    }
    if (changes.some(({ _tag }) => _tag === "Restored")) {
      yield* lost("times that are stored beside the token", ledgers.expiresAt(copy.budget, ledger, now))
    }
    copy.known = { ...written, ledger, isOwed: false }
    copy.own.ledger = lostCounts.expected(copy.budget, copy.own.ledger, [...copy.owed, ...changes], attempt.now)
    copy.owed = []
    return "won" as const
  })

/** Makes the decisions in turn, each by the ledger after the previous decision. */
const decideAll = (waiting: ReadonlyArray<Waiting>, ledger: ledgers.Ledger, now: number): Decided => {
  let after = ledger
  const decided = waiting.filter(({ isInterrupted }) => !isInterrupted).map((one) => {
    const { changes, complete } = one.decide(after, now)
    after = own.appliedTo(after, changes)
    return { changes, complete }
  })
  return {
    after,
    changes: decided.flatMap(({ changes }) => changes),
    complete: Effect.forEach(decided, ({ complete }) => complete, { discard: true })
  }
}

/** Returns the copy of the ledger with the changes that the store does not have yet. */
const ledgerOf = ({ budget, owed }: Copy, known: Known | undefined, now: number): ledgers.Ledger =>
  own.appliedTo(ledgers.current(budget, known?.ledger ?? ledgers.empty, now), owed)

/** Makes a decision by the copy. Its changes are written when the store is available again. */
const decideAlone = (copy: Copy, { decide }: Waiting, now: number): Effect.Effect<unknown> =>
  Effect.suspend(() => {
    const { changes, complete } = decide(ledgerOf(copy, copy.known, now), now)
    // The store may have what the copy of this process lacks.
    copy.owed = own.added(copy.owed, changes.filter(({ _tag }) => _tag !== "Restored"))
    return complete
  })

/** Returns whether a decision is made without the store. */
const isMadeAlone = (copy: Copy, { alone, decide }: Waiting, now: number): boolean => {
  if (alone === "fails" || alone === "isMade") return alone === "isMade"
  const { budget, known, owed, withoutStore } = copy
  const { changes } = decide(ledgerOf(copy, known, now), now)
  if (!changes.some(({ _tag }) => _tag === "Spent")) return known !== undefined
  const read = ledgers.current(budget, known?.ledger ?? ledgers.empty, now)
  return own.isAllowedAlone(withoutStore, read, owed, changes, (ledger) => ledgers.left(budget, ledger, now, alone))
}

/** Makes decisions by the content of the store. */
const decideInStore = (copy: Copy, waiting: ReadonlyArray<Waiting>): Effect.Effect<void, TokenStoreError> =>
  Effect.gen(function*() {
    const store = retried(copy.store, copy.storeTimeout)
    copy.expected = copy.own.ledger
    let isCurrent = false
    let losses = 0
    for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
      const { isCertain, now } = yield* present(copy)
      const base = copy.known ?? (yield* read(copy, Option.none(), now))
      const before = ledgerOf(copy, base, now)
      const decided = decideAll(waiting, before, now)
      const isDecided = decided.changes.length > 0 || copy.owed.length > 0 || base.isOwed
      const isChanged = isDecided || !ledgers.isStated(copy.budget, before, now)
      // A ledger of a wrong time would lack requests that count, so the store is read first; also for decisions that change
      // nothing, which must find what the store has lost.
      if (isChanged && (isCurrent || (isCertain && isDecided))) {
        const outcome = yield* write(copy, store, base, decided, now)
        if (outcome === "won") return yield* decided.complete
        losses += outcome === "lost" ? 1 : 0
        const pause = outcome === "lost" ? own.pauseAfter(losses, copy.answeredIn, yield* Random.next) : 0
        if (pause > 0) yield* Effect.sleep(Duration.millis(pause))
      } else {
        if (isCurrent) return yield* decided.complete
        const snapshot = yield* timed(copy, store.load(copy.key))
        copy.known = yield* read(copy, snapshot.entry, snapshot.now)
      }
      isCurrent = true
    }
    const error = new TokenStoreError({ operation: "swap", problem: "too many concurrent writes" })
    const { now } = yield* present(copy)
    for (const one of waiting) yield* one.alone === "isMade" ? decideAlone(copy, one, now) : one.fail(error)
  })

/** States what a process may request without the store. */
const allowanceText = ({ fraction, tokens }: own.Allowance): string =>
  `at most ${tokens}${fraction < 1 ? ` and ${Number((fraction * 100).toPrecision(3))} % of those that are left` : ""}`

/** Makes decisions while the store is unavailable, or fails them. */
const decideWithoutStore = (copy: Copy, waiting: ReadonlyArray<Waiting>, error: TokenStoreError) =>
  Effect.gen(function*() {
    if (waiting.some(({ alone }) => alone !== "fails")) {
      yield* Effect.logWarning(
        copy.withoutStore.tokens === 0
          ? `${error.message} No token is requested until the store is available again (issuanceBudget.withoutStore is 0).`
          : `${error.message} Counting the tokens of this process alone, ${allowanceText(copy.withoutStore)} ` +
            "(issuanceBudget.withoutStore), until the store is available again. The next token request uses it again."
      )
    }
    const { now } = yield* present(copy)
    for (const one of waiting) {
      if (!one.isInterrupted) yield* isMadeAlone(copy, one, now) ? decideAlone(copy, one, now) : one.fail(error)
    }
  })

type Place = Pick<Copy, "key" | "seal" | "store" | "storeTimeout" | "withoutStore"> & { readonly lifetime: Lifetime }

const copyOf = ({ lifetime: _, ...place }: Place, budget: ledgers.Budget): Copy => ({
  ...place,
  budget,
  writer: crypto.randomUUID(),
  writes: 0,
  known: undefined,
  owed: [],
  own: { ledger: ledgers.empty },
  expected: ledgers.empty,
  answered: undefined,
  answeredIn: 0
})

/** Makes pending decisions together. */
const together = (copy: Copy, lifetime: Lifetime): Decide => {
  const handIn = batches.make<Waiting>(lifetime, {
    process: (waiting) =>
      Effect.catchAll(decideInStore(copy, waiting), (error) => decideWithoutStore(copy, waiting, error)),
    close: ({ fail }) => fail(new ClientClosed())
  })
  return <A>(decision: Decision<A>, alone: Alone) =>
    Effect.suspend(() => {
      const result = Deferred.unsafeMake<A, ClientClosed | TokenStoreError>(FiberId.none)
      const waiting: Waiting = {
        alone,
        decide: (ledger, now) => {
          const { answer, changes } = decision(ledger, now)
          return { changes, complete: Deferred.succeed(result, answer) }
        },
        fail: (error) => Deferred.fail(result, error),
        isInterrupted: false
      }
      return Effect.zipRight(handIn(waiting), Deferred.await(result)).pipe(
        Effect.onInterrupt(() =>
          Effect.sync(() => {
            waiting.isInterrupted = true
          })
        )
      )
    })
}

/** Makes decisions on a ledger. On platforms where requests must not wait for each other, each decides separately by the copy. */
export const make = (
  place: Place & { readonly isRequestBound: boolean },
  budget: ledgers.Budget
): Decide => {
  const copy = copyOf(place, budget)
  if (!place.isRequestBound) return together(copy, place.lifetime)
  return (decision, alone) =>
    Effect.suspend(() => {
      const mine: Copy = { ...copy, writer: crypto.randomUUID(), writes: 0 }
      const { known, owed } = mine
      return Effect.tap(together(mine, place.lifetime)(decision, alone), () =>
        Effect.sync(() => {
          copy.known = mine.known ?? known
          copy.answered = mine.answered
          copy.owed = [...copy.owed.slice(owed.length), ...mine.owed]
        }))
    })
}
