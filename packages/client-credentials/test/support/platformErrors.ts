/** Errors of the platform's file system. */
import { SystemError } from "@effect/platform/Error"

/** There is no such file. */
export const absent = new SystemError({ module: "FileSystem", method: "readFileString", reason: "NotFound" })

/** A file that cannot be written, with what the system reported; its description holds a path. */
export const failure = (reason: "Busy" | "PermissionDenied", cause?: unknown): SystemError =>
  new SystemError({ module: "FileSystem", method: "writeFileString", reason, description: "open '/a/path'", cause })
