/** Errors of the platform's file system. In Effect 4, what happened is a part of them. */
import { systemError } from "effect/PlatformError"

/** There is no such file. */
export const absent = systemError({ _tag: "NotFound", module: "FileSystem", method: "readFileString" })
