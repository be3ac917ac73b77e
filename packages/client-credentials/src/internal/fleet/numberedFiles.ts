/**
 * Files of a key in the file store. The files of a kind are numbered, without locks: the process that creates the file with
 * the next number wins, and a file appears whole or not at all.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

import { isAbsent, isPresent, type PlatformError } from "../seam/platformErrors.js"
import * as storeFiles from "./storeFiles.js"

/**
 * Number of files of a kind that are kept. A number is reused only after as many newer ones, so a process that was paused
 * before it created its file detects that it is late.
 */
const kept = 32

/** Age in milliseconds from which a draft is considered abandoned by a process that ended while writing. */
const oldDraft = 60_000

export interface NumberedFiles {
  /** Returns the folder of a key. */
  readonly folder: (key: string) => string
  /** Returns the numbers of the files of a kind, the newest first. */
  readonly numbers: (key: string, kind: storeFiles.Kind) => Effect.Effect<ReadonlyArray<number>, PlatformError>
  /** Returns the content of a file; none if there is no such file, or its name belongs to something else. */
  readonly read: (
    key: string,
    kind: storeFiles.Kind,
    number: number
  ) => Effect.Effect<Option.Option<string>, PlatformError>
  /** Creates the file with a number, unless there is or was one, and returns whether it did. */
  readonly create: (
    key: string,
    kind: storeFiles.Kind,
    number: number,
    content: string
  ) => Effect.Effect<boolean, PlatformError>
  /** Removes the drafts of processes that ended while writing. */
  readonly removeDrafts: (key: string) => Effect.Effect<void>
}

/** Creates each directory separately: on Linux, `recursive` never returns where none can be created, as in `/proc`. */
const makeDirectory = (
  fs: FileSystem.FileSystem,
  path: Path.Path,
  wanted: string
): Effect.Effect<void, PlatformError> => {
  const parent = path.dirname(wanted)
  const make = Effect.catchIf(fs.makeDirectory(wanted, { mode: 0o700 }), isPresent, () => Effect.void)
  return parent === wanted
    ? make
    : Effect.catchIf(make, isAbsent, () => Effect.zipRight(makeDirectory(fs, path, parent), make))
}

export const make = (fs: FileSystem.FileSystem, path: Path.Path, directory: string): NumberedFiles => {
  const folder = (key: string) => path.join(directory, key)
  const file = (key: string, kind: storeFiles.Kind, number: number) => path.join(folder(key), `${kind}-${number}`)
  const newDraft = (key: string) => path.join(folder(key), `draft-${crypto.randomUUID()}`)

  const numbers = (key: string, kind: storeFiles.Kind) =>
    storeFiles.checkDirectory(fs, path.resolve(directory)).pipe(
      Effect.zipRight(storeFiles.checkDirectory(fs, path.resolve(folder(key)))),
      Effect.zipRight(fs.readDirectory(folder(key))),
      Effect.catchIf(isAbsent, () => Effect.succeed([])),
      Effect.map((names) =>
        names.flatMap((name) => storeFiles.numberOf(name, kind) ?? []).sort((one, other) => other - one)
      )
    )

  /** Renames all files if a foreign file has the highest number, so that the next one has number 1 again. */
  const putAside = (key: string, kind: storeFiles.Kind) =>
    Effect.flatMap(
      numbers(key, kind),
      Effect.forEach((old) => Effect.ignore(fs.rename(file(key, kind, old), newDraft(key))), { discard: true })
    )

  /** Creates a file by a link from a draft: it appears whole, and only once. */
  const link = (key: string, target: string, content: string) => {
    const draft = newDraft(key)
    return fs.writeFileString(draft, content, { flag: "wx", mode: 0o600 }).pipe(
      Effect.zipRight(fs.link(draft, target)),
      Effect.as(true),
      Effect.catchIf(isPresent, () => Effect.succeed(false)),
      Effect.ensuring(Effect.ignore(fs.remove(draft, { force: true })))
    )
  }

  return {
    folder,
    numbers,
    read: (key, kind, number) => storeFiles.readText(fs, file(key, kind, number)),
    create: (key, kind, number, content) =>
      Effect.gen(function*() {
        if (number > storeFiles.highestNumber) return yield* Effect.as(putAside(key, kind), false)
        yield* makeDirectory(fs, path, folder(key))
        if (!(yield* link(key, file(key, kind, number), content))) return false
        const all = yield* numbers(key, kind)
        if ((all[0] ?? number) - number >= kept) return false
        yield* Effect.forEach(
          all.filter((old) => old <= number - kept),
          (old) => Effect.ignore(fs.remove(file(key, kind, old), { force: true })),
          { discard: true }
        )
        return true
      }),
    removeDrafts: (key) =>
      Effect.gen(function*() {
        const before = (yield* Clock.currentTimeMillis) - oldDraft
        for (const name of yield* fs.readDirectory(folder(key))) {
          if (!name.startsWith("draft-")) continue
          const draft = path.join(folder(key), name)
          yield* Effect.ignore(Effect.flatMap(fs.stat(draft), ({ mtime }) =>
            Option.isSome(mtime) && mtime.value.getTime() < before ? fs.remove(draft, { force: true }) : Effect.void))
        }
      }).pipe(Effect.ignore)
  }
}
