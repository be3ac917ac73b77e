/**
 * Protected resource metadata (RFC 9728): the authorization servers that an API lists, for programs that find the
 * authorization server by the API, among those that they allow.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9728 | RFC 9728}
 * @since 3.0.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"

import * as rules from "./internal/config/rules.js"
import * as exchange from "./internal/http/exchange.js"
import { isRecord, readJson } from "./internal/protocol/json.js"
import { secureUrl } from "./internal/protocol/urls.js"
import type { InvalidConfig } from "./InvalidConfig.js"
import { ResourceMetadataInvalid, type TokenEndpointUnavailable } from "./OAuthError.js"

const isString = (value: unknown): value is string => typeof value === "string"

const optionRules = {
  resource: rules.required("", "the resource identifier of the API, an absolute URL", isString),
  allowedIssuers: rules.required<ReadonlyArray<string>>(
    [],
    "a list of issuer identifiers",
    (value): value is ReadonlyArray<string> => Array.isArray(value) && value.every(isString)
  ),
  allowHttpLoopback: rules.flag(false)
}

/**
 * Fetches the metadata of an API and returns the first of its authorization servers that is allowed, as options to spread
 * into `ClientConfig.Options`.
 *
 * The document is fetched only from the well-known URL of the resource (RFC 9728 section 3.1): a `resource_metadata` URL
 * in a challenge is ignored (section 7.7). The document must name exactly that resource (section 3.3). Fails with
 * `ResourceMetadataInvalid` when the document is missing or fails validation, and with `InvalidConfig` when an option is
 * not valid.
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
 * @see {@link https://www.rfc-editor.org/rfc/rfc9728#section-3.1 | RFC 9728 section 3.1}
 * @since 3.0.0
 * @category constructors
 */
export const discover = (
  options: {
    /** The resource identifier of the API: its URL, as token requests state it (RFC 8707). */
    readonly resource: string
    /** Issuer identifiers. An authorization server that is not in this list is never used (RFC 9728 section 7.7). */
    readonly allowedIssuers: ReadonlyArray<string>
    /** See `ClientConfig.Options`. */
    readonly allowHttpLoopback?: boolean | undefined
  }
): Effect.Effect<
  { readonly issuer: string; readonly resource: string },
  InvalidConfig | ResourceMetadataInvalid | TokenEndpointUnavailable,
  HttpClient.HttpClient
> =>
  Effect.gen(function*() {
    const { allowHttpLoopback, allowedIssuers, resource } = yield* rules.validate(optionRules, options)
    const fail = (problem: string) => new ResourceMetadataInvalid({ resource, problem })
    const url = secureUrl(resource, allowHttpLoopback)
    if (url === undefined) {
      return yield* fail("the resource is not an absolute https: URL without credentials and fragment")
    }
    const received = yield* exchange.send(
      yield* HttpClient.HttpClient,
      HttpClientRequest.acceptJson(HttpClientRequest.get(
        `${url.origin}/.well-known/oauth-protected-resource${url.pathname === "/" ? "" : url.pathname}${url.search}`
      )),
      { timeout: 10_000, maxResponseBytes: 1_048_576 }
    )
    if (received.status !== 200) return yield* fail(`there are none (status ${received.status})`)
    const document = readJson(received.body ?? "")
    if (!isRecord(document)) return yield* fail("the document is not a JSON object, or is too long")
    if (document["resource"] !== resource) return yield* fail("the document there is for another resource")
    const servers = document["authorization_servers"]
    const issuer = allowedIssuers.find((allowed) => Array.isArray(servers) && servers.includes(allowed))
    if (issuer === undefined) return yield* fail("it trusts none of the allowed issuers")
    return { issuer, resource }
  })
