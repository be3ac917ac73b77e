/**
 * What is asked of a token endpoint, as data: everything that shapes a token request (RFC 6749 section 4.4.2) except the
 * secret that proves who asks.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"

import * as parameters from "./internal/parameters.js"
import { InvalidConfig } from "./InvalidConfig.js"

/**
 * The two ways to present a client secret (RFC 6749 section 2.3.1), by their registered names (RFC 7591 section 2).
 *
 * @since 0.1.0
 * @category models
 */
export type ClientAuthentication = "client_secret_post" | "client_secret_basic"

/**
 * How the token request is written.
 *
 * @since 0.1.0
 * @category models
 */
export type RequestFormat = "form" | "json"

/**
 * A token request in its canonical form. Two requests that ask for the same are equal, whatever the order in which
 * their scopes were written, so a cache can use it as a key.
 *
 * @example
 * import { TokenRequest } from "@effect-oauth/client-credentials"
 * import { Equal } from "effect"
 *
 * const request = TokenRequest.make({ tokenUrl: "https://auth.example.com/oauth/token", clientId: "inventory-sync" })
 * const one = TokenRequest.change(request, { scope: ["items:read", "items:write"] })
 * const other = TokenRequest.change(request, { scope: ["items:write", "items:read", "items:read"] })
 *
 * console.log(Equal.equals(one, other)) // true
 *
 * @since 0.1.0
 * @category models
 */
export class TokenRequest extends Data.Class<{
  /** The token endpoint, with its query. */
  readonly tokenUrl: string
  readonly clientId: string
  readonly clientAuthentication: ClientAuthentication
  readonly requestFormat: RequestFormat
  readonly audience: string | undefined
  /** Sorted, each name once, separated by spaces (RFC 6749 section 3.3); empty when none is asked for. */
  readonly scope: string
  /** Sorted, each once, separated by spaces, which no URI contains (RFC 8707 section 2); empty when none is asked for. */
  readonly resource: string
}> {
  /** The origin and the path of the token endpoint, as errors show it. */
  get endpoint(): string {
    const { origin, pathname } = new URL(this.tokenUrl)
    return origin + pathname
  }
}

/**
 * What may differ from one token to the next of the same client. What is left out stays as it was configured.
 *
 * @since 0.1.0
 * @category models
 */
export interface Change {
  readonly audience?: string | undefined
  /** Scopes, as a list or separated by spaces (RFC 6749 section 3.3). */
  readonly scope?: string | ReadonlyArray<string> | undefined
  /** Resource indicators: absolute URIs (RFC 8707 section 2), as a list or separated by spaces. */
  readonly resource?: string | ReadonlyArray<string> | undefined
}

/**
 * A request from its parts, unchecked: `ClientConfig` makes the checked one of a program; this is for tests and for a
 * `TokenEndpoint` of your own.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options: Change & {
    readonly tokenUrl: string
    readonly clientId: string
    readonly clientAuthentication?: ClientAuthentication | undefined
    readonly requestFormat?: RequestFormat | undefined
  }
): TokenRequest =>
  new TokenRequest({
    tokenUrl: options.tokenUrl,
    clientId: options.clientId,
    clientAuthentication: options.clientAuthentication ?? "client_secret_post",
    requestFormat: options.requestFormat ?? "form",
    audience: options.audience,
    scope: parameters.canonical(options.scope),
    resource: parameters.canonical(options.resource)
  })

/**
 * The same request with other parameters.
 *
 * @example
 * import { TokenRequest } from "@effect-oauth/client-credentials"
 *
 * const request = TokenRequest.make({
 *   tokenUrl: "https://auth.example.com/oauth/token",
 *   clientId: "inventory-sync",
 *   audience: "https://api.example.com",
 *   scope: "items:read"
 * })
 *
 * console.log(TokenRequest.change(request, { scope: "items:write" }).audience) // "https://api.example.com"
 *
 * @since 0.1.0
 * @category combinators
 */
export const change = (request: TokenRequest, { audience, resource, scope }: Change): TokenRequest =>
  new TokenRequest({
    ...request,
    ...(audience === undefined ? {} : { audience }),
    ...(scope === undefined ? {} : { scope: parameters.canonical(scope) }),
    ...(resource === undefined ? {} : { resource: parameters.canonical(resource) })
  })

/**
 * The change in force where a program runs; none unless `withChange` says otherwise.
 *
 * @since 0.1.0
 * @category tags
 */
export class CurrentChange extends Context.Reference<CurrentChange>()(
  "@effect-oauth/client-credentials/TokenRequest/CurrentChange",
  { defaultValue: (): Change => ({}) }
) {}

/**
 * Makes the calls of a program with tokens that are asked for differently, say with a scope that only this part needs
 * (RFC 9700 section 2.3 recommends no more than necessary). Such tokens are cached beside the usual one. Within another
 * `withChange`, the inner one goes before.
 *
 * Fails with `InvalidConfig` when a parameter is not what the standards allow.
 *
 * @example
 * import { ApiClient, TokenRequest } from "@effect-oauth/client-credentials"
 * import { Effect } from "effect"
 *
 * export const removed = Effect.flatMap(ApiClient.ApiClient, (api) => api.del("/items/SKU-1")).pipe(
 *   TokenRequest.withChange({ scope: "items:write" })
 * )
 *
 * @since 0.1.0
 * @category combinators
 */
export const withChange =
  (wanted: Change) => <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E | InvalidConfig, R> =>
    Effect.suspend((): Effect.Effect<A, E | InvalidConfig, R> => {
      const problems = parameters.problems(wanted)
      return problems.length > 0
        ? new InvalidConfig({ problems })
        : Effect.flatMap(CurrentChange, (outer) => Effect.provideService(self, CurrentChange, { ...outer, ...wanted }))
    })
