/**
 * Files that hold a key: read only when other users of the machine can neither read nor replace what is in them.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"

import { tagOf } from "../protocol/foreignError.js"

/** Keys are short; a file beyond this is another one. */
const maxBytes = 65_536

/** Whether the modes of files mean anything here. */
export const hasModes = (): boolean => (globalThis as { process?: { platform?: string } }).process?.platform !== "win32"

/** The text of the file, or what the path should be instead. */
export const read = (fs: FileSystem.FileSystem, path: string): Effect.Effect<string, string> =>
  Effect.gen(function*() {
    const unreadable = (failure: unknown) => `the path of a file that can be read (${tagOf(failure)})`
    // A FIFO or a device could block the reader, so what it is comes first.
    const { mode, size, type } = yield* Effect.mapError(fs.stat(path), unreadable)
    if (type !== "File" || size > maxBytes) return yield* Effect.fail("the path of a regular file that holds keys only")
    if (hasModes() && (mode & 0o037) !== 0) {
      return yield* Effect.fail(
        "the path of a file that other users cannot read and its group cannot write: chmod 600 (in Kubernetes: " +
          "defaultMode 0400, or 0440 with fsGroup)"
      )
    }
    return yield* Effect.mapError(fs.readFileString(path), unreadable)
  })
