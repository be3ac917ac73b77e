/**
 * Exit codes of the command: one for each kind of outcome.
 *
 * @since 0.1.0
 */

/**
 * The exit codes of `effect-oauth`. For responses of the API, they are those of HTTPie with `--check-status`; for programs that
 * cannot be run, those of a shell. `exec` ends with the exit code of its program, or 128 and the number of the signal that ended
 * it.
 *
 * @example
 * import * as ExitCode from "@effect-oauth/cli/ExitCode"
 *
 * console.log(ExitCode.codes.budget) // 16
 *
 * @since 0.1.0
 * @category constants
 */
export const codes = {
  success: 0,
  /** An error in this program. */
  unexpected: 1,
  /** Invalid arguments. */
  usage: 2,
  /** The API returned 3xx; redirects are not followed. */
  redirected: 3,
  /** The API returned 4xx. */
  rejected: 4,
  /** The API returned 5xx. */
  failed: 5,
  /** Settings, or the profile, are missing or wrong. */
  configuration: 10,
  /** The secret or the key could not be read. */
  credential: 11,
  /** The authorization server cannot be reached, or its response is not valid. */
  authorizationServer: 12,
  /** A certificate is not trusted. */
  certificate: 13,
  /** The authorization server rejected the client, or its token request. */
  unauthorized: 14,
  /** The metadata of the issuer cannot be used. */
  discovery: 15,
  /** The budget of token requests is exhausted. */
  budget: 16,
  /** The token is not meant for that origin or path. */
  origin: 17,
  /** The API requires a scope, claims or an authentication that the token lacks. */
  scope: 18,
  /** The API cannot be reached. */
  api: 19,
  /** A file could not be read or written. */
  file: 20,
  /** `doctor` found a problem, or the API did not return 2xx. */
  unwell: 21,
  /** The program of `exec` cannot be executed. */
  notExecutable: 126,
  /** The program of `exec` does not exist. */
  notFound: 127,
  /** Interrupted, by Ctrl-C. */
  interrupted: 130,
  /** The reader of standard output closed the pipe, as `head` does. */
  brokenPipe: 141,
  /** Terminated by SIGTERM. */
  terminated: 143
} as const
