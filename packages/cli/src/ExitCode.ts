/**
 * What the command says to the shell when it ends: a number of its own for each kind of outcome.
 *
 * @since 0.1.0
 */

/**
 * The exit codes of `effect-oauth`. Those of answers of the API are those of HTTPie with `--check-status`.
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
  /** A mistake of this program. */
  unexpected: 1,
  /** Arguments that cannot be understood. */
  usage: 2,
  /** The API answered with 3xx; redirects are not followed. */
  redirected: 3,
  /** The API answered with 4xx. */
  refused: 4,
  /** The API answered with 5xx. */
  failed: 5,
  /** Settings, or the profile, are missing or wrong. */
  configuration: 10,
  /** The secret or the key could not be read. */
  credential: 11,
  /** The authorization server cannot be reached, or does not answer as one. */
  authorizationServer: 12,
  /** A certificate is not trusted. */
  certificate: 13,
  /** The authorization server refused the client, or what it asked for. */
  unauthorized: 14,
  /** The metadata of the issuer cannot be used. */
  discovery: 15,
  /** As many tokens were asked for as allowed. */
  budget: 16,
  /** The token is not meant for that origin or path. */
  origin: 17,
  /** The API requires a scope, claims or an authentication that the token lacks. */
  scope: 18,
  /** The API cannot be reached. */
  api: 19,
  /** A file could not be read or written. */
  file: 20,
  /** `doctor` found a problem, or the API did not answer the call with 2xx. */
  unwell: 21,
  /** Interrupted, by Ctrl-C. */
  interrupted: 130,
  /** Told to end. */
  terminated: 143
} as const
