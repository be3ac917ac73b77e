/**
 * Errors of standard output and standard error, for every way through this program.
 */
import { codes } from "../ExitCode.js"

/** Reports the error unless it is a closed pipe, and returns the exit code. */
const reported = ({ code = "no code" }: NodeJS.ErrnoException): number => {
  // A reader that closes the pipe early, such as head, is not an error. Tools of shells are ended by SIGPIPE, which Node ignores.
  if (code === "EPIPE") return codes.brokenPipe
  process.stderr.write(`error: Standard output could not be written (${code}).\n`)
  return codes.file
}

/**
 * Calls `end` with the exit code when standard output can no longer be written. Errors of standard error are ignored: the
 * program continues without its messages.
 */
export const watch = (end: (exitCode: number) => void): void => {
  let isLost = false
  process.stdout.on("error", (error) => {
    if (isLost) return
    isLost = true
    end(reported(error))
  })
  process.stderr.on("error", () => {})
}
