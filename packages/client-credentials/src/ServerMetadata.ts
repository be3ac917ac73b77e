/**
 * Authorization server metadata (RFC 8414, OpenID Connect Discovery 1.0).
 *
 * **When to use**
 *
 * Set `issuer` in the configuration; `ClientCredentials` provides this service. Use its layer to change the timeout or
 * how long metadata is cached.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8414 | RFC 8414}
 * @since 3.0.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"

import { ClientConfig } from "./ClientConfig.js"
import { loadOptional } from "./ClientConfig/loadOptional.js"
import * as parts from "./internal/config/parts.js"
import { validate } from "./internal/config/rules.js"
import * as moments from "./internal/seam/moments.js"
import * as instant from "./internal/token/instant.js"
import type { InvalidConfig } from "./InvalidConfig.js"
import type { DiscoveryFailed, TokenEndpointUnavailable } from "./OAuthError.js"

/** The parts of the metadata that a client credentials client needs (RFC 8414 section 2). */
interface Metadata {
  readonly issuer: string | undefined
  readonly tokenEndpoint: string
  /** RFC 7009. */
  readonly revocationEndpoint: string | undefined
  /** The endpoints for clients that authenticate by certificate (RFC 8705 section 5). */
  readonly mutualTls: {
    readonly tokenEndpoint: string | undefined
    readonly revocationEndpoint: string | undefined
  }
  /** Undefined when they are unknown, because the endpoints are configured and not discovered. */
  readonly authenticationMethods: ReadonlyArray<string> | undefined
  /**
   * The algorithms of client assertions (`token_endpoint_auth_signing_alg_values_supported`, RFC 8414 section 2);
   * undefined when they are unknown.
   */
  readonly signingAlgorithms?: ReadonlyArray<string> | undefined
  /** The algorithms of proofs (RFC 9449 section 5.1); undefined when they are unknown. */
  readonly dpopAlgorithms: ReadonlyArray<string> | undefined
  /** True if the server binds tokens to the certificate of the client (RFC 8705 section 3.3). */
  readonly certificateBoundTokens?: boolean | undefined
}

/**
 * The metadata of the authorization server, configured or discovered.
 *
 * @since 3.0.0
 * @category models
 */
export interface ServerMetadata {
  /**
   * Returns the metadata: the configured endpoints, or else the document that the issuer publishes, which is cached for
   * `life`. A failure is not cached. While the document cannot be fetched again, the last one stays in use.
   */
  readonly get: Effect.Effect<Metadata, DiscoveryFailed | TokenEndpointUnavailable>
}

/**
 * The metadata of the authorization server in use.
 *
 * @since 3.0.0
 * @category tags
 */
export const ServerMetadata = Context.GenericTag<ServerMetadata>("@effect-oauth/client-credentials/ServerMetadata")

/**
 * Options of discovery.
 *
 * @since 3.0.0
 * @category models
 */
export interface Options {
  /** Time for which metadata is cached. Default: 1 hour. */
  readonly life?: Duration.DurationInput | undefined
  /** Timeout of discovery, divided equally between up to three well-known URLs. Default: 10 seconds. */
  readonly timeout?: Duration.DurationInput | undefined
}

/**
 * Creates the service from the `ClientConfig` of the context: with its `tokenUrl`, or else with the metadata that its
 * `issuer` publishes. The document must name exactly that issuer (RFC 8414 section 3.3), and endpoints must use TLS;
 * otherwise `get` fails with `DiscoveryFailed`.
 *
 * @example
 * import { ClientConfig, ServerMetadata } from "@effect-oauth/client-credentials"
 * import { FetchHttpClient } from "@effect/platform"
 * import { Effect, Redacted } from "effect"
 *
 * export const tokenEndpoint = ServerMetadata.make().pipe(
 *   Effect.flatMap(({ get }) => get),
 *   Effect.map(({ tokenEndpoint }) => tokenEndpoint),
 *   Effect.provide(ClientConfig.layer({
 *     issuer: "https://auth.example.com",
 *     clientId: "inventory-sync",
 *     clientSecret: Redacted.make("s3cr3t"),
 *     apiBaseUrl: "https://api.example.com"
 *   })),
 *   Effect.provide(FetchHttpClient.layer)
 * )
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8414#section-3.3 | RFC 8414 section 3.3}
 * @since 3.0.0
 * @category constructors
 */
export const make = (
  options: Options = {}
): Effect.Effect<ServerMetadata, InvalidConfig, ClientConfig | HttpClient.HttpClient> =>
  Effect.gen(function*() {
    const { life, timeout } = yield* validate(parts.serverMetadata, options)
    const { allowHttpLoopback, request: { issuer, tokenUrl }, revocationUrl } = yield* ClientConfig
    if (tokenUrl !== undefined || issuer === undefined) {
      return {
        get: Effect.succeed({
          issuer,
          tokenEndpoint: tokenUrl ?? "",
          revocationEndpoint: revocationUrl,
          mutualTls: { tokenEndpoint: undefined, revocationEndpoint: undefined },
          authenticationMethods: undefined,
          dpopAlgorithms: undefined
        })
      }
    }
    const client = yield* HttpClient.HttpClient
    const known = yield* Ref.make<{ readonly metadata: Metadata; readonly until: instant.Instant } | undefined>(
      undefined
    )

    const { discovery } = yield* loadOptional
    const discover = discovery.discover(client, { issuer, allowHttpLoopback, timeout })

    return {
      get: Effect.gen(function*() {
        const now = yield* moments.now
        const last = yield* Ref.get(known)
        if (last !== undefined && !instant.reached(last.until, now)) return last.metadata
        const found = yield* Effect.either(discover)
        if (found._tag === "Right") {
          const metadata = {
            ...found.right,
            revocationEndpoint: revocationUrl ?? found.right.revocationEndpoint
          }
          yield* Ref.set(known, { metadata, until: instant.after(now, life) })
          return metadata
        }
        if (last === undefined) return yield* found.left
        yield* Effect.logWarning(
          `${found.left.message} Using the metadata that was read before. The next token request reads it again.`
        )
        return last.metadata
      })
    }
  })

/**
 * Provides the metadata with custom limits.
 *
 * @since 3.0.0
 * @category layers
 */
export const layer = (
  options?: Options
): Layer.Layer<ServerMetadata, InvalidConfig, ClientConfig | HttpClient.HttpClient> =>
  Layer.effect(ServerMetadata, make(options))
