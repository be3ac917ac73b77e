/**
 * The ledger of a budget in the store. A decision is made by the ledger that this process knows, and is valid if nobody has
 * changed the ledger meanwhile: so it costs one operation, and the decisions that wait at the same time cost one together.
 * While the store is unavailable, a process decides by what it knows, if it may at all, and what it changed is written when
 * the store is available again.
 */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import * as Random from "effect/Random"

import { ClientClosed, TokenStoreError } from "../../OAuthError.js"
import type { Entry, Snapshot, TokenStore } from "../../TokenStore/contract.js"
import type { Lifetime } from "../seam/lifetime.js"
import { now as moment } from "../seam/moments.js"
import { maxSkew } from "../token/instant.js"
import * as ledgers from "../token/ledger.js"
import * as own from "../token/ownChanges.js"
import * as batches from "./batches.js"
import { retried } from "./retried.js"
import type { Seal } from "./seal.js"
import * as storedLedger from "./storedLedger.js"

/** Other processes may write at the same moment; each attempt that fails means that one of them succeeded. */
const maxAttempts = 100

/** How long failed operations of one decision may take together, in milliseconds. */
const storeTimeout = 2000

/** What is decided by a ledger at a time, in milliseconds since the epoch: the changes, and what the caller learns. */
export type Decision<A> = (ledger: ledgers.Ledger, now: number) => {
  readonly changes: ReadonlyArray<ledgers.Change>
  readonly answer: A
}

/**
 * What happens to a decision while the store is unavailable: it fails; it is made, and its changes are written later; or it is
 * made, if this process may request tokens without the store.
 */
export type Alone = "fails" | "isMade" | ledgers.Recipient

export type Decide = <A>(decision: Decision<A>, alone: Alone) => Effect.Effect<A, ClientClosed | TokenStoreError>

/** A decision that waits. */
interface Waiting {
  readonly alone: Alone
  readonly decide: (ledger: ledgers.Ledger, now: number) => {
    readonly changes: ReadonlyArray<ledgers.Change>
    readonly complete: Effect.Effect<unknown>
  }
  readonly fail: (error: ClientClosed | TokenStoreError) => Effect.Effect<unknown>
  isInterrupted: boolean
}

/** A ledger of the store as this process knows it, at a generation of its entry; 0 for no entry. */
interface Known extends Omit<storedLedger.Stored, "writer"> {
  readonly generation: number
  /** The sealed text; undefined for no entry. */
  readonly value: string | undefined
  /** When the store had it, by the clock of the store. */
  readonly at: number
  /** Whether the store lacks something of it. */
  readonly isOwed: boolean
}

/** A budget in the store as one process knows it. One fiber at a time changes it. */
interface Copy {
  readonly key: string
  readonly seal: Seal
  readonly store: TokenStore
  readonly budget: ledgers.Budget
  /** How many tokens this process may request while the store is unavailable. */
  readonly withoutStore: number
  readonly writer: string
  writes: number
  known: Known | undefined
  /** What this process changed while the store was unavailable. */
  owed: ReadonlyArray<ledgers.Change>
  /** By how much the clock of the store is ahead of this process's, in milliseconds. */
  ahead: number
  /** How long the store took to answer, in milliseconds. */
  answeredIn: number
}

const unreadable = Effect.logWarning(
  "The token count in the store could not be opened. Counting again from what this process knows. Give all processes " +
    "that share the store the same keys (TOKEN_STORE_KEY), the new one first."
)

const lost = Effect.logWarning(
  "The store lost the token count of an issuance budget. Writing what this process knows of it; tokens that other " +
    "processes requested may be missing, and the issuer's limit may be exceeded by them. Let the store keep its entries " +
    "until they expire (Redis: maxmemory-policy noeviction)."
)

/** The time of the store. */
const present = (copy: Copy): Effect.Effect<number> =>
  Effect.map(Clock.currentTimeMillis, (now) => Math.floor(now + copy.ahead))

/** Runs an operation, and takes over the time of the store. */
const timed = <A extends Snapshot>(copy: Copy, operation: Effect.Effect<A, TokenStoreError>) =>
  Effect.gen(function*() {
    const from = yield* moment
    const result = yield* operation
    const to = yield* moment
    copy.answeredIn = Math.max(0, to.steady - from.steady)
    copy.ahead = result.now - to.wall
    return result
  })

const hasContent = ({ quotas, spent }: ledgers.Ledger): boolean => spent.length + quotas.length > 0

/** Reads an entry, if it is not the one that is known; after a loss, what was known counts as well. */
const read = ({ budget, key, known, seal, writer }: Copy, entry: Option.Option<Entry>, at: number) =>
  Effect.gen(function*() {
    const before = known === undefined ? undefined : { ...known, ledger: ledgers.current(budget, known.ledger, at) }
    const knew = before !== undefined && hasContent(before.ledger)
    const { generation, value } = Option.getOrElse(entry, () => ({ generation: 0, value: undefined }))
    if (generation === before?.generation && value === before.value) return { ...before, at }
    const kept: Known = {
      id: before?.id ?? crypto.randomUUID(),
      ledger: before?.ledger ?? ledgers.empty,
      generation,
      value,
      at,
      isOwed: knew
    }
    if (value === undefined) {
      if (knew) yield* lost
      return kept
    }
    const stored = Option.flatMapNullable(yield* seal.open(key, value), storedLedger.decode)
    if (Option.isNone(stored)) {
      yield* unreadable
      return kept
    }
    const { id, ledger } = stored.value
    // Its own attempt that seemed to fail: what it decided then was decided again, and is written in place of it.
    if (stored.value.writer === writer) return { ...kept, id, isOwed: true }
    const isNext = id === before?.id && generation > before.generation
    if (!knew || isNext) return { ...kept, id, ledger, isOwed: false }
    yield* lost
    return { ...kept, id, ledger: ledgers.merged(before.ledger, ledger) }
  })

/** Writes the ledger at the generation that is known. Without `won`, the decisions have to be made again. */
const write = (copy: Copy, store: TokenStore, base: Known, ledger: ledgers.Ledger, now: number) =>
  Effect.gen(function*() {
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
      // What was decided by a wrong time is decided again, by the ledger before it, and replaced.
      copy.known = { ...written, isOwed: true }
      return "wrongTime" as const
    }
    copy.known = { ...written, ledger, isOwed: false }
    copy.owed = []
    return "won" as const
  })

/** Decides on each in turn, each by the ledger that the one before left. */
const decideAll = (waiting: ReadonlyArray<Waiting>, ledger: ledgers.Ledger, now: number) => {
  let after = ledger
  const decided = waiting.filter(({ isInterrupted }) => !isInterrupted).map((one) => {
    const { changes, complete } = one.decide(after, now)
    after = own.appliedTo(after, changes)
    return { changes, complete }
  })
  return {
    after,
    isChanged: decided.some(({ changes }) => changes.length > 0),
    complete: Effect.forEach(decided, ({ complete }) => complete, { discard: true })
  }
}

/** The ledger that this process knows, with what the store does not have yet. */
const ledgerOf = ({ budget, owed }: Copy, known: Known | undefined, now: number): ledgers.Ledger =>
  own.appliedTo(ledgers.current(budget, known?.ledger ?? ledgers.empty, now), owed)

/** Makes a decision by what is known; its changes are written when the store is available again. */
const decideAlone = (copy: Copy, { decide }: Waiting, now: number): Effect.Effect<unknown> =>
  Effect.suspend(() => {
    const { changes, complete } = decide(ledgerOf(copy, copy.known, now), now)
    copy.owed = own.added(copy.owed, changes)
    return complete
  })

/** Whether a decision is made without the store. */
const isMadeAlone = (copy: Copy, { alone, decide }: Waiting, now: number): boolean => {
  if (alone === "fails" || alone === "isMade") return alone === "isMade"
  const spends = decide(ledgerOf(copy, copy.known, now), now).changes.length > 0
  return spends ? own.isAllowedAlone(copy.withoutStore, copy.owed) : copy.known !== undefined
}

/** Makes decisions by what the store holds. */
const decideInStore = (copy: Copy, waiting: ReadonlyArray<Waiting>): Effect.Effect<void, TokenStoreError> =>
  Effect.gen(function*() {
    const store = retried(copy.store, storeTimeout)
    let isCurrent = false
    let losses = 0
    for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
      const now = yield* present(copy)
      const base = copy.known ?? (yield* read(copy, Option.none(), now))
      const { after, complete, isChanged } = decideAll(waiting, ledgerOf(copy, base, now), now)
      if (isChanged || copy.owed.length > 0 || base.isOwed) {
        const outcome = yield* write(copy, store, base, after, now)
        if (outcome === "won") return yield* complete
        losses += outcome === "lost" ? 1 : 0
        const pause = outcome === "lost" ? own.pauseAfter(losses, copy.answeredIn, yield* Random.next) : 0
        if (pause > 0) yield* Effect.sleep(Duration.millis(pause))
      } else {
        if (isCurrent) return yield* complete
        const snapshot = yield* timed(copy, store.load(copy.key))
        copy.known = yield* read(copy, snapshot.entry, snapshot.now)
      }
      isCurrent = true
    }
    const error = new TokenStoreError({ operation: "swap", problem: "too many at once" })
    const now = yield* present(copy)
    for (const one of waiting) yield* one.alone === "isMade" ? decideAlone(copy, one, now) : one.fail(error)
  })

/** Makes decisions while the store is unavailable, or fails them. */
const decideWithoutStore = (copy: Copy, waiting: ReadonlyArray<Waiting>, error: TokenStoreError) =>
  Effect.gen(function*() {
    if (waiting.some(({ alone }) => alone !== "fails")) {
      yield* Effect.logWarning(
        `${error.message} Counting the tokens of this process alone, at most ${copy.withoutStore} (issuanceBudget.withoutStore), ` +
          "until the store is available again."
      )
    }
    const now = yield* present(copy)
    for (const one of waiting) {
      if (!one.isInterrupted) yield* isMadeAlone(copy, one, now) ? decideAlone(copy, one, now) : one.fail(error)
    }
  })

type Place = Pick<Copy, "key" | "seal" | "store" | "withoutStore"> & { readonly lifetime: Lifetime }

const copyOf = ({ lifetime: _, ...place }: Place, budget: ledgers.Budget): Copy => ({
  ...place,
  budget,
  writer: crypto.randomUUID(),
  writes: 0,
  known: undefined,
  owed: [],
  ahead: 0,
  answeredIn: 0
})

/** Makes the decisions that wait at the same time together. */
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

/** Makes decisions on a ledger. Where requests must not wait for each other, each makes its own, by what they know together. */
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
          copy.ahead = mine.ahead
          copy.owed = [...copy.owed.slice(owed.length), ...mine.owed]
        }))
    })
}
