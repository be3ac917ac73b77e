/**
 * The token endpoint of the authorization server (RFC 6749 section 3.2): one request, one token or one typed error.
 *
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import { constTrue } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"

import type { AccessToken } from "./AccessToken.js"
import { ClientConfig } from "./ClientConfig.js"
import * as body from "./internal/body.js"
import * as fetchRedirects from "./internal/fetchRedirects.js"
import * as tokenRequest from "./internal/tokenRequest.js"
import * as tokenResponse from "./internal/tokenResponse.js"
import * as transportFailure from "./internal/transportFailure.js"
import { InvalidTokenResponse, TokenEndpointUnavailable, type TokenError } from "./OAuthError.js"
import type { TokenRequest } from "./TokenRequest.js"

/**
 * What a token endpoint does for a client: `layer` brings the real one, and a test may bring its own.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** What the client asks for when nothing else is said. */
  readonly request: TokenRequest
  /** Asks for a token, each time anew (RFC 6749 section 4.4). Programs want `TokenCache`, which asks when it must. */
  readonly requestToken: (request: TokenRequest) => Effect.Effect<AccessToken, TokenError>
}

/**
 * Where tokens come from.
 *
 * @since 0.1.0
 * @category tags
 */
export class TokenEndpoint
  extends Context.Tag("@effect-oauth/client-credentials/TokenEndpoint")<TokenEndpoint, Service>()
{}

/**
 * The limits of one token request.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** From the first byte sent to the last received; then the request is aborted. Default: 30 seconds. */
  readonly timeout?: Duration.DurationInput | undefined
  /** A token response is some kilobytes; this stops a server that never ends. Default: 1 MiB. */
  readonly maxResponseBytes?: number | undefined
  /** The life of a token that comes without `expires_in`. A 401 corrects it if it is too long. Default: 1 hour. */
  readonly defaultLife?: Duration.DurationInput | undefined
  /** The longest life believed, against servers that count in milliseconds. Default: 30 days. */
  readonly maxLife?: Duration.DurationInput | undefined
}

/**
 * A token endpoint on the `HttpClient` and `ClientConfig` of the context.
 *
 * It follows no redirect, since that could hand the secret to another server, and puts no request into traces, where
 * headers and URLs would show. When the server answers `invalid_client`, the secret is read again, and if it has changed
 * it is tried; then the previous secret, where one is configured: at most three requests.
 *
 * @example
 * import { ClientConfig, TokenEndpoint } from "@effect-oauth/client-credentials"
 * import { FetchHttpClient } from "@effect/platform"
 * import { Effect, Redacted } from "effect"
 *
 * export const token = TokenEndpoint.make({ timeout: "5 seconds" }).pipe(
 *   Effect.flatMap((endpoint) => endpoint.requestToken(endpoint.request)),
 *   Effect.provide(ClientConfig.layer({
 *     tokenUrl: "https://auth.example.com/oauth/token",
 *     clientId: "inventory-sync",
 *     clientSecret: Redacted.make("s3cr3t"),
 *     apiBaseUrl: "https://api.example.com"
 *   })),
 *   Effect.provide(FetchHttpClient.layer)
 * )
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options: Options = {}
): Effect.Effect<Service, never, ClientConfig | HttpClient.HttpClient> =>
  Effect.gen(function*() {
    const config = yield* ClientConfig
    const client = HttpClient.withTracerDisabledWhen(yield* HttpClient.HttpClient, constTrue)
    const timeout = Duration.decode(options.timeout ?? "30 seconds")
    const limit = options.maxResponseBytes ?? 1_048_576
    const terms = {
      defaultLife: Duration.decode(options.defaultLife ?? "1 hour"),
      maxLife: Duration.decode(options.maxLife ?? "30 days")
    }

    const exchange = (request: TokenRequest, secret: Redacted.Redacted<string>) => {
      const { endpoint } = request
      const unreachable = (error: HttpClientError.HttpClientError) =>
        new TokenEndpointUnavailable({ endpoint, ...transportFailure.reason(error.cause) })
      return Effect.gen(function*() {
        const requestedAt = yield* Clock.currentTimeMillis
        const response = yield* fetchRedirects.execute(client, tokenRequest.encode(request, secret))
        const text = yield* body.textWithin(response, limit)
        const { headers, status } = response
        if (Option.isNone(text)) {
          return yield* new InvalidTokenResponse({
            endpoint,
            status,
            problem: `with more than ${limit} bytes, so it was not read to its end. Check that the token URL ` +
              "(OAUTH_TOKEN_URL) is the token endpoint."
          })
        }
        const receivedAt = yield* Clock.currentTimeMillis
        return yield* tokenResponse.decode(
          { endpoint, status, headers, body: text.value, requestedAt, receivedAt },
          { ...terms, secrets: tokenRequest.secrets(request, secret) }
        )
      }).pipe(
        Effect.catchTags({
          RequestError: (error) => Effect.fail(unreachable(error)),
          ResponseError: (error) => Effect.fail(unreachable(error))
        }),
        Effect.timeoutFail({
          duration: timeout,
          onTimeout: () =>
            new TokenEndpointUnavailable({ endpoint, reason: "timeout", detail: Duration.format(timeout) })
        })
      )
    }

    // A source that fails does not stop a client whose secret is known and most probably still right.
    const known = yield* Ref.make<Redacted.Redacted<string> | undefined>(undefined)
    const secret = config.clientSecret.pipe(
      Effect.tap((read) => Ref.set(known, read)),
      Effect.catchAll((unavailable) =>
        Effect.flatMap(Ref.get(known), (last) =>
          last === undefined
            ? unavailable
            : Effect.as(Effect.logWarning(`${unavailable.message} The one read before is used.`), last))
      )
    )

    const requestToken = (request: TokenRequest) =>
      Effect.gen(function*() {
        const first = yield* secret
        const tried = [first]
        let outcome = yield* Effect.either(exchange(request, first))
        for (const source of [secret, config.previousClientSecret]) {
          if (!isInvalidClient(outcome)) break
          const next = yield* Effect.option(source)
          if (Option.isNone(next) || tried.some((one) => Equal.equals(one, next.value))) continue
          tried.push(next.value)
          outcome = yield* Effect.either(exchange(request, next.value))
        }
        return yield* outcome
      })

    return {
      request: config.request,
      requestToken: (request) =>
        requestToken(request).pipe(
          Effect.withSpan("oauth.token.request", {
            attributes: {
              "server.address": new URL(request.tokenUrl).hostname,
              "url.path": new URL(request.tokenUrl).pathname
            },
            captureStackTrace: false
          })
        )
    }
  })

const isInvalidClient = (outcome: Either.Either<AccessToken, TokenError>): boolean =>
  Either.isLeft(outcome) && outcome.left._tag === "TokenErrorResponse" && outcome.left.error === "invalid_client"

/**
 * The token endpoint as a layer, with limits of your own.
 *
 * @example
 * import { TokenEndpoint } from "@effect-oauth/client-credentials"
 *
 * export const Patient = TokenEndpoint.layerWith({ timeout: "2 minutes" })
 *
 * @since 0.1.0
 * @category layers
 */
export const layerWith = (
  options: Options
): Layer.Layer<TokenEndpoint, never, ClientConfig | HttpClient.HttpClient> => Layer.effect(TokenEndpoint, make(options))

/**
 * The token endpoint as a layer, with the default limits.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<TokenEndpoint, never, ClientConfig | HttpClient.HttpClient> = layerWith({})
