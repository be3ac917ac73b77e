/**
 * Token store in the files of a directory.
 *
 * @since 3.0.0
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

import * as fleetParts from "../internal/config/fleetParts.js"
import { validate } from "../internal/config/rules.js"
import * as expiredEntries from "../internal/fleet/expiredEntries.js"
import { Moment } from "../internal/fleet/moment.js"
import * as numberedFiles from "../internal/fleet/numberedFiles.js"
import * as storeFiles from "../internal/fleet/storeFiles.js"
import type { PlatformError } from "../internal/seam/platformErrors.js"
import { leftOf } from "../internal/token/lease.js"
import type { InvalidConfig } from "../InvalidConfig.js"
import { TokenStoreError } from "../OAuthError.js"
import { TokenStore } from "./contract.js"

const Stored = Schema.parseJson(
  Schema.Struct({ value: Schema.String, generation: Schema.Int.pipe(Schema.positive()), expiresAt: Moment })
)

const Leased = Schema.parseJson(
  Schema.Struct({ owner: Schema.String, until: Moment, life: Schema.Number.pipe(Schema.nonNegative()) })
)

/** Text that cannot be decoded counts as absent: a store is a cache. */
const readAs = <A, I>(schema: Schema.Schema<A, I>) => (text: string): Option.Option<A> =>
  Schema.decodeUnknownOption(schema)(text)

const make = (fs: FileSystem.FileSystem, path: Path.Path, directory: string): TokenStore => {
  const failed = (operation: TokenStoreError["operation"]) => (error: PlatformError) =>
    new TokenStoreError({ operation, problem: storeFiles.problemOf(error) })
  const files = numberedFiles.make(fs, path, directory)
  const removeExpired = expiredEntries.make(
    fs,
    path,
    directory,
    files,
    (text) => Option.map(readAs(Stored)(text), ({ expiresAt }) => expiresAt)
  )

  const newestLease = (key: string) =>
    Effect.gen(function*() {
      const [number] = yield* files.numbers(key, "lease")
      const text = number === undefined ? Option.none() : yield* files.read(key, "lease", number)
      return { number: number ?? 0, lease: Option.flatMap(text, readAs(Leased)) }
    })

  const newestEntry = (key: string) =>
    Effect.gen(function*() {
      const [newest] = yield* files.numbers(key, "token")
      if (newest === undefined) return Option.none()
      const found = Option.flatMap(yield* files.read(key, "token", newest), readAs(Stored))
      // A file that cannot be read still counts, so that the next one gets a higher number.
      return Option.some({ ...Option.getOrElse(found, () => ({ value: "", expiresAt: 0 })), generation: newest })
    })

  const snapshot = (key: string) =>
    Effect.gen(function*() {
      const entry = yield* newestEntry(key)
      const { lease } = yield* newestLease(key)
      const now = yield* Clock.currentTimeMillis
      return { entry, leasedFor: Option.match(lease, { onNone: () => 0, onSome: (it) => leftOf(it, now) }), now }
    })

  const release = (key: string, owner: string) =>
    Effect.gen(function*() {
      const { lease, number } = yield* newestLease(key)
      if (Option.isNone(lease) || lease.value.owner !== owner) return
      // By a further lease, which has ended: a number that is free again could be that of another owner.
      yield* files.create(key, "lease", number + 1, JSON.stringify({ owner, until: 0, life: 0 }))
    })

  return {
    load: (key) => Effect.mapError(snapshot(key), failed("load")),
    swap: (key, generation, { expiresAt, value }, owner) =>
      Effect.gen(function*() {
        const [newest = 0] = yield* files.numbers(key, "token")
        const next = generation + 1
        const done = newest === generation &&
          (yield* files.create(key, "token", next, JSON.stringify({ value, expiresAt, generation: next })))
        if (done) yield* Effect.zipRight(files.removeDrafts(key), removeExpired(key))
        if (owner !== undefined) yield* release(key, owner)
        return { ...(yield* snapshot(key)), done }
      }).pipe(Effect.mapError(failed("swap"))),
    acquire: (key, owner, life) =>
      Effect.gen(function*() {
        const now = yield* Clock.currentTimeMillis
        const { lease, number } = yield* newestLease(key)
        const millis = Duration.toMillis(life)
        const isFree = Option.isNone(lease) || lease.value.owner === owner || leftOf(lease.value, now) === 0
        const done = isFree && (yield* files.create(
          key,
          "lease",
          number + 1,
          JSON.stringify({ owner, until: now + millis, life: millis })
        ))
        return { ...(yield* snapshot(key)), done }
      }).pipe(Effect.mapError(failed("acquire"))),
    release: (key, owner) => Effect.mapError(release(key, owner), failed("release"))
  }
}

/**
 * Provides a store of files in a directory, for the processes of one machine, such as a job that runs every hour.
 *
 * The directory is for its owner only (0700), and so are the files (0600). A directory of this user that others can write
 * to is made private, with a warning in the log. One that is a symbolic link, belongs to another user or is shared by all
 * (such as `/tmp`) is rejected: operations fail with a `TokenStoreError` that states what to change, and processes continue
 * without the store. Only regular files are opened, and files of other names are ignored.
 *
 * Files are created complete and nothing is locked: the process that creates the next numbered file wins, so a process
 * that ends blocks no other. Entries that expired a day ago are removed. The layer fails with an `InvalidConfig` when the
 * directory is not a path.
 *
 * @example
 * import { TokenStore } from "@effect-oauth/client-credentials"
 * import { NodeContext } from "@effect/platform-node"
 * import { Layer } from "effect"
 *
 * export const Store = TokenStore.layerFiles("/var/lib/nightly-job/tokens").pipe(Layer.provide(NodeContext.layer))
 *
 * @since 3.0.0
 * @category layers
 */
export const layerFiles = (
  directory: string
): Layer.Layer<TokenStore, InvalidConfig, FileSystem.FileSystem | Path.Path> =>
  Layer.effect(
    TokenStore,
    Effect.gen(function*() {
      yield* validate(fleetParts.storeFiles, { directory })
      return make(yield* FileSystem.FileSystem, yield* Path.Path, directory)
    })
  )
