/** Errors of the platform's file system. In Effect 4, what happened is a part of them. */
import { type PlatformError, systemError } from "effect/PlatformError"

/** There is no such file. */
export const absent = systemError({ _tag: "NotFound", module: "FileSystem", method: "readFileString" })

/** A file that cannot be written, with what the system reported; its description holds a path. */
export const failure = (reason: "AlreadyExists" | "Busy" | "PermissionDenied", cause?: unknown): PlatformError =>
  systemError({
    _tag: reason,
    module: "FileSystem",
    method: "writeFileString",
    description: "open '/a/path'",
    ...(cause === undefined ? {} : { cause })
  })
