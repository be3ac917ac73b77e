/**
 * What an API says of the authorization servers that it trusts (RFC 9728), for programs that learn from the API where to
 * ask for tokens, within the bounds of what they trust themselves.
 *
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

import * as parts from "./internal/config/parts.js"
import { validate } from "./internal/config/rules.js"
import * as exchange from "./internal/http/exchange.js"
import { isRecord, readJson } from "./internal/protocol/json.js"
import { secureUrl } from "./internal/protocol/urls.js"
import type { InvalidConfig } from "./InvalidConfig.js"
import { ResourceMetadataInvalid, type TokenEndpointUnavailable } from "./OAuthError.js"

export {
  /**
   * The metadata of a protected resource could not be fetched or failed validation: see `OAuthError`.
   *
   * @since 0.1.0
   * @category errors
   */
  ResourceMetadataInvalid
}

/**
 * Which API is asked, and which authorization servers may have this client's credentials.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The resource identifier of the API: its URL, as tokens are asked for it (RFC 8707). */
  readonly resource: string
  /** Issuer identifiers. Whatever the API says, no other is ever asked for a token (RFC 9728 section 7.7). */
  readonly allowedIssuers: ReadonlyArray<string>
  /** See `ClientConfig.Options`. */
  readonly allowHttpLoopback?: boolean | undefined
}

/**
 * What was found: to be spread into `ClientConfig.Options`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Found {
  readonly issuer: string
  readonly resource: string
}

/**
 * Asks an API for its metadata and gives the first of its authorization servers that is allowed.
 *
 * The document is asked for at the well-known place of the resource itself (RFC 9728 section 3.1) and nowhere else, so a
 * `resource_metadata` URL in a challenge cannot send this program anywhere (section 7.7). It must name exactly that
 * resource (section 3.3). Fails with an `InvalidConfig` when an option is not valid.
 *
 * @example
 * import { ClientCredentials, ProtectedResource } from "@effect-oauth/client-credentials"
 * import { Effect, Layer, Redacted } from "effect"
 *
 * export const Api = Layer.unwrapEffect(Effect.map(
 *   ProtectedResource.discover({
 *     resource: "https://api.example.com/v1",
 *     allowedIssuers: ["https://auth.example.com"]
 *   }),
 *   (found) => ClientCredentials.layer({
 *     ...found,
 *     clientId: "inventory-sync",
 *     clientSecret: Redacted.make("s3cr3t"),
 *     apiBaseUrl: "https://api.example.com/v1"
 *   })
 * ))
 *
 * @since 0.1.0
 * @category constructors
 */
export const discover = (
  options: Options
): Effect.Effect<Found, InvalidConfig | ResourceMetadataInvalid | TokenEndpointUnavailable, HttpClient.HttpClient> =>
  Effect.gen(function*() {
    const { allowHttpLoopback, allowedIssuers, resource } = yield* validate(parts.protectedResource, options)
    const fail = (problem: string) => new ResourceMetadataInvalid({ resource, problem })
    const url = secureUrl(resource, allowHttpLoopback)
    if (url === undefined) {
      return yield* fail("the resource is no absolute URL, https:, without credentials or fragment")
    }
    const received = yield* exchange.send(
      yield* HttpClient.HttpClient,
      HttpClientRequest.acceptJson(HttpClientRequest.get(
        `${url.origin}/.well-known/oauth-protected-resource${url.pathname === "/" ? "" : url.pathname}${url.search}`
      )),
      { timeout: Duration.seconds(10), maxResponseBytes: 1_048_576 }
    )
    if (received.status !== 200) return yield* fail(`there are none (status ${received.status})`)
    const document = readJson(received.body ?? "")
    if (!isRecord(document)) return yield* fail("the document there is no JSON object, or too long")
    if (document["resource"] !== resource) return yield* fail("the document there is for another resource")
    const servers = document["authorization_servers"]
    const issuer = allowedIssuers.find((allowed) => Array.isArray(servers) && servers.includes(allowed))
    if (issuer === undefined) return yield* fail("it trusts none of the allowed issuers")
    return { issuer, resource }
  })
