/** Errors of the platform's file system. */
import { SystemError } from "@effect/platform/Error"

/** A missing file. */
export const absent = new SystemError({ module: "FileSystem", method: "readFileString", reason: "NotFound" })

/** A file that cannot be written, with the error of the system; its description contains a path. */
export const failure = (reason: "AlreadyExists" | "Busy" | "PermissionDenied", cause?: unknown): SystemError =>
  new SystemError({ module: "FileSystem", method: "writeFileString", reason, description: "open '/a/path'", cause })
