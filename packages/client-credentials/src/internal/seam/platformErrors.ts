/**
 * The errors of the platform's file system: made and told apart.
 */
import { type PlatformError as Any, SystemError } from "@effect/platform/Error"

export type PlatformError = Any

const isReason = (error: PlatformError, reason: SystemError["reason"]): error is SystemError =>
  error._tag === "SystemError" && error.reason === reason

export const isAbsent = (error: PlatformError): boolean => isReason(error, "NotFound")

export const isPresent = (error: PlatformError): boolean => isReason(error, "AlreadyExists")

/** A directory that is not used. The text is for the log and for errors, and holds no path. */
export const refused = (problem: string): PlatformError =>
  new SystemError({ module: "FileSystem", method: "stat", reason: "PermissionDenied", description: problem })

/** What a `refused` directory should be instead; undefined for other errors. */
export const refusal = (error: PlatformError): string | undefined =>
  isReason(error, "PermissionDenied") && error.cause === undefined ? error.description : undefined

/** A file that cannot be read, by the code of Node's error. */
export const unread = (code: string | undefined): PlatformError =>
  new SystemError({
    module: "FileSystem",
    method: "readFileString",
    reason: code === "ENOENT" ? "NotFound" : code === "EACCES" ? "PermissionDenied" : "Unknown",
    description: code ?? "it cannot be read"
  })

/** The kind of error, such as `NotFound`. */
export const reasonOf = (error: PlatformError): string => error._tag === "SystemError" ? error.reason : error._tag
