/**
 * Token requests as data: everything that determines a token except the credential.
 *
 * **When to use**
 *
 * Use `withOverrides` for calls that need another scope, audience or resource than the configured one.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-4.4.2 | RFC 6749 section 4.4.2}
 * @see {@link https://www.rfc-editor.org/rfc/rfc8707#section-2 | RFC 8707 section 2}
 * @see {@link https://www.rfc-editor.org/rfc/rfc9396#section-2 | RFC 9396 section 2}
 * @since 3.0.0
 */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

import { isPrintable } from "./internal/protocol/options.js"
import * as parameters from "./internal/protocol/requestParameters.js"
import { shown } from "./internal/protocol/urls.js"
import { InvalidConfig } from "./InvalidConfig.js"

/**
 * A token request in its canonical form. Two requests for the same token are equal, whatever the order in which their
 * scopes, resources, parameters and the members of authorization details were written. Token caches and token
 * stores use the whole request as the key: a field that is added here is part of the key.
 *
 * @since 3.0.0
 * @category models
 */
export class TokenRequest extends Data.Class<{
  /** The issuer identifier of the authorization server (RFC 8414 section 2), as it was written. */
  readonly issuer: string | undefined
  /** The token endpoint, with its query; undefined when the metadata of the issuer states it. */
  readonly tokenUrl: string | undefined
  /** Client id; empty for a client that is identified by its grant. */
  readonly clientId: string
  /** The method of client authentication; undefined when it is chosen by what the server supports. */
  readonly clientAuthentication: string | undefined
  /** The grant (RFC 6749 section 1.3): its type, then the parameters that belong to it, sorted by name, as a form. */
  readonly grant: string
  /** The token of the user on whose behalf the call is made (`Grant.onBehalfOf`). */
  readonly subject: Redacted.Redacted<string> | undefined
  /** The format of the body. */
  readonly requestFormat: "form" | "json"
  readonly audience: string | undefined
  /** Sorted, each name once, separated by spaces (RFC 6749 section 3.3); empty when none is requested. */
  readonly scope: string
  /** Sorted, each once, separated by spaces, which no URI contains (RFC 8707 section 2); empty when none is requested. */
  readonly resource: string
  /** RFC 9396, as JSON with the members of each object sorted by name; empty when there are none. */
  readonly authorizationDetails: string
  /** Further parameters, sorted by name, as a form. */
  readonly parameters: string
  /** The thumbprint of the key that tokens are bound to (RFC 9449 section 6.1); undefined for bearer tokens. */
  readonly dpopThumbprint: string | undefined
  /**
   * The thumbprint of the client certificate that tokens are bound to (RFC 8705 section 3.1), which the token cache sets;
   * undefined where tokens are not bound to one, or no certificate is known (`NodeTls` provides it).
   */
  readonly certificateThumbprint: string | undefined
}> {
  /** The origin and the path of the token endpoint, or else the issuer, as errors show it. */
  get endpoint(): string {
    return this.tokenUrl === undefined ? this.issuer ?? "" : shown(this.tokenUrl)
  }
}

/**
 * The parameters that may differ between tokens of the same client. An absent one stays as it is configured.
 *
 * @since 3.0.0
 * @category models
 */
export interface Overrides {
  readonly audience?: string | undefined
  /** Scopes, as a list or separated by spaces (RFC 6749 section 3.3). */
  readonly scope?: string | ReadonlyArray<string> | undefined
  /** Resource indicators: absolute URIs (RFC 8707 section 2), as a list or separated by spaces. */
  readonly resource?: string | ReadonlyArray<string> | undefined
  /**
   * Authorization details (RFC 9396 section 2): objects with a `type`. They replace all that are configured. The order of
   * the list matters, the order of the members of an object does not.
   */
  readonly authorizationDetails?: ReadonlyArray<{ readonly type: string; readonly [name: string]: unknown }> | undefined
  /**
   * Further parameters of the server, in any order. They replace all that are configured. They cannot replace those above,
   * nor credentials.
   */
  readonly parameters?: Readonly<Record<string, string>> | undefined
  /**
   * Parameters in addition to the configured ones, such as those that an API requires for one call
   * (`InsufficientClaims.overrides`). A configured parameter with the same name is replaced. Those of an outer
   * `withOverrides` are kept.
   */
  readonly additionalParameters?: Readonly<Record<string, string>> | undefined
  /** The token of a user on whose behalf the calls are made: see `Grant.onBehalfOf`. */
  readonly onBehalfOf?: Redacted.Redacted<string> | undefined
}

/**
 * The overrides of the calls of a program; none without `withOverrides`.
 *
 * @internal
 */
export class CurrentOverrides extends Context.Reference<CurrentOverrides>()(
  "@effect-oauth/client-credentials/TokenRequest/CurrentOverrides",
  { defaultValue: (): Overrides => ({}) }
) {}

/** Returns the problems of the token of a user, which no protocol module can read. */
const subjectProblems = ({ onBehalfOf }: Overrides) =>
  onBehalfOf === undefined || (Redacted.isRedacted(onBehalfOf) && isPrintable(Redacted.value(onBehalfOf)))
    ? []
    : [{ setting: "onBehalfOf", expected: "the token of a user in a Redacted string (Redacted.make)" }]

/**
 * Makes the calls of a program with tokens of other requests, for example with a scope that only this part needs
 * (RFC 9700 section 2.3 recommends no more than necessary). Such tokens are cached beside the usual one, each under its
 * whole request, so that no call carries the token of another request. Within another `withOverrides`, the inner one
 * prevails, option by option, and additional parameters add up; an option that is undefined changes nothing.
 *
 * Fails with `InvalidConfig` for a parameter that the standards do not allow, and for an unknown option.
 *
 * @example
 * import { ApiClient, TokenRequest } from "@effect-oauth/client-credentials"
 * import { Effect } from "effect"
 *
 * export const removed = Effect.flatMap(ApiClient.ApiClient, (api) => api.del("/items/SKU-1")).pipe(
 *   TokenRequest.withOverrides({ scope: "items:write" })
 * )
 *
 * @example
 * // A token of an organization, as Auth0 issues them: one in the cache for each.
 * import { ApiClient, TokenRequest } from "@effect-oauth/client-credentials"
 * import { Effect } from "effect"
 *
 * export const itemsOf = (organization: string) =>
 *   Effect.flatMap(ApiClient.ApiClient, (api) => api.get("/items")).pipe(
 *     TokenRequest.withOverrides({ parameters: { organization } })
 *   )
 *
 * @since 3.0.0
 * @category combinators
 */
export const withOverrides =
  (overrides: Overrides) => <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E | InvalidConfig, R> =>
    Effect.suspend((): Effect.Effect<A, E | InvalidConfig, R> => {
      const found = parameters.overrideProblems(overrides)
      const problems = found.length > 0 ? found : subjectProblems(overrides)
      return problems.length > 0
        ? new InvalidConfig({ problems })
        : Effect.flatMap(CurrentOverrides, (outer) =>
          Effect.provideService(self, CurrentOverrides, {
            ...outer,
            ...Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== undefined)),
            ...(overrides.additionalParameters === undefined
              ? {}
              : { additionalParameters: { ...outer.additionalParameters, ...overrides.additionalParameters } })
          }))
    })
