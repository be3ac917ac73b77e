/**
 * The access token: what the authorization server issues and the API accepts.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import type * as Redacted from "effect/Redacted"

/**
 * An access token with the life that it was issued for (RFC 6749 section 5.1).
 *
 * Its value is `Redacted`: logging, inspecting or serialising the token prints `<redacted>`. To this library, as to any
 * client, the value is opaque (RFC 6749 section 1.4). Two tokens are equal when all their fields are.
 *
 * @example
 * import { AccessToken } from "@effect-oauth/client-credentials"
 * import { Redacted } from "effect"
 *
 * const token = new AccessToken.AccessToken({
 *   value: Redacted.make("2YotnFZFEjr1zCsicMWpAA"),
 *   scope: ["items:read"],
 *   requestedAt: 0,
 *   expiresAt: 86_400_000
 * })
 *
 * console.log(token) // the value is shown as <redacted>
 *
 * @since 0.1.0
 * @category models
 */
export class AccessToken extends Data.Class<{
  /** What goes into `Authorization: Bearer`. */
  readonly value: Redacted.Redacted<string>
  /** How it is to be used: as it is (RFC 6750), or with a proof (RFC 9449). Default: Bearer. */
  readonly type?: "Bearer" | "DPoP" | undefined
  /** The scope that was granted, when the server said so: it may be narrower than what was asked for. */
  readonly scope: ReadonlyArray<string> | undefined
  /** When the request for it was sent, in milliseconds since the epoch: its life is counted from here. */
  readonly requestedAt: number
  /** When the server ceases to accept it, in milliseconds since the epoch. */
  readonly expiresAt: number
}> {}
