/**
 * The errors of the platform's file system: made and told apart.
 */
import * as Errors from "effect/PlatformError"

export type PlatformError = Errors.PlatformError

const isReason = ({ reason }: PlatformError, tag: Errors.SystemErrorTag): boolean => reason._tag === tag

export const isAbsent = (error: PlatformError): boolean => isReason(error, "NotFound")

export const isPresent = (error: PlatformError): boolean => isReason(error, "AlreadyExists")

/** A directory that is not used. The text is for the log and for errors, and holds no path. */
export const refused = (problem: string): PlatformError =>
  Errors.systemError({ _tag: "PermissionDenied", module: "FileSystem", method: "stat", description: problem })

/** What a `refused` directory should be instead; undefined for other errors. */
export const refusal = (error: PlatformError): string | undefined =>
  isReason(error, "PermissionDenied") && error.cause === undefined ? error.reason.description : undefined

/** A file that cannot be read, by the code of Node's error. */
export const unread = (code: string | undefined): PlatformError =>
  Errors.systemError({
    _tag: code === "ENOENT" ? "NotFound" : code === "EACCES" ? "PermissionDenied" : "Unknown",
    module: "FileSystem",
    method: "readFileString",
    description: code ?? "it cannot be read"
  })

/** The kind of error, such as `NotFound`. */
export const reasonOf = ({ reason }: PlatformError): string => reason._tag
