/**
 * Creates and classifies errors of the platform's file system.
 */
import * as Errors from "effect/PlatformError"

export type PlatformError = Errors.PlatformError

const isReason = ({ reason }: PlatformError, tag: Errors.SystemErrorTag): boolean => reason._tag === tag

export const isAbsent = (error: PlatformError): boolean => isReason(error, "NotFound")

export const isPresent = (error: PlatformError): boolean => isReason(error, "AlreadyExists")

/** Returns the error of a directory that is rejected. `problem` is shown in logs and errors, and contains no path. */
export const rejected = (problem: string): PlatformError =>
  Errors.systemError({ _tag: "PermissionDenied", module: "FileSystem", method: "stat", description: problem })

/** Returns the problem of a `rejected` directory; undefined for other errors. */
export const rejection = (error: PlatformError): string | undefined =>
  isReason(error, "PermissionDenied") && error.cause === undefined ? error.reason.description : undefined

/** Returns the error of a file that cannot be read, given the code of Node's error. */
export const unread = (code: string | undefined): PlatformError =>
  Errors.systemError({
    _tag: code === "ENOENT" ? "NotFound" : code === "EACCES" ? "PermissionDenied" : "Unknown",
    module: "FileSystem",
    method: "readFileString",
    description: code ?? "it cannot be read"
  })

/** Returns the kind of an error, such as `NotFound`. */
export const reasonOf = ({ reason }: PlatformError): string => reason._tag
