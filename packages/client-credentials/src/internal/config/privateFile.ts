/**
 * Reads files that contain keys, only if other users of the machine can neither read nor replace their content.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"

import { tagOf } from "../protocol/foreignError.js"

/** Maximum size of a file. Keys are short; a larger file is not a key file. */
const maxBytes = 65_536

/** Returns whether this platform supports file modes. */
export const hasModes = (): boolean => (globalThis as { process?: { platform?: string } }).process?.platform !== "win32"

/** Returns the content of the file, or fails with a description of the expected path. */
export const read = (fs: FileSystem.FileSystem, path: string): Effect.Effect<string, string> =>
  Effect.gen(function*() {
    const unreadable = (failure: unknown) => `the path of a file that can be read (${tagOf(failure)})`
    // A FIFO or a device could block the reader, so check the type first.
    const { mode, size, type } = yield* Effect.mapError(fs.stat(path), unreadable)
    if (type !== "File" || size > maxBytes) {
      return yield* Effect.fail("the path of a regular file that contains keys only")
    }
    if (hasModes() && (mode & 0o037) !== 0) {
      return yield* Effect.fail(
        "the path of a file that other users cannot read and its group cannot write: chmod 600 (in Kubernetes: " +
          "defaultMode 0400, or 0440 with fsGroup)"
      )
    }
    return yield* Effect.mapError(fs.readFileString(path), unreadable)
  })
