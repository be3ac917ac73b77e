/**
 * Where tokens outlive a process, or are shared by several.
 *
 * @since 0.1.0
 */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as Path from "@effect/platform/Path"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Record from "effect/Record"
import * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"

import * as parts from "./internal/config/parts.js"
import * as rules from "./internal/config/rules.js"
import { Moment } from "./internal/fleet/moment.js"
import * as storeFiles from "./internal/fleet/storeFiles.js"
import { type InvalidConfig, validate } from "./InvalidConfig.js"
import { TokenStoreError } from "./OAuthError.js"

export {
  /**
   * The token store could not be read or written: see `OAuthError`.
   *
   * @since 0.1.0
   * @category errors
   */
  TokenStoreError
}

/**
 * Options that the stores on a server have in common.
 *
 * @since 0.1.0
 * @category models
 */
export interface ServerOptions {
  /** Put before every name that the store uses, at most 50 characters. */
  readonly prefix?: string | undefined
  /** How long a response of the server may take, above 0; after that, the process does without the store. */
  readonly timeout?: Duration.DurationInput | undefined
}

/**
 * Validates the options of a store on a server, for packages that implement one. `flags` are the defaults of its other
 * options, which are true or false; an option of any other name is reported. Returns the settings, with `timeout` in
 * milliseconds, or an `InvalidConfig` with every problem.
 *
 * @example
 * import { TokenStore } from "@effect-oauth/client-credentials"
 *
 * export const settings = (options: TokenStore.ServerOptions) =>
 *   TokenStore.validateServerOptions(options, { prefix: "effect-oauth", timeout: "2 seconds" })
 *
 * @since 0.1.0
 * @category validation
 */
export const validateServerOptions = <Flag extends string = never>(
  options: ServerOptions | undefined,
  { prefix, timeout }: { readonly prefix: string; readonly timeout: Duration.DurationInput },
  flags?: Readonly<Record<Flag, boolean>>
): Either.Either<
  { readonly prefix: string; readonly timeout: number } & { readonly [K in Flag]: boolean },
  InvalidConfig
> => {
  const table: rules.Rules = {
    ...Record.map<string, boolean, rules.Rule<boolean>>(flags ?? {}, rules.flag),
    prefix: rules.parsed({
      default: prefix,
      expected: "a string of at most 50 characters, without control characters",
      read: (value) => typeof value === "string" && /^[^\x00-\x1f\x7f]{0,50}$/.test(value) ? value : undefined
    }),
    timeout: rules.positiveDuration(timeout)
  }
  return validate<rules.Rules, object>(table, options === undefined ? {} : options) as ReturnType<
    typeof validateServerOptions<Flag>
  >
}

/**
 * What is kept under a key. The value is sealed: a store neither reads nor checks it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Entry {
  readonly value: string
  /** Grows by one with each replacement; the first is 1. */
  readonly generation: number
  /** When the store may forget it, in milliseconds since the epoch. */
  readonly expiresAt: number
}

/**
 * What a store must promise. Each operation is atomic among all processes that share the store.
 *
 * @since 0.1.0
 * @category models
 */
export interface TokenStore {
  readonly load: (key: string) => Effect.Effect<Option.Option<Entry>, TokenStoreError>
  /**
   * Replaces the entry if its generation is still this one, 0 for no entry. The answer: was it replaced? So a process
   * that was paused cannot overwrite what came after.
   */
  readonly swap: (
    key: string,
    generation: number,
    entry: { readonly value: string; readonly expiresAt: number }
  ) => Effect.Effect<boolean, TokenStoreError>
  /** Takes the lease of a key, unless another owner has it. It ends by itself after its life. */
  readonly acquire: (key: string, owner: string, life: Duration.Duration) => Effect.Effect<boolean, TokenStoreError>
  /** Gives the lease back, if this owner has it. */
  readonly release: (key: string, owner: string) => Effect.Effect<void, TokenStoreError>
  /**
   * Emits when the entry or the lease of a key may have changed, if the store can tell. It may miss some and tell some
   * twice: those who wait look now and then by themselves.
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

interface Lease {
  readonly owner: string
  readonly until: number
}

/** The entries of a store in memory at most, and how long one is kept after its expiry. */
const maxEntries = 10_000
const keptInMemory = 3_600_000

/** How often a store in memory looks for what has expired. */
const clearEvery = 60_000

/**
 * A store in memory, for several clients of one process, and for tests. It forgets entries an hour after their expiry, and
 * keeps the 10,000 that were written last.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerMemory: Layer.Layer<TokenStore> = Layer.sync(TokenStore, () => {
  // Those written first come first.
  const entries = new Map<string, Entry>()
  const leases = new Map<string, Lease>()
  let clearAt = 0
  const clear = (now: number) => {
    if (now < clearAt) return
    clearAt = now + clearEvery
    for (const [key, { expiresAt }] of entries) if (expiresAt <= now - keptInMemory) entries.delete(key)
    for (const [key, { until }] of leases) if (until <= now) leases.delete(key)
  }
  const put = <A>(all: Map<string, A>, key: string, value: A) => {
    all.delete(key)
    for (const first of all.keys()) {
      if (all.size < maxEntries) break
      all.delete(first)
    }
    all.set(key, value)
  }
  return {
    load: (key) => Effect.sync(() => Option.fromNullable(entries.get(key))),
    swap: (key, generation, entry) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        clear(now)
        if ((entries.get(key)?.generation ?? 0) !== generation) return false
        put(entries, key, { ...entry, generation: generation + 1 })
        return true
      }),
    acquire: (key, owner, life) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        clear(now)
        const held = leases.get(key)
        if (held !== undefined && held.owner !== owner && now < held.until) return false
        put(leases, key, { owner, until: now + Duration.toMillis(life) })
        return true
      }),
    release: (key, owner) =>
      Effect.sync(() => {
        if (leases.get(key)?.owner === owner) leases.delete(key)
      })
  }
})

const Stored = Schema.parseJson(
  Schema.Struct({ value: Schema.String, generation: Schema.Int.pipe(Schema.positive()), expiresAt: Moment })
)

const Leased = Schema.parseJson(Schema.Struct({ owner: Schema.String, until: Moment }))

/**
 * How many files of a row are kept. So a number becomes free again only when there are as many newer ones, and whoever
 * was paused before it created its file can tell that it came too late.
 */
const kept = 32

/** How `TokenSeal` names keys. Folders of other names are never removed. */
const sealedName = /^[0-9a-f]{64}$/

/** How often a process looks for expired entries, and how long these are kept. */
const searchEvery = 3_600_000
const keptAfterExpiry = 86_400_000

/** How many folders are looked at each time. */
const searched = 50

/** What cannot be read counts as absent: a store is a cache. */
const readAs = <A, I>(schema: Schema.Schema<A, I>) => (text: string): Option.Option<A> =>
  Schema.decodeUnknownOption(schema)(text)

/**
 * Whether a lease has not ended yet. One that would last much longer than the one that is wanted comes from a clock that
 * was wrong, and holds nobody up: at worst there is one token more.
 */
const isHeld = ({ until }: Lease, now: number, life: Duration.Duration): boolean =>
  now < until && until - now <= 10 * Duration.toMillis(life)

/** The code of the system's error, such as `ENOSPC`, if there is one; no path. */
const problem = (error: PlatformError): string => {
  const refused = storeFiles.refusal(error)
  if (refused !== undefined) return refused
  const { code } = (typeof error.cause === "object" && error.cause !== null ? error.cause : {}) as { code?: unknown }
  if (typeof code === "string" && /^[A-Z][A-Z0-9]{1,30}$/.test(code)) return code
  return error._tag === "SystemError" ? error.reason : error._tag
}

/**
 * A store on any `KeyValueStore` of `@effect/platform`: a cloud store or the browser's, say. Such a store has no atomic
 * operations, so processes that ask at the very same moment may each get a token; for files there is `layerFiles`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerKeyValueStore: Layer.Layer<TokenStore, never, KeyValueStore.KeyValueStore> = Layer.effect(
  TokenStore,
  Effect.map(KeyValueStore.KeyValueStore, (store) => {
    const failed = (operation: TokenStoreError["operation"]) => (error: PlatformError) =>
      new TokenStoreError({ operation, problem: problem(error) })
    const entry = (key: string) => `token-${key}`
    const lease = (key: string) => `lease-${key}`
    const load = (key: string) => Effect.map(store.get(entry(key)), Option.flatMap(readAs(Stored)))
    const leaseOf = (key: string) => Effect.map(store.get(lease(key)), Option.flatMap(readAs(Leased)))
    return {
      load: (key) => Effect.mapError(load(key), failed("load")),
      swap: (key, generation, { expiresAt, value }) =>
        Effect.flatMap(
          load(key),
          (found) =>
            Option.match(found, { onNone: () => 0, onSome: (one) => one.generation }) === generation
              ? Effect.as(
                store.set(entry(key), JSON.stringify({ value, expiresAt, generation: generation + 1 })),
                true
              )
              : Effect.succeed(false)
        ).pipe(Effect.mapError(failed("swap"))),
      acquire: (key, owner, life) =>
        Effect.gen(function*() {
          const now = yield* Clock.currentTimeMillis
          const held = yield* leaseOf(key)
          if (Option.isSome(held) && held.value.owner !== owner && isHeld(held.value, now, life)) return false
          yield* store.set(lease(key), JSON.stringify({ owner, until: now + Duration.toMillis(life) }))
          return true
        }).pipe(Effect.mapError(failed("acquire"))),
      release: (key, owner) =>
        Effect.flatMap(
          leaseOf(key),
          (held) => Option.isSome(held) && held.value.owner === owner ? store.remove(lease(key)) : Effect.void
        ).pipe(
          Effect.mapError(failed("release"))
        )
    }
  })
)

/**
 * A store of files in a directory, for the processes of one machine: a job that is started again and again, say.
 *
 * The directory is for its owner only (0700), and so are the files (0600). A directory of this user that others can write
 * to is made private, with a warning in the log. One that is a symbolic link, belongs to another user or is shared by all
 * (such as `/tmp`) is refused: operations fail with a `TokenStoreError` that states what to change, and processes do
 * without the store. Nothing but regular files is opened, and files of other names are ignored.
 *
 * A file appears whole or not at all, and nothing is locked: the process that creates the next file in the row has won, so
 * a process that ends leaves nothing behind that could stop the others. Entries that expired a day ago are removed. The
 * layer fails with an `InvalidConfig` when the directory is not a path.
 *
 * @example
 * import { TokenStore } from "@effect-oauth/client-credentials"
 * import { NodeContext } from "@effect/platform-node"
 * import { Layer } from "effect"
 *
 * export const Store = TokenStore.layerFiles("/var/lib/nightly-job/tokens").pipe(Layer.provide(NodeContext.layer))
 *
 * @since 0.1.0
 * @category layers
 */
export const layerFiles = (
  directory: string
): Layer.Layer<TokenStore, InvalidConfig, FileSystem.FileSystem | Path.Path> =>
  Layer.effect(
    TokenStore,
    Effect.gen(function*() {
      yield* validate(parts.storeFiles, { directory })
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const failed = (operation: TokenStoreError["operation"]) => (error: PlatformError) =>
        new TokenStoreError({ operation, problem: problem(error) })
      const absent = (error: PlatformError) => error._tag === "SystemError" && error.reason === "NotFound"
      const exists = (error: PlatformError) => error._tag === "SystemError" && error.reason === "AlreadyExists"
      const folder = (key: string) => path.join(directory, key)
      /** Each by itself: told to make all of them, Node tries for ever where nobody can make one, as in `/proc`. */
      const makeDirectory = (wanted: string): Effect.Effect<void, PlatformError> => {
        const parent = path.dirname(wanted)
        const make = Effect.catchIf(fs.makeDirectory(wanted, { mode: 0o700 }), exists, () => Effect.void)
        return parent === wanted
          ? make
          : Effect.catchIf(make, absent, () => Effect.zipRight(makeDirectory(parent), make))
      }

      const check = (key: string) =>
        Effect.zipRight(
          storeFiles.checkDirectory(fs, path.resolve(directory)),
          storeFiles.checkDirectory(fs, path.resolve(folder(key)))
        )

      /** The numbers of the files of this kind, the newest first. */
      const numbers = (key: string, kind: storeFiles.Kind) =>
        Effect.zipRight(check(key), fs.readDirectory(folder(key))).pipe(
          Effect.catchIf(absent, () => Effect.succeed([])),
          Effect.map((names) =>
            names.flatMap((name) => storeFiles.numberOf(name, kind) ?? []).sort((one, other) => other - one)
          )
        )
      const file = (key: string, kind: storeFiles.Kind, number: number) => path.join(folder(key), `${kind}-${number}`)
      const text = (from: string) => storeFiles.readText(fs, from)

      /**
       * Creates the file with that number unless there is or was one: by a link, which is whole at once and made only once.
       */
      const create = (key: string, kind: storeFiles.Kind, number: number, content: string) =>
        Effect.gen(function*() {
          if (number > storeFiles.highestNumber) {
            // A foreign file has the last number. All are put aside, and the next one begins again.
            for (const old of yield* numbers(key, kind)) {
              yield* Effect.ignore(
                fs.rename(file(key, kind, old), path.join(folder(key), `draft-${crypto.randomUUID()}`))
              )
            }
            return false
          }
          yield* makeDirectory(folder(key))
          const draft = path.join(folder(key), `draft-${crypto.randomUUID()}`)
          const isNew = yield* fs.writeFileString(draft, content, { flag: "wx", mode: 0o600 }).pipe(
            Effect.zipRight(fs.link(draft, file(key, kind, number))),
            Effect.as(true),
            Effect.catchIf(exists, () => Effect.succeed(false)),
            Effect.ensuring(Effect.ignore(fs.remove(draft, { force: true })))
          )
          if (!isNew) return false
          const all = yield* numbers(key, kind)
          if ((all[0] ?? number) - number >= kept) return false
          yield* Effect.forEach(
            all.filter((old) => old <= number - kept),
            (old) => Effect.ignore(fs.remove(file(key, kind, old), { force: true })),
            { discard: true }
          )
          return true
        })
      /** Those of processes that died while they wrote. */
      const forgetDrafts = (key: string) =>
        Effect.gen(function*() {
          const old = (yield* Clock.currentTimeMillis) - 60_000
          for (const name of yield* fs.readDirectory(folder(key))) {
            const draft = path.join(folder(key), name)
            if (!name.startsWith("draft-")) continue
            const isOld = Effect.map(
              fs.stat(draft),
              ({ mtime }) => Option.isSome(mtime) && mtime.value.getTime() < old
            )
            yield* Effect.ignore(Effect.if(isOld, {
              onTrue: () => fs.remove(draft, { force: true }),
              onFalse: () => Effect.void
            }))
          }
        }).pipe(Effect.ignore)
      /** Where the search for expired entries goes on, and when. */
      const search = { from: 0, at: 0 }
      /** Keys change with secrets and requests; what was kept under those of the past is removed, a few at a time. */
      const forgetExpired = (key: string) =>
        Effect.gen(function*() {
          const now = yield* Clock.currentTimeMillis
          if (now < search.at) return
          search.at = now + searchEvery
          const folders = (yield* fs.readDirectory(directory)).filter((name) => sealedName.test(name)).sort()
          if (search.from >= folders.length) search.from = 0
          const some = folders.slice(search.from, search.from + searched)
          search.from += searched
          for (const name of some) {
            if (name === key) continue
            const expired = Effect.gen(function*() {
              const [newest] = yield* numbers(name, "token")
              const content = newest === undefined ? Option.none() : yield* text(file(name, "token", newest))
              const { mtime } = yield* fs.stat(folder(name))
              const changedAt = Option.match(mtime, { onNone: () => now, onSome: (date) => date.getTime() })
              const end = Option.match(Option.flatMap(content, readAs(Stored)), {
                onNone: () => changedAt,
                onSome: ({ expiresAt }) => Math.max(expiresAt, changedAt)
              })
              if (now < end + keptAfterExpiry) return
              // Whole or not at all, also for processes that read at the same moment.
              const aside = path.join(directory, `expired-${crypto.randomUUID()}`)
              yield* fs.rename(folder(name), aside)
              yield* fs.remove(aside, { recursive: true, force: true })
            })
            yield* Effect.ignore(expired)
          }
        }).pipe(Effect.ignore)

      const newestLease = (key: string) =>
        Effect.flatMap(numbers(key, "lease"), (all) =>
          Effect.map(
            all[0] === undefined ? Effect.succeed(Option.none()) : text(file(key, "lease", all[0])),
            (content) => ({ number: all[0] ?? 0, held: Option.flatMap(content, readAs(Leased)) })
          ))

      return {
        load: (key) =>
          Effect.flatMap(numbers(key, "token"), ([newest]) =>
            newest === undefined
              ? Effect.succeed(Option.none())
              : Effect.map(text(file(key, "token", newest)), (content) =>
                // A file that cannot be read still counts, so that the next one gets a higher number.
                Option.some({
                  ...Option.getOrElse(Option.flatMap(content, readAs(Stored)), () => ({ value: "", expiresAt: 0 })),
                  generation: newest
                }))).pipe(Effect.mapError(failed("load"))),
        swap: (key, generation, { expiresAt, value }) =>
          Effect.gen(function*() {
            const [newest = 0] = yield* numbers(key, "token")
            if (newest !== generation) return false
            const next = generation + 1
            const won = yield* create(key, "token", next, JSON.stringify({ value, expiresAt, generation: next }))
            if (won) yield* Effect.zipRight(forgetDrafts(key), forgetExpired(key))
            return won
          }).pipe(Effect.mapError(failed("swap"))),
        acquire: (key, owner, life) =>
          Effect.gen(function*() {
            const now = yield* Clock.currentTimeMillis
            const { held, number } = yield* newestLease(key)
            if (Option.isSome(held) && isHeld(held.value, now, life)) return held.value.owner === owner
            const until = now + Duration.toMillis(life)
            return yield* create(key, "lease", number + 1, JSON.stringify({ owner, until }))
          }).pipe(Effect.mapError(failed("acquire"))),
        release: (key, owner) =>
          Effect.flatMap(newestLease(key), ({ held, number }) =>
            Option.isSome(held) && held.value.owner === owner
              // By a further lease, which has ended: a number that were free again could be somebody else's.
              ? create(key, "lease", number + 1, JSON.stringify({ owner, until: 0 }))
              : Effect.void).pipe(Effect.asVoid, Effect.mapError(failed("release")))
      }
    })
  )
