/**
 * The ledger of a budget in the store: read, decide, compare and swap. While the store is unavailable, a process decides by
 * its own copy, and what it spends then is written when the store is available again.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"

import { TokenStoreError } from "../../OAuthError.js"
import type { TokenStore } from "../../TokenStore/contract.js"
import * as ledgers from "../token/ledger.js"
import { Moment } from "./moment.js"
import { retried } from "./retried.js"
import type { Seal } from "./seal.js"

const Kept = Schema.parseJson(Schema.Struct({
  spent: Schema.Array(Schema.Union(Moment, Schema.Struct({ at: Moment, organization: Schema.String }))),
  quotas: Schema.Array(Schema.Struct({
    name: Schema.String,
    organization: Schema.optional(Schema.String),
    limit: Schema.Int,
    remaining: Schema.Int,
    resetsAt: Moment,
    announcedAt: Moment
  }))
}))

/** Other processes may write at the same moment; each attempt that fails means that one of them succeeded. */
const maxAttempts = 100

/** How long failed operations of one decision may take together, in milliseconds. */
const storeTimeout = 2000

/** A function of the ledger and the time. The ledger that it returns, if any, replaces the one that it was given. */
export type Decision<A> = (ledger: ledgers.Ledger, now: number) => { readonly ledger?: ledgers.Ledger } & A

export interface LedgerStore {
  /** Returns the ledger with the token requests that the store does not have yet. */
  readonly read: Effect.Effect<ledgers.Ledger, TokenStoreError>
  /** Decides by the ledger, and replaces it. */
  readonly decide: <A>(decision: Decision<A>) => Effect.Effect<A>
}

const unreadable = Effect.logWarning(
  "The token count in the store could not be opened. Counting again from what this process knows. Give all processes " +
    "that share the store the same keys (TOKEN_STORE_KEY), the new one first."
)

export const make = (
  { key, seal, store }: { readonly key: string; readonly seal: Seal; readonly store: TokenStore },
  budget: ledgers.Budget
): Effect.Effect<LedgerStore> =>
  Effect.gen(function*() {
    const local = yield* Ref.make<ledgers.Local>({ ledger: ledgers.empty, owed: [] })

    const read = (store: TokenStore) =>
      Effect.gen(function*() {
        const entry = Option.getOrUndefined((yield* store.load(key)).entry)
        const text = entry === undefined ? Option.none() : yield* seal.open(key, entry.value)
        const stored = Option.getOrUndefined(Option.flatMap(text, Schema.decodeOption(Kept)))
        if (entry !== undefined && stored === undefined) yield* unreadable
        const { ledger, owed } = yield* Ref.updateAndGet(local, (known) => ledgers.afterRead(known, stored))
        return { ledger, owed, generation: entry?.generation ?? 0 }
      })

    const write = (store: TokenStore, generation: number, ledger: ledgers.Ledger, now: number) =>
      Effect.flatMap(
        seal.seal(key, JSON.stringify(ledger)),
        (value) =>
          Effect.map(
            store.swap(key, generation, { value, expiresAt: ledgers.expiresAt(budget, ledger, now) }),
            ({ done }) => done
          )
      )

    const decideInStore = <A>(decision: Decision<A>): Effect.Effect<A, TokenStoreError> =>
      Effect.gen(function*() {
        const patient = retried(store, storeTimeout)
        for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
          const now = yield* Clock.currentTimeMillis
          const { generation, ledger, owed } = yield* read(patient)
          const decided = decision(ledger, now)
          const next = decided.ledger
          if (next === undefined) return decided
          if (yield* write(patient, generation, next, now)) {
            yield* Ref.update(local, (known) => ledgers.afterWrite(known, next, owed.length))
            return decided
          }
        }
        return yield* new TokenStoreError({ operation: "swap", problem: "too many at once" })
      })

    const decideAlone = <A>(decision: Decision<A>): Effect.Effect<A> =>
      Effect.flatMap(Clock.currentTimeMillis, (now) =>
        Ref.modify(local, (known) => {
          const decided = decision(known.ledger, now)
          return [decided, decided.ledger === undefined ? known : ledgers.afterAlone(known, decided.ledger)]
        }))

    return {
      read: Effect.suspend(() => Effect.map(read(retried(store, storeTimeout)), ({ ledger }) => ledger)),
      decide: (decision) =>
        Effect.catchAll(decideInStore(decision), (error) =>
          Effect.zipRight(
            Effect.logWarning(
              `${error.message} Counting the tokens of this process alone until the store is available again.`
            ),
            decideAlone(decision)
          ))
    }
  })
