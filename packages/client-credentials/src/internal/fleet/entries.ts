/**
 * Records of a store, each in a sealed entry, which is read and written atomically with the lease of the key.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"

import type { AccessToken } from "../../AccessToken.js"
import type { TokenStoreError } from "../../OAuthError.js"
import type { Entry as StoredEntry, Snapshot, TokenStore } from "../../TokenStore/contract.js"
import * as timeText from "../protocol/timeText.js"
import * as records from "./record.js"
import type { Seal } from "./seal.js"

/** Opened content of an entry. */
export interface Seen extends records.Record {
  /** Generation of the entry; 0 if there is none. */
  readonly generation: number
  /** Remaining time of the lease in milliseconds; 0 if no process has it. */
  readonly leasedFor: number
  /** Time of the store in milliseconds since the epoch. */
  readonly now: number
}

/** Entry of one key. */
export interface Entry {
  /** Reads the entry. Logs a warning if it cannot be opened. */
  readonly load: Effect.Effect<Seen, TokenStoreError>
  /** Takes the lease; `done` states whether this owner has it now. */
  readonly acquire: (
    owner: string,
    life: Duration.Duration
  ) => Effect.Effect<Seen & { readonly done: boolean }, TokenStoreError>
  /**
   * Replaces the record, unless another process has replaced it since the generation was read, and ends the lease of an
   * owner. Returns whether it was replaced.
   */
  readonly replace: (
    seen: { readonly generation: number },
    next: records.Record,
    release?: string
  ) => Effect.Effect<boolean, TokenStoreError>
  readonly release: (owner: string) => Effect.Effect<void, TokenStoreError>
}

export const isSame = (one: AccessToken, other: AccessToken): boolean =>
  Redacted.value(one.value) === Redacted.value(other.value)

const warnOfUnreadable = ({ expiresAt }: StoredEntry) =>
  Effect.logWarning(
    `A token in the store could not be opened. Its entry expires at ${
      timeText.show(expiresAt)
    }. Ignoring it and requesting ` +
      "another one. Give all processes that share the store the same keys (TOKEN_STORE_KEY), the new one first."
  )

export const make = (seal: Seal, store: TokenStore, key: string): Entry => {
  const open = <A extends Snapshot>(snapshot: A): Effect.Effect<A & Seen> =>
    Effect.gen(function*() {
      const entry = Option.getOrUndefined(snapshot.entry)
      if (entry === undefined) return { ...snapshot, ...records.empty, generation: 0 }
      const record = Option.getOrUndefined(Option.flatMap(yield* seal.open(key, entry.value), records.decode))
      if (record === undefined) yield* warnOfUnreadable(entry)
      return { ...snapshot, ...(record ?? records.empty), generation: entry.generation }
    })

  return {
    load: Effect.flatMap(store.load(key), open),
    acquire: (owner, life) => Effect.flatMap(store.acquire(key, owner, life), open),
    replace: ({ generation }, next, release) =>
      Effect.gen(function*() {
        const value = yield* seal.seal(key, records.encode(next))
        return (yield* store.swap(key, generation, { value, expiresAt: records.expiresAt(next) }, release)).done
      }),
    release: (owner) => store.release(key, owner)
  }
}

/** Removes a token from the record of a key, unless another one has replaced it. */
export const removeToken = (entry: Entry, removed: AccessToken): Effect.Effect<void, TokenStoreError> =>
  Effect.gen(function*() {
    const seen = yield* entry.load
    if (seen.token === undefined || !isSame(seen.token, removed)) return
    // An entry that was changed meanwhile is read again: a failure may have been stored beside the token.
    if (!(yield* entry.replace(seen, { ...seen, token: undefined }))) yield* removeToken(entry, removed)
  })
