/**
 * Contract of a token store, as required by `SharedTokens` and `IssuanceBudget`.
 * `TokenStoreTest` of `@effect-oauth/testing` is the contract as a test suite.
 *
 * @since 3.0.0
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"

import type { TokenStoreError } from "../OAuthError.js"

/**
 * An entry of a store. Its value is sealed: a store neither reads nor validates it.
 *
 * @since 3.0.0
 * @category models
 */
export interface Entry {
  readonly value: string
  /** Grows by one with each replacement; the first is 1. */
  readonly generation: number
  /** When the store may remove the entry, in milliseconds since the epoch. */
  readonly expiresAt: number
}

/**
 * State of a key in a store at one moment.
 *
 * @since 3.0.0
 * @category models
 */
export interface Snapshot {
  /** The entry, also an expired one that is not removed yet. */
  readonly entry: Option.Option<Entry>
  /** Remaining time of the lease of the key in milliseconds; 0 if no process has it. */
  readonly leasedFor: number
  /** Time of the store in milliseconds since the epoch, which all processes that share it use. */
  readonly now: number
}

/**
 * Result of an operation that has one winner: whether it is this process, and the content of the store afterwards.
 *
 * @since 3.0.0
 * @category models
 */
export interface Attempt extends Snapshot {
  readonly done: boolean
}

/**
 * A token store. Each operation is atomic among all processes that share the store: the operations `swap` and `acquire` of
 * any number of processes at the same moment have one winner. Each may be repeated when its outcome is not known.
 *
 * @since 3.0.0
 * @category models
 */
export interface TokenStore {
  /** Returns the state of a key. */
  readonly load: (key: string) => Effect.Effect<Snapshot, TokenStoreError>
  /**
   * Replaces the entry if its generation is still this one, 0 for no entry, so that a process that was suspended cannot
   * overwrite a later entry. Returns the new entry, or the one that came before. With `release`, the lease of that owner
   * ends in the same step, whether the entry was replaced or not.
   */
  readonly swap: (
    key: string,
    generation: number,
    entry: { readonly value: string; readonly expiresAt: number },
    release?: string
  ) => Effect.Effect<Attempt, TokenStoreError>
  /**
   * Takes the lease of a key, unless another owner has it. A lease ends by itself after its lifetime; an owner that has it may
   * take it again, which renews it.
   */
  readonly acquire: (key: string, owner: string, life: Duration.Duration) => Effect.Effect<Attempt, TokenStoreError>
  /** Ends the lease, if this owner has it. */
  readonly release: (key: string, owner: string) => Effect.Effect<void, TokenStoreError>
}

/**
 * The store in use.
 *
 * @since 3.0.0
 * @category tags
 */
export const TokenStore = Context.GenericTag<TokenStore>("@effect-oauth/client-credentials/TokenStore")
