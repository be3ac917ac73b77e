/**
 * The sealed entries of a token in the store: the token or its tombstone, and beside it the last failure to request one.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"

import type { AccessToken } from "../../AccessToken.js"
import type { TokenStoreError } from "../../OAuthError.js"
import type { TokenStore } from "../../TokenStore/contract.js"
import * as coolDown from "./coolDown.js"
import { ofFailure } from "./key.js"
import type { Seal } from "./seal.js"
import * as storedToken from "./storedToken.js"

/** How long a failure is kept after its pause, in milliseconds, so that the next one counts as one in a row. */
const failureKeptFor = 3_600_000

/** An entry as it was read; without an entry the generation is 0. */
export interface Read<A> {
  readonly generation: number
  /** Undefined without an entry, and for one that cannot be opened. */
  readonly value: A | undefined
  /** When the store may remove the entry, in milliseconds since the epoch. */
  readonly expiresAt: number
}

export interface Entries {
  /** Reads the token of a key. A tombstone is undefined. Logs a warning for an entry that cannot be opened. */
  readonly token: (key: string) => Effect.Effect<Read<AccessToken>, TokenStoreError>
  /** Stores a token, unless another process has stored one since the generation was read. */
  readonly storeToken: (
    key: string,
    generation: number,
    token: AccessToken
  ) => Effect.Effect<boolean, TokenStoreError>
  /** Replaces the entry by a tombstone, if it holds this token. */
  readonly removeToken: (key: string, token: AccessToken) => Effect.Effect<void, TokenStoreError>
  readonly coolDown: (key: string) => Effect.Effect<Read<coolDown.CoolDown>, TokenStoreError>
  /** Stores a cool-down in place of the one that was read. A store that fails is ignored: another process may do better. */
  readonly storeCoolDown: (key: string, before: Read<unknown>, next: coolDown.CoolDown) => Effect.Effect<void>
}

export const isSame = (one: AccessToken, other: AccessToken): boolean =>
  Redacted.value(one.value) === Redacted.value(other.value)

const unreadable = Effect.logWarning(
  "A token in the store could not be opened. Ignoring it and requesting another one. Give all processes that share the " +
    "store the same keys (TOKEN_STORE_KEY), the new one first."
)

export const make = (seal: Seal, store: TokenStore): Entries => {
  const read = <A>(key: string, decode: (text: string) => Option.Option<A>) =>
    Effect.gen(function*() {
      const found = Option.getOrUndefined(yield* store.load(key))
      if (found === undefined) return { generation: 0, value: undefined, expiresAt: 0, isUnreadable: false }
      const value = Option.getOrUndefined(Option.flatMap(yield* seal.open(key, found.value), decode))
      const { expiresAt, generation } = found
      return { generation, value, expiresAt, isUnreadable: value === undefined }
    })

  const write = (key: string, generation: number, text: string, expiresAt: number) =>
    Effect.flatMap(seal.seal(key, text), (value) => store.swap(key, generation, { value, expiresAt }))

  const token = (key: string) =>
    read(key, storedToken.decode).pipe(
      Effect.tap(({ isUnreadable }) => isUnreadable ? unreadable : Effect.void),
      Effect.map(({ value, ...rest }) => ({
        ...rest,
        value: value === undefined || storedToken.isTombstone(value) ? undefined : value
      }))
    )

  return {
    token,
    storeToken: (key, generation, issued) => write(key, generation, storedToken.encode(issued), issued.expiresAt),
    removeToken: (key, removed) =>
      Effect.gen(function*() {
        const { expiresAt, generation, value } = yield* token(key)
        if (value === undefined || !isSame(value, removed)) return
        yield* write(key, generation, storedToken.encode(storedToken.tombstone), expiresAt)
      }),
    coolDown: (key) => Effect.flatMap(ofFailure(seal, key), (at) => read(at, coolDown.decode)),
    storeCoolDown: (key, before, next) =>
      Effect.flatMap(
        ofFailure(seal, key),
        (at) => write(at, before.generation, coolDown.encode(next), next.until + failureKeptFor)
      ).pipe(Effect.ignore)
  }
}
