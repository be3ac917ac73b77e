/** Errors of the platform's file system. */
import { SystemError } from "@effect/platform/Error"

/** There is no such file. */
export const absent = new SystemError({ module: "FileSystem", method: "readFileString", reason: "NotFound" })
