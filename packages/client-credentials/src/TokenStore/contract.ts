/**
 * The contract of a token store: what `SharedTokens` and `IssuanceBudget` require of a store, and every store keeps.
 * `TokenStoreTest` of `@effect-oauth/testing` is the contract as a test suite.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Stream from "effect/Stream"

import type { TokenStoreError } from "../OAuthError.js"

/**
 * An entry of a store. Its value is sealed: a store neither reads nor validates it.
 *
 * @since 0.1.0
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
 * A token store. Each operation is atomic among all processes that share the store: the operations `swap` and `acquire` of
 * any number of processes at the same moment have one winner.
 *
 * @since 0.1.0
 * @category models
 */
export interface TokenStore {
  /** Returns the entry of a key, also an expired one that is not removed yet. */
  readonly load: (key: string) => Effect.Effect<Option.Option<Entry>, TokenStoreError>
  /**
   * Replaces the entry if its generation is still this one, 0 for no entry, and returns whether it did. So a process that
   * was paused cannot overwrite what came after.
   */
  readonly swap: (
    key: string,
    generation: number,
    entry: { readonly value: string; readonly expiresAt: number }
  ) => Effect.Effect<boolean, TokenStoreError>
  /**
   * Takes the lease of a key, unless another owner has it, and returns whether this owner has it now. A lease ends by
   * itself after its life; an owner that has it may take it again.
   */
  readonly acquire: (key: string, owner: string, life: Duration.Duration) => Effect.Effect<boolean, TokenStoreError>
  /** Gives the lease back, if this owner has it. */
  readonly release: (key: string, owner: string) => Effect.Effect<void, TokenStoreError>
  /**
   * Emits when the entry or the lease of a key may have changed, where the store can report that. It may miss some changes
   * and report some twice: processes that wait poll as well.
   */
  readonly changes?: ((key: string) => Stream.Stream<unknown, TokenStoreError>) | undefined
}

/**
 * The store in use.
 *
 * @since 0.1.0
 * @category tags
 */
export const TokenStore = Context.GenericTag<TokenStore>("@effect-oauth/client-credentials/TokenStore")
