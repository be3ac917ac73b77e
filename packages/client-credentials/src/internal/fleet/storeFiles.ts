/**
 * Directories and files of the file store: validation of permissions, and recognition of the store's own files.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

import * as platformErrors from "../seam/platformErrors.js"

type PlatformError = platformErrors.PlatformError

/** Highest number of a file. At one token per second, it is reached after thirty years. */
export const highestNumber = 999_999_999

export type Kind = "token" | "lease"

/** Returns the number of one of the store's own files; undefined for any other file name. */
export const numberOf = (name: string, kind: Kind): number | undefined => {
  const [prefix, number = "", ...more] = name.split("-")
  return prefix === kind && more.length === 0 && /^[1-9]\d{0,8}$/.test(number) ? Number(number) : undefined
}

/** Maximum size of an entry. Entries are some kilobytes; a larger file is not an entry. */
const maxBytes = 4_194_304

const process = (): { readonly getuid?: () => number } =>
  (globalThis as { process?: { getuid?: () => number } }).process ?? {}

/** Returns the user that this process runs as; undefined on platforms where files have no owner. */
const ownUser = (): number | undefined => process().getuid?.()

/** Returns the code of the system error, such as `ENOSPC`, or the fix for a rejected directory; without a path. */
export const problemOf = (error: PlatformError): string => {
  const rejected = platformErrors.rejection(error)
  if (rejected !== undefined) return rejected
  const { code } = (typeof error.cause === "object" && error.cause !== null ? error.cause : {}) as { code?: unknown }
  if (typeof code === "string" && /^[A-Z][A-Z0-9]{1,30}$/.test(code)) return code
  return platformErrors.reasonOf(error)
}

const isLink = (fs: FileSystem.FileSystem, path: string) => Effect.isSuccess(fs.readLink(path))

/**
 * Rejects a directory that is a symbolic link, belongs to another user or is shared by all users. Makes a directory of this
 * user that others can write to private, with a warning. Accepts a missing directory.
 */
export const checkDirectory = (fs: FileSystem.FileSystem, path: string): Effect.Effect<void, PlatformError> =>
  Effect.gen(function*() {
    const user = ownUser()
    if (user === undefined) return
    if (yield* isLink(fs, path)) {
      return yield* platformErrors.rejected(
        "its directory is a symbolic link: configure the path that the link points to"
      )
    }
    const found = yield* Effect.catchIf(
      Effect.asSome(fs.stat(path)),
      platformErrors.isAbsent,
      () => Effect.succeed(Option.none())
    )
    if (Option.isNone(found)) return
    const { mode, type, uid } = found.value
    if (type !== "Directory") return
    const owner = Option.getOrElse(uid, () => user)
    if (owner !== user && owner !== 0 && user !== 0) {
      return yield* platformErrors.rejected("its directory belongs to another user: configure a directory of this user")
    }
    if ((mode & 0o022) === 0) return
    if (owner !== user || (mode & 0o1000) !== 0) {
      return yield* platformErrors.rejected(
        "others can write to its directory: configure a directory inside it, which is then made private"
      )
    }
    yield* fs.chmod(path, 0o700)
    yield* Effect.logWarning(
      "Other users could write to the directory of the token store. It was made private (mode 0700)."
    )
  })

/**
 * Returns the content of a file; none if there is no regular file. A FIFO or a device is never opened, since that could
 * block for ever and keep the process from exiting. A file that others can access is made private.
 */
export const readText = (
  fs: FileSystem.FileSystem,
  path: string
): Effect.Effect<Option.Option<string>, PlatformError> =>
  Effect.gen(function*() {
    if (yield* isLink(fs, path)) return Option.none()
    const { mode, size, type } = yield* fs.stat(path)
    if (type !== "File" || size > maxBytes) return Option.none()
    if (ownUser() !== undefined && (mode & 0o077) !== 0) {
      yield* Effect.ignore(fs.chmod(path, 0o600))
      if ((mode & 0o022) !== 0) {
        yield* Effect.logWarning(
          "Other users could write to a file of the token store. It was made private (mode 0600)."
        )
      }
    }
    return yield* Effect.asSome(fs.readFileString(path))
  }).pipe(Effect.catchIf(platformErrors.isAbsent, () => Effect.succeed(Option.none())))
