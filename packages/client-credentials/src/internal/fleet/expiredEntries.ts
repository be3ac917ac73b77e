/**
 * Removes expired entries from the file store, a few at a time. Keys change with secrets and requests, so the entries of past
 * keys are never replaced.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

import type { NumberedFiles } from "./numberedFiles.js"

/** Names that `TokenSeal` creates for keys. Folders with other names are never removed. */
const sealedName = /^[0-9a-f]{64}$/

/** Interval between two searches for expired entries, in milliseconds. */
const searchEvery = 3_600_000
const keptAfterExpiry = 86_400_000

/** Number of folders that are examined in each search. */
const searched = 50

/**
 * Returns an effect to run after an entry was written, which removes some of the entries that expired a day ago.
 * `expiresAt` reads the expiry from the content of an entry, in milliseconds since the epoch.
 */
export const make = (
  fs: FileSystem.FileSystem,
  path: Path.Path,
  directory: string,
  files: NumberedFiles,
  expiresAt: (text: string) => Option.Option<number>
) => {
  // Position and time of the next search. Each process starts at a different folder.
  const search = { from: 0, at: 0 }

  const hasExpired = (key: string, now: number) =>
    Effect.gen(function*() {
      const [newest] = yield* files.numbers(key, "token")
      const text = newest === undefined ? Option.none() : yield* files.read(key, "token", newest)
      const { mtime } = yield* fs.stat(files.folder(key))
      const changedAt = Option.match(mtime, { onNone: () => now, onSome: (date) => date.getTime() })
      const end = Math.max(changedAt, Option.getOrElse(Option.flatMap(text, expiresAt), () => changedAt))
      return now >= end + keptAfterExpiry
    })

  /** Renames the folder first, so that processes that read at the same time find the whole folder or none. */
  const remove = (key: string) => {
    const aside = path.join(directory, `expired-${crypto.randomUUID()}`)
    return Effect.zipRight(
      fs.rename(files.folder(key), aside),
      fs.remove(aside, { recursive: true, force: true })
    )
  }

  return (written: string): Effect.Effect<void> =>
    Effect.gen(function*() {
      const now = yield* Clock.currentTimeMillis
      if (now < search.at) return
      search.at = now + searchEvery
      const folders = (yield* fs.readDirectory(directory)).filter((name) => sealedName.test(name)).sort()
      if (search.from >= folders.length) search.from = 0
      const some = folders.slice(search.from, search.from + searched).filter((key) => key !== written)
      search.from += searched
      yield* Effect.forEach(
        some,
        (key) => Effect.ignore(Effect.flatMap(hasExpired(key, now), (expired) => expired ? remove(key) : Effect.void)),
        { discard: true }
      )
    }).pipe(Effect.ignore)
}
