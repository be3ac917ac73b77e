/**
 * Creates and classifies errors of the platform's file system.
 */
import { type PlatformError as Any, SystemError } from "@effect/platform/Error"

export type PlatformError = Any

const isReason = (error: PlatformError, reason: SystemError["reason"]): error is SystemError =>
  error._tag === "SystemError" && error.reason === reason

export const isAbsent = (error: PlatformError): boolean => isReason(error, "NotFound")

export const isPresent = (error: PlatformError): boolean => isReason(error, "AlreadyExists")

/** Returns the error of a directory that is rejected. `problem` is shown in logs and errors, and contains no path. */
export const rejected = (problem: string): PlatformError =>
  new SystemError({ module: "FileSystem", method: "stat", reason: "PermissionDenied", description: problem })

/** Returns the problem of a `rejected` directory; undefined for other errors. */
export const rejection = (error: PlatformError): string | undefined =>
  isReason(error, "PermissionDenied") && error.cause === undefined ? error.description : undefined

/** Returns the error of a file that cannot be read, given the code of Node's error. */
export const unread = (code: string | undefined): PlatformError =>
  new SystemError({
    module: "FileSystem",
    method: "readFileString",
    reason: code === "ENOENT" ? "NotFound" : code === "EACCES" ? "PermissionDenied" : "Unknown",
    description: code ?? "it cannot be read"
  })

/** Returns the kind of an error, such as `NotFound`. */
export const reasonOf = (error: PlatformError): string => error._tag === "SystemError" ? error.reason : error._tag
