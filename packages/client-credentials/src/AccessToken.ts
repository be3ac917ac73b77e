/**
 * Access tokens, as issued by the authorization server and accepted by the API.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-1.4 | RFC 6749 section 1.4}
 * @since 3.0.0
 */
import * as Data from "effect/Data"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"

/**
 * An access token with the lifetime that it was issued for (RFC 6749 section 5.1).
 *
 * Its value is `Redacted`: logging, inspecting or serializing the token prints `<redacted>`. Clients do not parse the
 * value (RFC 6749 section 1.4). Two tokens are equal if all their fields are equal.
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
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-5.1 | RFC 6749 section 5.1}
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-1.4 | RFC 6749 section 1.4}
 * @since 3.0.0
 * @category models
 */
export class AccessToken extends Data.Class<{
  /** Credential in `Authorization: Bearer`. */
  readonly value: Redacted.Redacted<string>
  /**
   * Type of the token: `Bearer` (RFC 6750), or `DPoP`, which requires a proof of possession (RFC 9449). Default:
   * `Bearer`.
   */
  readonly type?: "Bearer" | "DPoP" | undefined
  /** Granted scope, if the response states one. It may be narrower than the requested scope. */
  readonly scope: ReadonlyArray<string> | undefined
  /** Time of its token request in milliseconds since the epoch, at which its lifetime starts. */
  readonly requestedAt: number
  /** Expiry in milliseconds since the epoch. */
  readonly expiresAt: number
  /**
   * The other members of the token response, as JSON of at most 8,192 characters, such as `instance_url` of Salesforce;
   * absent when there are none. `membersOf` decodes them. They may be secret.
   */
  readonly members?: Redacted.Redacted<string> | undefined
}> {}

/**
 * Decodes further members of the token response (RFC 6749 section 5.1), such as the URL of the API. Returns `None` when
 * the response had no such members. A refresh token is never among them.
 *
 * @example
 * import { AccessToken, TokenCache } from "@effect-oauth/client-credentials"
 * import { Effect, Schema } from "effect"
 *
 * const Salesforce = Schema.Struct({ instance_url: Schema.String })
 *
 * export const instance = Effect.gen(function*() {
 *   const { get } = yield* TokenCache.TokenCache
 *   const { instance_url } = yield* AccessToken.membersOf(yield* get, Salesforce)
 *   return instance_url
 * })
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-5.1 | RFC 6749 section 5.1}
 * @since 3.0.0
 * @category accessors
 */
export const membersOf = <A, I>(token: AccessToken, schema: Schema.Schema<A, I>): Option.Option<A> =>
  token.members === undefined
    ? Option.none()
    : Schema.decodeUnknownOption(Schema.parseJson(schema))(Redacted.value(token.members))
