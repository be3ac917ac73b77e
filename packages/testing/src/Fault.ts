/**
 * Faults of servers and networks, as data: responses, delays, broken connections, wrong clocks.
 *
 * @since 3.0.0
 */
import type * as Duration from "effect/Duration"

/**
 * A fault of one request: a string, or the result of a function of this module.
 *
 * The client repeats a token request once, at once, after one reset: pass two to `faults.next` for a failure that the
 * program sees.
 *
 * @example
 * import { TestAuthorizationServer } from "@effect-oauth/testing"
 * import { Effect } from "effect"
 *
 * export const unreachable = Effect.flatMap(
 *   TestAuthorizationServer.TestAuthorizationServer,
 *   ({ faults }) => faults.next("reset", "reset")
 * )
 *
 * @since 3.0.0
 * @category models
 */
export type Fault =
  /** The server returns this response instead. */
  | {
    readonly _tag: "Answer"
    readonly status: number
    readonly body: string | Uint8Array
    readonly headers: Readonly<Record<string, string>>
  }
  /** The response is late, by the `Clock`. */
  | { readonly _tag: "Delay"; readonly duration: Duration.DurationInput }
  /** The server receives the request and never responds. */
  | "hang"
  /** The connection is reset before a response (ECONNRESET). */
  | "reset"
  /**
   * The connection is refused (ECONNREFUSED). For servers in memory only: on sockets, a request arrives after its connection
   * was accepted, so close the servers for connections that are refused.
   */
  | "refuse"
  /**
   * The connection breaks in the middle of the body, which is shorter than its `Content-Length`; before a response that has no
   * body.
   */
  | "cutShort"
  /** The server returns the token again that it issued last. */
  | "sameToken"
  /** The clock of the server is ahead by this much, or behind if negative, in milliseconds; so is `Date` of the response. */
  | { readonly _tag: "ClockOffset"; readonly millis: number }

/**
 * A fault with the requests that it applies to.
 *
 * @example
 * import { Fault, TestAuthorizationServer } from "@effect-oauth/testing"
 * import { Effect } from "effect"
 *
 * export const noRevocation = Effect.flatMap(
 *   TestAuthorizationServer.TestAuthorizationServer,
 *   ({ faults }) => faults.next({ fault: Fault.unavailable(), endpoint: "revocation", times: "always" })
 * )
 *
 * @since 3.0.0
 * @category models
 */
export interface Targeted {
  readonly fault: Fault
  /** The number of requests. Default: 1. */
  readonly times?: number | "always" | undefined
  /** The endpoint of the authorization server. Default: any, also a path that is none (`none`). */
  readonly endpoint?: "token" | "revocation" | "introspection" | "metadata" | "jwks" | "none" | undefined
  /** The path, or its beginning with `*` at the end. Default: any. */
  readonly path?: string | undefined
  /** The method. Default: any. */
  readonly method?: string | undefined
}

/**
 * Returns a fault with another response: status, body and headers. Bytes are sent unchanged, such as a compressed body.
 *
 * @example
 * import { Fault } from "@effect-oauth/testing"
 *
 * export const busy = Fault.answer(429, "", { "retry-after": "30" })
 *
 * @since 3.0.0
 * @category constructors
 */
export const answer = (
  status: number,
  body: string | Uint8Array = "",
  headers: Readonly<Record<string, string>> = {}
): Fault => ({
  _tag: "Answer",
  status,
  body,
  headers
})

/**
 * Returns a fault with an OAuth error response (RFC 6749 section 5.2).
 *
 * @example
 * import { Fault } from "@effect-oauth/testing"
 *
 * export const locked = Fault.oauthError("invalid_client", 401)
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-5.2 | RFC 6749 section 5.2}
 * @since 3.0.0
 * @category constructors
 */
export const oauthError = (error: string, status = 400): Fault =>
  answer(status, JSON.stringify({ error }), { "content-type": "application/json" })

/**
 * Returns a fault of a temporarily unavailable server: 503, with `Retry-After` if seconds are given.
 *
 * @since 3.0.0
 * @category constructors
 */
export const unavailable = (retryAfterSeconds?: number): Fault =>
  answer(503, "", retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) })

/**
 * Returns a fault with a delayed response.
 *
 * @since 3.0.0
 * @category constructors
 */
export const delay = (duration: Duration.DurationInput): Fault => ({ _tag: "Delay", duration })

/**
 * Returns a fault of a server whose clock is ahead, or behind by a negative number of milliseconds.
 *
 * @since 3.0.0
 * @category constructors
 */
export const clockOffset = (millis: number): Fault => ({ _tag: "ClockOffset", millis })
